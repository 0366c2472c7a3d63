"""What one chat event does to its member and its group: one small function a rule.

Registers keep the value with the highest time and, at the same time, the higher value, so the order of arrival does not
matter inside the allowed lateness. Compiled; touches only the records it is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.calendar import HOUR_MS, day_of
from analytics.community_fields import has
from analytics.community_ids import label_before
from analytics.compiled import kernel
from analytics.masks import roll, roll_hours

_ONE, _EMPTY = np.uint64(1), np.uint64(0)


@kernel
def _ages(m, starts, ts):
    """Roll the masks to a member's newest activity. Returns how many days and hours `ts` lies before it."""
    if m.last_ms == 0:
        m.last_ms = ts
        return 0, 0
    day, base_day = day_of(starts, ts), day_of(starts, m.last_ms)
    hour, base_hour = ts // HOUR_MS, m.last_ms // HOUR_MS
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
def speak(m, starts, ts, late, hour_pane, day_pane):
    """A message."""
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
def react(m, starts, ts, late, hour_pane, day_pane):
    """A reaction."""
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
def read(m, starts, ts, late, hour_pane, day_pane):
    """A reading."""
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
def first_join(m, ts, inviter, source, arena, labels):
    """The earliest join wins; of two at the same time, the one with the earlier inviter, then the lower source."""
    if ts < m.join_ms or (
        ts == m.join_ms
        and (label_before(arena, labels, inviter, m.inviter) or (inviter == m.inviter and source < m.source))
    ):
        m.join_ms, m.inviter, m.source = ts, inviter, source


@kernel
def set_role(m, ts, role):
    """The newest role counts; of two at the same time, the higher."""
    if ts > m.role_ms or (ts == m.role_ms and role > m.role):
        m.role_ms, m.role = ts, role


@kernel
def follow_snapshot(g, ts, snapshot, complete):
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
def group_facts(g, words, row, present, f, ts):
    """What the platform says of a group: its creation, status and member count."""
    if has(present, f.created_bit):
        created = words[f.created_ms, row]
        g.created_ms = created if g.created_ms == 0 else min(g.created_ms, created)
    status = words[f.status, row] if has(present, f.status_bit) else 0
    if ts > g.status_ms or (ts == g.status_ms and status > g.status):
        g.status_ms, g.status = ts, status
    if has(present, f.member_count_bit):
        count = words[f.member_count, row]
        if ts > g.count_ms or (ts == g.count_ms and count > g.member_count):
            g.count_ms, g.member_count = ts, count


@kernel
def is_question(buffer, start, length):
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
