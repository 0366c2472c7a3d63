"""What chat events do to a group and its members: one small function a rule, one loop over the records of a frame.

Every change is a function of the records before it in the partition, never of frames, flushes or clocks. Registers keep
the value with the highest time and, at the same time, the higher value, so the order of arrival does not matter inside the
allowed lateness. Compiled; touches nothing but the arrays it is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

import numpy as np

from analytics.calendar import day_of
from analytics.community_state import (
    ARENA, DIRTY_GROUPS, DIRTY_MEMBERS, DIRTY_PANES, DUPLICATES, EVENTS, GROUP_DAYS, GROUPS, IDS, LABELS, LATE, MEMBER_DAYS,
    MEMBERS, NEVER_MIN, PANES,
)  # fmt: skip
from analytics.compiled import kernel
from analytics.hashing import copy_bytes, equal_bytes, hash64, mix
from analytics.masks import roll, roll_hours, window
from schemas.columns import columns

_HOUR = 3_600_000
_ONE, _EMPTY = np.uint64(1), np.uint64(0)
#: Longest id in bytes, with its length: 128 characters of four bytes.
_ID_ROOM = 514
#: Flags of a record: its event id came before; its hour was closed.
DUPLICATE, IS_LATE = 1, 2


class Fields(NamedTuple):
    """Where the fields stand: columns of `Frame.words` and `Frame.spans`, bit of `Frame.present`, codes of the types."""

    ts_ms: int
    event_id: int
    group_id: int
    member_id: int
    member_bit: int
    reply_message_bit: int
    reply_member_bit: int
    mentions: int
    mentions_bit: int
    question: int
    question_bit: int
    text: int
    text_bit: int
    link_count: int
    link_bit: int
    removed: int
    removed_bit: int
    inviter_id: int
    inviter_bit: int
    source: int
    source_bit: int
    unknown_source: int
    snapshot_id: int
    joined_ms: int
    joined_bit: int
    role: int
    role_bit: int
    complete: int
    created_ms: int
    created_bit: int
    status: int
    status_bit: int
    member_count: int
    member_count_bit: int
    healthy: int
    platform: int
    message: int
    edit: int
    recall: int
    reaction: int
    read: int
    join: int
    leave: int
    roster: int
    roster_end: int
    profile: int
    group: int
    heartbeat: int
    call: int
    tick: int


def chat_fields() -> Fields:
    """The places in frames of `chat.events`."""
    spec = columns("chat.events")
    alias = {"reply_message": "reply_to_message_id", "reply_member": "reply_to_member_id", "member": "member_id",
             "link": "link_count", "inviter": "inviter_id", "joined": "joined_at_ms", "created": "created_at_ms"}  # fmt: skip

    def place(name: str) -> int:
        if name in spec.types:
            return spec.types.index(name)
        if name == "unknown_source":
            return spec.field("source").values.index("unknown")
        if name.endswith("_bit"):
            return spec.field(alias.get(name[:-4], name[:-4])).index
        field = spec.field({"joined_ms": "joined_at_ms", "created_ms": "created_at_ms"}.get(name, name))
        return int(spec.places[field.index])

    return Fields(*(place(name) for name in Fields._fields))


@kernel
def _has(present, bit):
    return present >> np.uint64(bit) & _ONE == _ONE


# --- identities: ids in the arena, found by open addressing ---------------------------------------------------------


@kernel
def _same_id(arena, at, buffer, start, length):
    return arena[at] | np.int64(arena[at + 1]) << 8 == length and equal_bytes(arena, at + 2, buffer, start, length)


@kernel
def _keep_id(arena, counts, buffer, start, length):
    at = counts[ARENA]
    arena[at], arena[at + 1] = length & 255, length >> 8
    copy_bytes(buffer, start, arena, at + 2, length)
    counts[ARENA] = at + 2 + length
    return at


@kernel
def find_group(groups, index, arena, buffer, start, length, key):
    """Row of a group, or -1; `key` is the hash of its id."""
    mask = len(index) - 1
    at = np.int64(key) & mask
    while index[at] >= 0:
        row = index[at]
        if groups[row].hash == key and _same_id(arena, groups[row].id_at, buffer, start, length):
            return row
        at = (at + 1) & mask
    return -1


@kernel
def add_group(groups, index, arena, counts, buffer, start, length, key):
    """Append a group with nothing known; there must be room. Returns its row."""
    row = counts[GROUPS]
    counts[GROUPS] = row + 1
    g = groups[row]
    g.hash, g.id_at, g.max_ms, g.first_ms, g.activity_ms = key, _keep_id(arena, counts, buffer, start, length), 0, NEVER_MIN, 0
    g.closed_hour, g.closed_day, g.head, g.members, g.member_count = 0, 0, -1, 0, 0
    g.created_ms = g.status_ms = g.count_ms = g.heartbeat_ms = g.snapshot_ms = g.roster_ms = g.late = 0
    g.snapshot, g.complete, g.platform, g.status, g.healthy, g.slot, g.dirty = _EMPTY, 0, 0, 0, 1, 0, 0
    _index_row(index, key, row)
    return row


@kernel
def _index_row(index, key, row):
    mask = len(index) - 1
    at = np.int64(key) & mask
    while index[at] >= 0:
        at = (at + 1) & mask
    index[at] = row


@kernel
def member_key(group_hash, member_hash):
    """Hash of a membership from those of its two ids."""
    return mix(group_hash * np.uint64(3) + member_hash)


@kernel
def find_member(members, index, arena, group, buffer, start, length, key):
    """Row of a membership, or -1; `key` as `member_key`."""
    mask = len(index) - 1
    at = np.int64(key) & mask
    while index[at] >= 0:
        row = index[at]
        if members[row].group == group and _same_id(arena, members[row].id_at, buffer, start, length):
            return row
        at = (at + 1) & mask
    return -1


@kernel
def add_member(members, index, arena, counts, groups, group, buffer, start, length, key):
    """Append a membership with nothing known to its group's list; there must be room. Returns its row."""
    row = counts[MEMBERS]
    counts[MEMBERS] = row + 1
    m = members[row]
    m.id_at, m.group, m.next = _keep_id(arena, counts, buffer, start, length), group, groups[group].head
    groups[group].head = row
    groups[group].members += 1
    m.spoke_lo = m.spoke_hi = m.reacted_lo = m.reacted_hi = m.read_lo = m.read_hi = _EMPTY
    m.spoke_hours = m.reacted_hours = m.read_hours = _EMPTY
    m.first_ms = m.join_ms = NEVER_MIN
    m.last_ms = m.spoke_ms = m.in_ms = m.out_ms = m.role_ms = 0
    m.messages, m.joins, m.leaves, m.role, m.slot, m.dirty, m.inviter, m.source = 0, 0, 0, 0, 0, 0, -1, 0
    for i in range(4):
        m.open_messages[i] = 0
    _index_row(index, key, row)
    return row


