"""What chat events do to the state of a partition: one loop over the records of a frame.

Every change is a function of the records before it in the partition, never of frames, flushes or clocks. Compiled;
touches nothing but the arrays it is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from analytics.calendar import HOUR_MS, day_of
from analytics.community_close import advance, days_to_close
from analytics.community_fields import has
from analytics.community_ids import (
    add_group,
    add_member,
    find_group,
    find_member,
    find_pane,
    first_time,
    label,
    member_key,
)
from analytics.community_rules import (
    first_join,
    follow_snapshot,
    group_facts,
    is_question,
    react,
    read,
    set_role,
    speak,
)
from analytics.community_state import (
    ARENA,
    DIRTY_GROUPS,
    DIRTY_MEMBERS,
    DIRTY_PANES,
    DUPLICATES,
    EVENTS,
    GROUP_DAYS,
    GROUPS,
    IDS,
    LABELS,
    LATE,
    MEMBER_DAYS,
    MEMBERS,
    PANES,
    State,
)
from analytics.compiled import kernel
from analytics.hashing import hash64

#: Longest id in bytes, with its length: 128 characters of four bytes.
_ID_ROOM = 514
#: Flags of a record: its event id came before; its hour was closed.
DUPLICATE, IS_LATE = 1, 2
#: What may run short: places in `State`; 0, where nothing grows, says that all have room.
_GROUPS, _MEMBERS, _PANES, _ARENA, _LABELS, _IDS, _GROUP_DAYS, _MEMBER_DAYS = (
    State._fields.index(name)
    for name in ("groups", "members", "panes", "arena", "labels", "ids", "group_days", "member_days")
)


@kernel
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
        if days:
            if c[GROUP_DAYS] + days > len(state.group_days):
                return _GROUP_DAYS
            if c[MEMBER_DAYS] + min(days, 4) * state.groups[g].members > len(state.member_days):
                return _MEMBER_DAYS
    return 0


@kernel
def apply(state, clock, frame, f, first, flags, group_of):
    """Apply the records of a frame from row `first` on; `flags` takes DUPLICATE and IS_LATE a record,
    `group_of` the row of its group.

    Returns (row, array): all rows done and 0, or the first row not applied and the array of `State` that must grow.
    """
    groups, members, panes, arena, counts = state.groups, state.members, state.panes, state.arena, state.counts
    group_index, member_index, pane_index = state.group_index, state.member_index, state.pane_index
    labels, label_index, ids, id_offsets = state.labels, state.label_index, state.ids, state.id_offsets
    dirty_groups, dirty_members, dirty_panes = state.dirty_groups, state.dirty_members, state.dirty_panes
    group_days, member_days, starts = state.group_days, state.member_days, clock.day_starts
    buffer, words, spans, presents, types = frame.buffer, frame.words, frame.spans, frame.present, frame.types
    for row in range(first, len(frame.offsets)):
        flags[row], group_of[row] = 0, -1
        if not frame.ok[row]:
            continue
        kind, present, ts = types[row], presents[row], words[f.ts_ms, row]
        if kind == f.tick:
            short = _room(state, clock, -1, ts)
            if short:
                return row, short
            event_id = hash64(buffer, spans[f.event_id, 0, row], spans[f.event_id, 1, row])
            if not first_time(ids, id_offsets, counts, event_id, frame.offsets[row], clock.horizon):
                flags[row] = DUPLICATE
                counts[DUPLICATES] += 1
                continue
            for group in range(counts[GROUPS]):
                short = _room(state, clock, group, ts)
                if short:
                    return row, short
                before = groups[group].max_ms
                advance(groups[group], group, ts, members, group_days, member_days, counts, clock, dirty_members)
                if groups[group].max_ms != before and not groups[group].dirty:
                    groups[group].dirty = 1
                    dirty_groups[counts[DIRTY_GROUPS]] = group
                    counts[DIRTY_GROUPS] += 1
            continue
        start, length = spans[f.group_id, 0, row], spans[f.group_id, 1, row]
        group_hash = hash64(buffer, start, length)
        group = find_group(groups, group_index, arena, buffer, start, length, group_hash)
        short = _room(state, clock, group, ts)
        if short:
            return row, short
        event_id = hash64(buffer, spans[f.event_id, 0, row], spans[f.event_id, 1, row])
        if not first_time(ids, id_offsets, counts, event_id, frame.offsets[row], clock.horizon):
            flags[row], group_of[row] = DUPLICATE, group
            counts[DUPLICATES] += 1
            continue
        counts[EVENTS] += 1
        if group < 0:
            group = add_group(groups, group_index, arena, counts, buffer, start, length, group_hash)
        group_of[row] = group
        g = groups[group]
        advance(g, group, ts, members, group_days, member_days, counts, clock, dirty_members)
        g.first_ms = min(g.first_ms, ts)
        g.platform = words[f.platform, row]
        if not g.dirty:
            g.dirty = 1
            dirty_groups[counts[DIRTY_GROUPS]] = group
            counts[DIRTY_GROUPS] += 1
        late = ts // HOUR_MS < g.closed_hour or day_of(starts, ts) < g.closed_day
        if late:
            flags[row] |= IS_LATE
            g.late += 1
            counts[LATE] += 1
            hour_pane = day_pane = panes[0]
        else:
            first_pane = find_pane(panes, pane_index, counts, group, ts // HOUR_MS, 0)
            second_pane = find_pane(panes, pane_index, counts, group, day_of(starts, ts), 1)
            hour_pane, day_pane = panes[first_pane], panes[second_pane]
            if not hour_pane.dirty:
                hour_pane.dirty = 1
                dirty_panes[counts[DIRTY_PANES]] = first_pane
                counts[DIRTY_PANES] += 1
            if not day_pane.dirty:
                day_pane.dirty = 1
                dirty_panes[counts[DIRTY_PANES]] = second_pane
                counts[DIRTY_PANES] += 1
        if has(present, f.member_bit):
            start, length = spans[f.member_id, 0, row], spans[f.member_id, 1, row]
            key = member_key(group_hash, hash64(buffer, start, length))
            member = find_member(members, member_index, arena, group, buffer, start, length, key)
            if member < 0:
                member = add_member(members, member_index, arena, counts, groups, group, buffer, start, length, key)
            m = members[member]
            m.first_ms = min(m.first_ms, ts)
            if not m.dirty:
                m.dirty = 1
                dirty_members[counts[DIRTY_MEMBERS]] = member
                counts[DIRTY_MEMBERS] += 1
        else:
            m = members[0]
        if kind == f.message:
            speak(m, starts, ts, late, hour_pane, day_pane)
            g.activity_ms = max(g.activity_ms, ts)
            if not late:
                reply = has(present, f.reply_message_bit) or has(present, f.reply_member_bit)
                mentions = spans[f.mentions, 1, row] if has(present, f.mentions_bit) else 0
                if has(present, f.question_bit):
                    question = words[f.question, row] != 0
                else:
                    question = has(present, f.text_bit) and is_question(
                        buffer, spans[f.text, 0, row], spans[f.text, 1, row]
                    )
                link = has(present, f.link_bit) and words[f.link_count, row] > 0
                for pane in (hour_pane, day_pane):
                    pane.replies += reply
                    pane.mentions += mentions
                    pane.questions += question
                    pane.links += link
        elif kind == f.reaction:
            if not (has(present, f.removed_bit) and words[f.removed, row]):
                react(m, starts, ts, late, hour_pane, day_pane)
                g.activity_ms = max(g.activity_ms, ts)
        elif kind == f.read:
            read(m, starts, ts, late, hour_pane, day_pane)
            g.activity_ms = max(g.activity_ms, ts)
        elif kind == f.join:
            inviter = -1
            if has(present, f.inviter_bit):
                start, length = spans[f.inviter_id, 0, row], spans[f.inviter_id, 1, row]
                inviter = label(labels, label_index, arena, counts, buffer, start, length)
            source = words[f.source, row] if has(present, f.source_bit) else f.unknown_source
            first_join(m, ts, inviter, source, arena, labels)
            m.in_ms = max(m.in_ms, ts)
            m.joins += 1
            if not late:
                hour_pane.joins += 1
                day_pane.joins += 1
        elif kind == f.leave:
            m.out_ms = max(m.out_ms, ts)
            m.leaves += 1
            if not late:
                hour_pane.leaves += 1
                day_pane.leaves += 1
        elif kind == f.roster:
            m.in_ms = max(m.in_ms, ts)
            if has(present, f.joined_bit):
                first_join(m, words[f.joined_ms, row], -1, f.unknown_source, arena, labels)
            set_role(m, ts, words[f.role, row] if has(present, f.role_bit) else 0)
            follow_snapshot(g, ts, hash64(buffer, spans[f.snapshot_id, 0, row], spans[f.snapshot_id, 1, row]), 0)
        elif kind == f.roster_end:
            follow_snapshot(
                g,
                ts,
                hash64(buffer, spans[f.snapshot_id, 0, row], spans[f.snapshot_id, 1, row]),
                words[f.complete, row],
            )
        elif kind == f.profile:
            if has(present, f.role_bit):
                set_role(m, ts, words[f.role, row])
        elif kind == f.group:
            group_facts(g, words, row, present, f, ts)
        elif kind == f.heartbeat:
            healthy = words[f.healthy, row]
            if ts > g.heartbeat_ms or (ts == g.heartbeat_ms and healthy < g.healthy):
                g.heartbeat_ms, g.healthy = ts, healthy
        elif not late:
            hour_pane.edits += kind == f.edit
            day_pane.edits += kind == f.edit
            hour_pane.recalls += kind == f.recall
            day_pane.recalls += kind == f.recall
            hour_pane.calls += kind == f.call
            day_pane.calls += kind == f.call
    return len(frame.offsets), 0
