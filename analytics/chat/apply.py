"""What chat events do to the state of a partition: one loop over the records of a frame.

Every change is a function of the records before it in the partition, never of frames, flushes or clocks. Compiled;
touches only the arrays it is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.chat.close import advance, days_to_close
from analytics.chat.fields import FIELDS
from analytics.chat.ids import add_group, add_member, find_group, find_member, find_pane, is_group, member_key
from analytics.chat.rules import change, change_unnamed
from analytics.chat.state import (
    ARENA,
    DIRTY_GROUPS,
    DIRTY_MEMBERS,
    DIRTY_PANES,
    DUPLICATES,
    EVENTS,
    GROUPS,
    IDS,
    LABELS,
    LATE,
    MEMBER_DAYS,
    MEMBERS,
    PANES,
    State,
)
from analytics.kernels.calendar import HOUR_MS, day_of
from analytics.kernels.changes import mark_dirty
from analytics.kernels.compiled import inlined, kernel
from analytics.kernels.event_ids import DUPLICATE, IS_LATE, first_time
from analytics.kernels.fields import has
from analytics.kernels.hashing import hash64

#: Longest id in bytes, including its length: 128 characters of four bytes.
_ID_ROOM = 514
#: Arrays that may run short, as places in `State`; 0, which never grows, means that all have room.
_GROUPS, _MEMBERS, _PANES, _ARENA, _LABELS, _IDS, _MEMBER_DAYS = (
    State._fields.index(name) for name in ("groups", "members", "panes", "arena", "labels", "ids", "member_days")
)


@inlined
def _room(state, clock, g, ts):
    """Which array must grow before the next record: its place in `State`, or 0 when all have room."""
    c = state.counts
    if c[GROUPS] + 1 > len(state.groups) or (c[GROUPS] + 1) * 2 > len(state.group_index):
        return _GROUPS
    if c[MEMBERS] + 1 > len(state.members) or (c[MEMBERS] + 1) * 5 > len(state.member_index) * 3:
        return _MEMBERS
    if c[PANES] + 2 > len(state.panes) or (c[PANES] + 2) * 2 > len(state.pane_index):
        return _PANES
    if c[ARENA] + 4 * _ID_ROOM > len(state.arena):
        return _ARENA
    if c[LABELS] + 1 > len(state.labels) or (c[LABELS] + 1) * 2 > len(state.label_index):
        return _LABELS
    if (c[IDS] + 1) * 5 > len(state.ids) * 3:
        return _IDS
    if g >= 0:
        days = days_to_close(state.groups[g], clock, ts)
        if c[MEMBER_DAYS] + min(days, 4) * state.groups[g].members > len(state.member_days):
            return _MEMBER_DAYS
    return 0


@inlined
def _time(ts, stamp):
    """The time to which a record moves its group: its own, but never beyond its Kafka stamp (-1: it has none)."""
    return ts if stamp < 0 else min(ts, stamp)


@kernel
def _tick(state, clock, ts):
    """Move every group's time on to `ts`. Returns the place in `State` of the array that must grow first, or 0."""
    for group in range(state.counts[GROUPS]):
        short = _room(state, clock, group, ts)
        if short:
            return short
        g = state.groups[group]
        if ts > g.max_ms:
            advance(state, clock, g, group, ts)
            mark_dirty(g, group, state.dirty_groups, state.counts, DIRTY_GROUPS)
    return 0


@inlined
def _pane(state, group, bucket, daily):
    row = find_pane(state.panes, state.pane_index, state.counts, group, bucket, daily)
    mark_dirty(state.panes[row], row, state.dirty_panes, state.counts, DIRTY_PANES)
    return row


@inlined
def _member(state, frame, row, group, ts):
    members, index, arena = state.members, state.member_index, state.arena
    start, length = frame.spans[FIELDS.member_id, 0, row], frame.spans[FIELDS.member_id, 1, row]
    key = member_key(state.groups[group].hash, hash64(frame.buffer, start, length))
    member = find_member(members, index, arena, group, frame.buffer, start, length, key)
    if member < 0:
        groups, counts, following = state.groups, state.counts, state.member_next
        member = add_member(members, following, index, arena, counts, groups, group, frame.buffer, start, length, key)
    members[member].first_ms = min(members[member].first_ms, ts)
    mark_dirty(members[member], member, state.dirty_members, state.counts, DIRTY_MEMBERS)
    return member


@kernel
def apply(state, clock, frame, first, until, flags, group_of):
    """Apply the records of a frame from row `first` to the one before `until`; `flags` takes DUPLICATE and IS_LATE per
    record, `group_of` the row of its group.

    Returns (row, array): `until` and 0, or the first row not applied and the place in `State` of the array that must
    grow.
    """
    groups, members, panes, arena, counts = state.groups, state.members, state.panes, state.arena, state.counts
    buffer, spans, starts = frame.buffer, frame.spans, clock.day_starts
    for row in range(first, until):
        flags[row], group_of[row] = 0, -1
        if not frame.ok[row]:
            continue
        ts, is_tick = frame.words[FIELDS.ts_ms, row], frame.types[row] == FIELDS.tick
        time = _time(ts, frame.timestamps[row])
        start, length = spans[FIELDS.group_id, 0, row], spans[FIELDS.group_id, 1, row]
        group_hash, group = np.uint64(0), -1
        if not is_tick:
            group_hash = hash64(buffer, start, length)
            group = find_group(groups, state.group_index, arena, buffer, start, length, group_hash)
        short = _room(state, clock, group, time)
        if short:
            return row, short
        event_id = hash64(buffer, spans[FIELDS.event_id, 0, row], spans[FIELDS.event_id, 1, row])
        if not first_time(state.ids, state.id_offsets, counts, IDS, event_id, frame.offsets[row], clock.horizon):
            flags[row], group_of[row] = DUPLICATE, group
            counts[DUPLICATES] += 1
            continue
        if is_tick:
            short = _tick(state, clock, time)
            if short:
                return row, short
            continue
        counts[EVENTS] += 1
        if group < 0:
            group = add_group(groups, state.group_index, arena, counts, buffer, start, length, group_hash)
        group_of[row] = group
        g = groups[group]
        advance(state, clock, g, group, time)
        g.first_ms = min(g.first_ms, ts)
        g.platform = frame.words[FIELDS.platform, row]
        mark_dirty(g, group, state.dirty_groups, counts, DIRTY_GROUPS)
        hour_pane = day_pane = panes[0]
        late = ts // HOUR_MS < g.closed_hour or day_of(starts, ts) < g.closed_day
        if late:
            flags[row] = IS_LATE
            g.late += 1
            counts[LATE] += 1
        else:
            hour_pane = panes[_pane(state, group, ts // HOUR_MS, 0)]
            day_pane = panes[_pane(state, group, day_of(starts, ts), 1)]
        m = members[0]
        if has(frame.present[row], FIELDS.member_bit):
            if is_group(buffer, start, length, spans[FIELDS.member_id, 0, row], spans[FIELDS.member_id, 1, row]):
                change_unnamed(frame, row, ts, late, g, hour_pane, day_pane)
                continue
            m = members[_member(state, frame, row, group, ts)]
        change(state, frame, row, ts, late, starts, g, m, hour_pane, day_pane)
    return until, 0
