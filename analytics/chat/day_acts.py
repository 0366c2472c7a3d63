"""Who was active on which days, as the masks of a partition's members say. Compiled; touches only what it is given."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.chat.state import MEMBERS
from analytics.kernels.calendar import day_of
from analytics.kernels.compiled import kernel
from analytics.kernels.masks import DAY_BITS, bit

#: What a member did on a day.
MEMBER_DAY_ACT = np.dtype([("member", "i4"), ("day", "i4"), ("spoke", "u1"), ("reacted", "u1"), ("read", "u1")])
_EMPTY = np.uint64(0)


@kernel
def member_day_acts(state, starts, first_day, until_day, out):
    """Write a row per member in memory and day from `first_day` to the one before `until_day` on which it was active.

    Returns how many rows there are; only those for which `out` has room are written.
    """
    count, earliest = 0, starts[first_day]
    for row in range(state.counts[MEMBERS]):
        m = state.members[row]
        if m.last_ms < earliest or m.last_ms == 0:
            continue
        base = day_of(starts, m.last_ms)
        for day in range(max(first_day, base - DAY_BITS + 1), min(until_day, base + 1)):
            lo, hi = bit(base - day, 0), bit(base - day, 64)
            spoke = m.spoke_lo & lo | m.spoke_hi & hi != _EMPTY
            reacted = m.reacted_lo & lo | m.reacted_hi & hi != _EMPTY
            read = m.read_lo & lo | m.read_hi & hi != _EMPTY
            if spoke or reacted or read:
                if count < len(out):
                    act = out[count]
                    act.member, act.day, act.spoke, act.reacted, act.read = row, day, spoke, reacted, read
                count += 1
    return count
