"""How a group's time advances and what a closed day held. Compiled; touches only the arrays it is given."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from analytics.chat.state import DIRTY_MEMBERS, MEMBER_DAYS
from analytics.kernels.calendar import HOUR_MS, day_of
from analytics.kernels.changes import mark_dirty
from analytics.kernels.compiled import inlined, kernel
from analytics.kernels.hashing import prefetch

#: Memberships of a group are far apart in memory: each is prefetched this many steps before it is read.
_AHEAD = 8


@kernel
def days_to_close(g, clock, ts):
    """How many days close in a group when its time moves to `ts`."""
    if g.max_ms == 0 or ts <= g.max_ms:
        return 0
    return max(0, day_of(clock.day_starts, ts - clock.lateness_ms) - g.closed_day)


@kernel
def _close_day(state, g, day):
    """Append what each member wrote on a day that closes."""
    members, counts = state.members, state.counts
    row = ahead = g.head
    for _ in range(_AHEAD):
        ahead = state.member_next[ahead] if ahead >= 0 else ahead
    while row >= 0:
        if ahead >= 0:
            prefetch(members, ahead)
            ahead = state.member_next[ahead]
        m = members[row]
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
        if g.activity_ms >= starts[day]:  # else nobody has written since the day began
            _close_day(state, g, day)