@kernel
def label(labels, index, arena, counts, buffer, start, length):
    """Number of an interned string, appended when new; there must be room."""
    mask = len(index) - 1
    at = np.int64(hash64(buffer, start, length)) & mask
    while index[at] >= 0:
        if _same_id(arena, labels[index[at]], buffer, start, length):
            return index[at]
        at = (at + 1) & mask
    number = counts[LABELS]
    counts[LABELS] = number + 1
    labels[number] = _keep_id(arena, counts, buffer, start, length)
    index[at] = number
    return number


@kernel
def _label_before(arena, labels, a, b):
    """Whether label `a` comes before `b` by its bytes; no label comes last."""
    if a < 0 or b < 0 or a == b:
        return a >= 0 and a != b
    x, y = labels[a], labels[b]
    size_x, size_y = arena[x] | np.int64(arena[x + 1]) << 8, arena[y] | np.int64(arena[y + 1]) << 8
    for i in range(min(size_x, size_y)):
        if arena[x + 2 + i] != arena[y + 2 + i]:
            return arena[x + 2 + i] < arena[y + 2 + i]
    return size_x < size_y


@kernel
def find_pane(panes, index, counts, group, bucket, daily):
    """Row of a pane, appended when new; there must be room."""
    mask = len(index) - 1
    at = np.int64(mix(np.uint64(group) << np.uint64(32) ^ np.uint64(bucket * 2 + daily))) & mask
    while index[at] >= 0:
        p = panes[index[at]]
        if p.bucket == bucket and p.group == group and p.daily == daily:
            return index[at]
        at = (at + 1) & mask
    row = counts[PANES]
    counts[PANES] = row + 1
    p = panes[row]
    p.bucket, p.group, p.daily, p.slot, p.dirty = bucket, group, daily, 0, 0
    p.messages = p.speakers = p.reactions = p.reactors = p.reads = p.readers = p.joins = p.leaves = 0
    p.replies = p.mentions = p.questions = p.links = p.edits = p.recalls = p.calls = 0
    index[at] = row
    return row


