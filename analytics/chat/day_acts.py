"""Who was active on which days, as the masks of a partition's members say. Compiled; touches only what it is given."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.chat.state import MEMBERS
from analytics.kernels.compiled import kernel
from analytics.kernels.masks import days_held, window

#: What a member did on a day.
MEMBER_DAY_ACT = np.dtype(
    [("member", "i4"), ("day", "i4"), ("messages", "u4"), ("spoke", "u1"), ("reacted", "u1"), ("read", "u1")]
)
_EMPTY = np.uint64(0)


@kernel
def member_day_acts(state, starts, first_day, until_day, out):
    """Write a row per member in memory and day from `first_day` to the one before `until_day` on which it was active.

    Returns how many rows there are; only those for which `out` has room are written.
    No group may have closed these days yet.
    """
    count = 0
    for row in range(state.counts[MEMBERS]):
        m = state.members[row]
        base, begin, end = days_held(starts, m.last_ms, first_day, until_day)
        for day in range(begin, end):
            spoke = window(m.spoke_lo, m.spoke_hi, base - day, 1) != _EMPTY
            reacted = window(m.reacted_lo, m.reacted_hi, base - day, 1) != _EMPTY
            read = window(m.read_lo, m.read_hi, base - day, 1) != _EMPTY
            if spoke or reacted or read:
                if count < len(out):
                    act = out[count]
                    act.member, act.day, act.messages = row, day, m.open_messages[day & 3]
                    act.spoke, act.reacted, act.read = spoke, reacted, read
                count += 1
    return count
