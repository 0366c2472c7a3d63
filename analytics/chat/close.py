"""How a group's time advances and what a closed day held. Compiled; touches only the arrays it is given."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.chat.state import DIRTY_MEMBERS, GROUP_DAYS, MEMBER_DAYS
from analytics.kernels.calendar import HOUR_MS, day_of
from analytics.kernels.changes import mark_dirty
from analytics.kernels.compiled import inlined, kernel
from analytics.kernels.hashing import prefetch
from analytics.kernels.masks import window

_ONE, _EMPTY = np.uint64(1), np.uint64(0)
#: Memberships of a group are far apart in memory: each is prefetched this many steps before it is read.
_AHEAD = 8


@kernel
def days_to_close(g, clock, ts):
    """How many days close in a group when its time moves to `ts`."""
    if g.max_ms == 0 or ts <= g.max_ms:
        return 0
    return max(0, day_of(clock.day_starts, ts - clock.lateness_ms) - g.closed_day)


@kernel
def _close_day(state, clock, g, group, day):
    """Append a closed day: distinct members over the windows that end with it, messages of each member that day."""
    starts, members, counts = clock.day_starts, state.members, state.counts
    out = state.group_days[counts[GROUP_DAYS]]
    counts[GROUP_DAYS] += 1
    out.group, out.day = group, day
    earliest = starts[max(day - 27, 0)]
    row = ahead = g.head
    for _ in range(_AHEAD):
        ahead = state.member_next[ahead] if ahead >= 0 else ahead
    while row >= 0:
        if ahead >= 0:
            prefetch(members, ahead)
            ahead = state.member_next[ahead]
        m = members[row]
        if m.last_ms and m.last_ms >= earliest:
            age = day_of(starts, m.last_ms) - day
            spoke = window(m.spoke_lo, m.spoke_hi, age, 28)
            reacted = window(m.reacted_lo, m.reacted_hi, age, 28) if m.reacted_lo | m.reacted_hi else _EMPTY
            read = window(m.read_lo, m.read_hi, age, 28) if m.read_lo | m.read_hi else _EMPTY
            both = spoke | reacted
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
                done = state.member_days[counts[MEMBER_DAYS]]
                counts[MEMBER_DAYS] += 1
                done.membership, done.day, done.messages = row, day, m.open_messages[day & 3]
                m.open_messages[day & 3] = 0
                mark_dirty(m, row, state.dirty_members, counts, DIRTY_MEMBERS)
        row = state.member_next[row]


@inlined
def advance(state, clock, g, group, ts):
    """Move a group's time to `ts` and close the days its watermark has passed; there must be room for their rows."""
    starts = clock.day_starts
    if g.max_ms == 0:
        g.closed_hour, g.closed_day = (ts - clock.lateness_ms) // HOUR_MS, day_of(starts, ts - clock.lateness_ms)
    if ts <= g.max_ms:
        return
    g.max_ms = ts
    g.closed_hour = max(g.closed_hour, (ts - clock.lateness_ms) // HOUR_MS)
    last = day_of(starts, ts - clock.lateness_ms)
    while g.closed_day < last:
        day = g.closed_day
        g.closed_day = day + 1
        if g.first_ms >= starts[day + 1] or g.activity_ms < starts[max(day - 127, 0)]:
            continue  # before the first sign of life, or so long after the last that every window is empty
        _close_day(state, clock, g, group, day)