@kernel
def first_time(ids, offsets, counts, key, offset, horizon):
    """Whether an event id does not occur among the `horizon` records before `offset`; remembers it either way.

    May be asked again at the same offset, when something had to grow meanwhile.
    """
    mask = len(ids) - 1
    at = np.int64(key) & mask
    while ids[at] != _EMPTY:
        if ids[at] == key:
            new = offset - offsets[at] > horizon or offset == offsets[at]
            offsets[at] = offset
            return new
        at = (at + 1) & mask
    ids[at], offsets[at] = key, offset
    counts[IDS] += 1
    return True


# --- rules ----------------------------------------------------------------------------------------------------------


@kernel
def _ages(m, starts, ts):
    """Roll the masks to a member's newest activity. Returns how many days and hours `ts` lies before it."""
    if m.last_ms == 0:
        m.last_ms = ts
        return 0, 0
    day, base_day = day_of(starts, ts), day_of(starts, m.last_ms)
    hour, base_hour = ts // _HOUR, m.last_ms // _HOUR
    if ts <= m.last_ms:
        return base_day - day, base_hour - hour
    if day > base_day:
        m.spoke_lo, m.spoke_hi = roll(m.spoke_lo, m.spoke_hi, day - base_day)
        m.reacted_lo, m.reacted_hi = roll(m.reacted_lo, m.reacted_hi, day - base_day)
        m.read_lo, m.read_hi = roll(m.read_lo, m.read_hi, day - base_day)
    if hour > base_hour:
        m.spoke_hours = roll_hours(m.spoke_hours, hour - base_hour)
        m.reacted_hours = roll_hours(m.reacted_hours, hour - base_hour)
        m.read_hours = roll_hours(m.read_hours, hour - base_hour)
    m.last_ms = ts
    return 0, 0


@kernel
def _bit(age, first):
    """Bit of an age in the 64-bit word whose bit 0 has age `first`; none outside it."""
    return _ONE << np.uint64(age - first) if first <= age < first + 64 else _EMPTY


@kernel
def _speak(m, starts, ts, late, hour_pane, day_pane):
    days, hours = _ages(m, starts, ts)
    lo, hi, hour = _bit(days, 0), _bit(days, 64), _bit(hours, 0)
    if not late:
        hour_pane.messages += 1
        day_pane.messages += 1
        hour_pane.speakers += m.spoke_hours & hour == _EMPTY
        day_pane.speakers += m.spoke_lo & lo | m.spoke_hi & hi == _EMPTY
        m.open_messages[day_of(starts, ts) & 3] += 1
    m.spoke_lo |= lo
    m.spoke_hi |= hi
    m.spoke_hours |= hour
    m.spoke_ms = max(m.spoke_ms, ts)
    m.messages += 1


