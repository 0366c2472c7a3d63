"""Which users acted on which days, and what their acts referred to, as masks say.

Compiled; touches only what it is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.calendar import day_of
from analytics.kernels.compiled import kernel
from analytics.kernels.masks import DAY_BITS, bit
from analytics.product.state import USER_REFERENCES, USERS

#: A day on which a user used the product, and whether the user bought.
USER_DAY_ACT = np.dtype([("user", "i4"), ("day", "i4"), ("used", "u1"), ("bought", "u1")])
#: A day on which acts carried a reference.
REFERENCE_DAY_ACT = np.dtype([("reference", "i4"), ("day", "i4")])
_EMPTY = np.uint64(0)


@kernel
def user_day_acts(state, starts, first_day, until_day, out):
    """Write a row per user and day from `first_day` to the one before `until_day` on which the user acted.

    Returns how many rows there are; only those for which `out` has room are written.
    """
    count, earliest = 0, starts[first_day]
    for row in range(state.counts[USERS]):
        u = state.users[row]
        if u.last_ms < earliest or u.last_ms == 0:
            continue
        base = day_of(starts, u.last_ms)
        for day in range(max(first_day, base - DAY_BITS + 1), min(until_day, base + 1)):
            lo, hi = bit(base - day, 0), bit(base - day, 64)
            if u.used_lo & lo | u.used_hi & hi != _EMPTY:
                if count < len(out):
                    act = out[count]
                    act.user, act.day, act.used = row, day, 1
                    act.bought = u.bought_lo & lo | u.bought_hi & hi != _EMPTY
                count += 1
    return count


@kernel
def reference_day_acts(state, starts, first_day, until_day, out):
    """The same per reference of a user."""
    count, earliest = 0, starts[first_day]
    for row in range(state.counts[USER_REFERENCES]):
        r = state.references[row]
        if r.last_ms < earliest or r.last_ms == 0:
            continue
        base = day_of(starts, r.last_ms)
        for day in range(max(first_day, base - DAY_BITS + 1), min(until_day, base + 1)):
            if r.acted_lo & bit(base - day, 0) | r.acted_hi & bit(base - day, 64) != _EMPTY:
                if count < len(out):
                    act = out[count]
                    act.reference, act.day = row, day
                count += 1
    return count
