"""What a posted release freezes: whose a commission is, its currency and its rate; and it never grows again. Pure.

What is owed is a function of records; what was posted is an act. From then on only refunds count for a result that is
released, and an operator who names another referrer for it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.results.plans import NEVER, Goals

Rows = NDArray[Any]
#: The terms by which a result is rewarded: number of the plan (−1: not told), its share in basis points or fixed sum
#: (−1: the share), and its minimum.
TERMS = [("plan", "i4"), ("share_bp", "i8"), ("fixed_minor", "i8"), ("minimum_minor", "i8")]
#: Of a released result: whose it is, what is released, and by which terms; sorted by source, which has one row.
FROZEN = np.dtype([("source", "i8"), ("beneficiary", "i4"), ("currency", "i4"), ("amount", "i8"), *TERMS])
NOTHING = np.zeros(0, FROZEN)


def places_of(rows: Rows, ids: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of the results that are frozen among those with these ids, and of their rows of `FROZEN`."""
    mine = np.flatnonzero(np.isin(ids, rows["source"]))
    return mine, np.searchsorted(rows["source"], ids[mine])


def as_released(goals: Goals, rows: Rows) -> Goals:
    """The results, frozen ones (`FROZEN`) as of whoever they were released to."""
    mine, of = places_of(rows, goals.id)
    referrer, bound, merged = goals.referrer.copy(), goals.bound_ms.copy(), goals.merged_ms.copy()
    referrer[mine], bound[mine], merged[mine] = rows["beneficiary"][of], goals.ts_ms[mine], NEVER
    return goals._replace(referrer=referrer, bound_ms=bound, merged_ms=merged)