@kernel
def _react(m, starts, ts, late, hour_pane, day_pane):
    days, hours = _ages(m, starts, ts)
    lo, hi, hour = _bit(days, 0), _bit(days, 64), _bit(hours, 0)
    if not late:
        hour_pane.reactions += 1
        day_pane.reactions += 1
        hour_pane.reactors += m.reacted_hours & hour == _EMPTY
        day_pane.reactors += m.reacted_lo & lo | m.reacted_hi & hi == _EMPTY
    m.reacted_lo |= lo
    m.reacted_hi |= hi
    m.reacted_hours |= hour


@kernel
def _read(m, starts, ts, late, hour_pane, day_pane):
    days, hours = _ages(m, starts, ts)
    lo, hi, hour = _bit(days, 0), _bit(days, 64), _bit(hours, 0)
    if not late:
        hour_pane.reads += 1
        day_pane.reads += 1
        hour_pane.readers += m.read_hours & hour == _EMPTY
        day_pane.readers += m.read_lo & lo | m.read_hi & hi == _EMPTY
    m.read_lo |= lo
    m.read_hi |= hi
    m.read_hours |= hour


@kernel
def _first_join(m, ts, inviter, source, arena, labels):
    """The earliest join wins; of two at the same time, the one with the earlier inviter, then the lower source."""
    if ts < m.join_ms or (
        ts == m.join_ms
        and (_label_before(arena, labels, inviter, m.inviter) or (inviter == m.inviter and source < m.source))
    ):
        m.join_ms, m.inviter, m.source = ts, inviter, source


@kernel
def _role(m, ts, role):
    if ts > m.role_ms or (ts == m.role_ms and role > m.role):
        m.role_ms, m.role = ts, role


@kernel
def _snapshot(g, ts, snapshot, complete):
    """A row or the end of a roster: the newest snapshot is followed; once complete, its earliest time counts."""
    if snapshot == g.snapshot:
        g.snapshot_ms = min(g.snapshot_ms, ts)
    elif ts > g.snapshot_ms:
        g.snapshot, g.snapshot_ms, g.complete = snapshot, ts, 0
    else:
        return
    g.complete |= complete
    if g.complete:
        g.roster_ms = g.snapshot_ms


@kernel
def _group_facts(g, words, row, present, f, ts):
    if _has(present, f.created_bit):
        created = words[f.created_ms, row]
        g.created_ms = created if g.created_ms == 0 else min(g.created_ms, created)
    status = words[f.status, row] if _has(present, f.status_bit) else 0
    if ts > g.status_ms or (ts == g.status_ms and status > g.status):
        g.status_ms, g.status = ts, status
    if _has(present, f.member_count_bit):
        count = words[f.member_count, row]
        if ts > g.count_ms or (ts == g.count_ms and count > g.member_count):
            g.count_ms, g.member_count = ts, count


@kernel
def _is_question(buffer, start, length):
    """A question mark (ASCII, full-width or Arabic) that no letter or digit follows, as it does inside a link."""
    for i in range(start, start + length):
        c = buffer[i]
        left = start + length - i
        if c == 63:
            after = buffer[i + 1] if left > 1 else 32
            if not (48 <= after <= 57 or 65 <= after <= 90 or 97 <= after <= 122):
                return True
        elif (c == 0xEF and left > 2 and buffer[i + 1] == 0xBC and buffer[i + 2] == 0x9F) or (
            c == 0xD8 and left > 1 and buffer[i + 1] == 0x9F
        ):
            return True
    return False


# --- time: closing days ---------------------------------------------------------------------------------------------


@kernel
def _days_to_close(g, clock, ts):
    """How many days a record at `ts` closes in a group."""
    if g.max_ms == 0 or ts <= g.max_ms:
        return 0
    return max(0, day_of(clock.day_starts, ts - clock.lateness_ms) - g.closed_day)


