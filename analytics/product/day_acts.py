"""Which users acted on which days, and what their acts referred to, as masks say.

Compiled; touches only what it is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import kernel
from analytics.kernels.masks import days_held, window
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
    count = 0
    for row in range(state.counts[USERS]):
        u = state.users[row]
        base, begin, end = days_held(starts, u.last_ms, first_day, until_day)
        for day in range(begin, end):
            if window(u.used_lo, u.used_hi, base - day, 1) != _EMPTY:
                if count < len(out):
                    act = out[count]
                    act.user, act.day, act.used = row, day, 1
                    act.bought = window(u.bought_lo, u.bought_hi, base - day, 1) != _EMPTY
                count += 1
    return count


@kernel
def reference_day_acts(state, starts, first_day, until_day, out):
    """The same per reference of a user."""
    count = 0
    for row in range(state.counts[USER_REFERENCES]):
        r = state.references[row]
        base, begin, end = days_held(starts, r.last_ms, first_day, until_day)
        for day in range(begin, end):
            if window(r.acted_lo, r.acted_hi, base - day, 1) != _EMPTY:
                if count < len(out):
                    act = out[count]
                    act.reference, act.day = row, day
                count += 1
    return count