@kernel
def _close_day(g, group, day, members, group_days, member_days, counts, clock):
    """Append what a day was: distinct members over the windows that end with it, messages of each member that day."""
    starts = clock.day_starts
    out = group_days[counts[GROUP_DAYS]]
    counts[GROUP_DAYS] += 1
    out.group, out.day = group, day
    out.speakers_1d = out.speakers_7d = out.speakers_28d = out.reactors_1d = out.reactors_7d = out.reactors_28d = 0
    out.readers_1d = out.readers_7d = out.readers_28d = 0
    out.participants_1d = out.participants_7d = out.participants_28d = 0
    row = g.head
    while row >= 0:
        m = members[row]
        if m.last_ms:
            age = day_of(starts, m.last_ms) - day
            spoke, reacted = window(m.spoke_lo, m.spoke_hi, age, 28), window(m.reacted_lo, m.reacted_hi, age, 28)
            read, both = window(m.read_lo, m.read_hi, age, 28), spoke | reacted
            out.speakers_1d += spoke & _ONE != _EMPTY
            out.speakers_7d += spoke & np.uint64(127) != _EMPTY
            out.speakers_28d += spoke != _EMPTY
            out.reactors_1d += reacted & _ONE != _EMPTY
            out.reactors_7d += reacted & np.uint64(127) != _EMPTY
            out.reactors_28d += reacted != _EMPTY
            out.readers_1d += read & _ONE != _EMPTY
            out.readers_7d += read & np.uint64(127) != _EMPTY
            out.readers_28d += read != _EMPTY
            out.participants_1d += both & _ONE != _EMPTY
            out.participants_7d += both & np.uint64(127) != _EMPTY
            out.participants_28d += both != _EMPTY
            if m.open_messages[day & 3]:
                done = member_days[counts[MEMBER_DAYS]]
                counts[MEMBER_DAYS] += 1
                done.membership, done.day, done.messages = row, day, m.open_messages[day & 3]
                m.open_messages[day & 3] = 0
                m.dirty |= 2  # its open count changed: the caller lists it
        row = m.next


@kernel
def _advance(g, group, ts, members, group_days, member_days, counts, clock, dirty_members):
    """Move a group's time to `ts` and close the days its watermark has passed; there must be room for their rows."""
    starts = clock.day_starts
    if g.max_ms == 0:
        g.closed_hour, g.closed_day = (ts - clock.lateness_ms) // _HOUR, day_of(starts, ts - clock.lateness_ms)
    if ts <= g.max_ms:
        return
    g.max_ms = ts
    g.closed_hour = max(g.closed_hour, (ts - clock.lateness_ms) // _HOUR)
    last = day_of(starts, ts - clock.lateness_ms)
    while g.closed_day < last:
        day = g.closed_day
        g.closed_day = day + 1
        if g.first_ms >= starts[day + 1] or g.activity_ms < starts[max(day - 127, 0)]:
            continue  # before the first sign of life, or so long after the last that every window is empty
        before = counts[MEMBER_DAYS]
        _close_day(g, group, day, members, group_days, member_days, counts, clock)
        for i in range(before, counts[MEMBER_DAYS]):
            row = member_days[i].membership
            if members[row].dirty == 2:
                dirty_members[counts[DIRTY_MEMBERS]] = row
                counts[DIRTY_MEMBERS] += 1
            members[row].dirty = 1


# --- the loop -------------------------------------------------------------------------------------------------------


@kernel
def _room(state, clock, g, ts):
    """Which array must grow before the next record: its place in `State`, or 0 when all have room."""
    c = state.counts
    if c[GROUPS] + 1 > len(state.groups) or (c[GROUPS] + 1) * 2 > len(state.group_index):
        return 1
    if c[MEMBERS] + 1 > len(state.members) or (c[MEMBERS] + 1) * 5 > len(state.member_index) * 3:
        return 2
    if c[PANES] + 2 > len(state.panes) or (c[PANES] + 2) * 2 > len(state.pane_index):
        return 3
    if c[ARENA] + 4 * _ID_ROOM > len(state.arena):
        return 4
    if c[LABELS] + 1 > len(state.labels) or (c[LABELS] + 1) * 2 > len(state.label_index):
        return 5
    if (c[IDS] + 1) * 5 > len(state.ids) * 3:
        return 10
    if g >= 0:
        days = _days_to_close(state.groups[g], clock, ts)
        if days:
            if c[GROUP_DAYS] + days > len(state.group_days):
                return 15
            if c[MEMBER_DAYS] + min(days, 4) * state.groups[g].members > len(state.member_days):
                return 16
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
                _advance(groups[group], group, ts, members, group_days, member_days, counts, clock, dirty_members)
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
        _advance(g, group, ts, members, group_days, member_days, counts, clock, dirty_members)
        g.first_ms = min(g.first_ms, ts)
        g.platform = words[f.platform, row]
        if not g.dirty:
            g.dirty = 1
            dirty_groups[counts[DIRTY_GROUPS]] = group
            counts[DIRTY_GROUPS] += 1
        late = ts // _HOUR < g.closed_hour or day_of(starts, ts) < g.closed_day
        if late:
            flags[row] |= IS_LATE
            g.late += 1
            counts[LATE] += 1
            hour_pane = day_pane = panes[0]
        else:
            first_pane = find_pane(panes, pane_index, counts, group, ts // _HOUR, 0)
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
        if _has(present, f.member_bit):
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
            _speak(m, starts, ts, late, hour_pane, day_pane)
            g.activity_ms = max(g.activity_ms, ts)
            if not late:
                reply = _has(present, f.reply_message_bit) or _has(present, f.reply_member_bit)
                mentions = spans[f.mentions, 1, row] if _has(present, f.mentions_bit) else 0
                if _has(present, f.question_bit):
                    question = words[f.question, row] != 0
                else:
                    question = _has(present, f.text_bit) and _is_question(buffer, spans[f.text, 0, row], spans[f.text, 1, row])
                link = _has(present, f.link_bit) and words[f.link_count, row] > 0
                for pane in (hour_pane, day_pane):
                    pane.replies += reply
                    pane.mentions += mentions
                    pane.questions += question
                    pane.links += link
        elif kind == f.reaction:
            if not (_has(present, f.removed_bit) and words[f.removed, row]):
                _react(m, starts, ts, late, hour_pane, day_pane)
                g.activity_ms = max(g.activity_ms, ts)
        elif kind == f.read:
            _read(m, starts, ts, late, hour_pane, day_pane)
            g.activity_ms = max(g.activity_ms, ts)
        elif kind == f.join:
            inviter = -1
            if _has(present, f.inviter_bit):
                start, length = spans[f.inviter_id, 0, row], spans[f.inviter_id, 1, row]
                inviter = label(labels, label_index, arena, counts, buffer, start, length)
            source = words[f.source, row] if _has(present, f.source_bit) else f.unknown_source
            _first_join(m, ts, inviter, source, arena, labels)
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
            if _has(present, f.joined_bit):
                _first_join(m, words[f.joined_ms, row], -1, f.unknown_source, arena, labels)
            _role(m, ts, words[f.role, row] if _has(present, f.role_bit) else 0)
            _snapshot(g, ts, hash64(buffer, spans[f.snapshot_id, 0, row], spans[f.snapshot_id, 1, row]), 0)
        elif kind == f.roster_end:
            _snapshot(g, ts, hash64(buffer, spans[f.snapshot_id, 0, row], spans[f.snapshot_id, 1, row]), words[f.complete, row])
        elif kind == f.profile:
            if _has(present, f.role_bit):
                _role(m, ts, words[f.role, row])
        elif kind == f.group:
            _group_facts(g, words, row, present, f, ts)
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
