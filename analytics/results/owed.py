"""What is owed for results at the close of a day, a function of the records until then and of nothing else. Pure.

Each key (the result, its beneficiary, the currency) has an entitlement and the part of it that is released. There is
one level: whoever brought the referrer gets nothing.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.results.commissions import NO_CAP, earned, within_caps
from analytics.results.holds import Case, Holds, Review, resolve
from analytics.results.plans import Decision, Goals, Plan, Reassignment, decide, reassigned

Whole = NDArray[np.int64]
#: What is owed or posted by key; `released` is part of `accrued`. Amounts in minor units.
OWED = np.dtype(
    [("source", "i8"), ("beneficiary", "i4"), ("currency", "i4"), ("accrued", "i8"), ("released", "i8")],
)
_KEY = ("source", "beneficiary", "currency")


class Rates(NamedTuple):
    """What the version of the plan that rewards each result says, shape (n,); without one, nothing is owed."""

    share_bp: Whole
    fixed_minor: Whole
    minimum_minor: Whole
    cap_order_minor: Whole
    cap_person_minor: Whole
    cap_month_minor: Whole
    hold_ms: Whole
    number: Whole
    currency: Whole


class Owing(NamedTuple):
    """rows: of `OWED`, sorted by key; and of every result why: goals with the referrers that count, how it was decided,
    at which rates, what it earns, and how its hold ends."""

    rows: NDArray[np.void]
    goals: Goals
    decision: Decision
    rate: Rates
    earns: Whole
    holds: Holds


def owing(
    goals: Goals, plans: list[Plan], cases: list[Case], reviews: list[Review], changes: list[Reassignment], end_ms: int
) -> Owing:
    """What is owed at the end of the day that ends at `end_ms`, by these records in any order; later ones do not count.

    goals: all of the referrers and persons concerned, since caps and first orders depend on others; net of the refunds
    until then.
    """
    goals = reassigned(goals, [change for change in changes if change.ts_ms < end_ms])
    decision = decide(goals, plans)
    rate = rates(goals, decision, plans)
    holds = resolve(goals.referrer, goals.ts_ms, rate.hold_ms, goals.merged_ms, cases, reviews)
    earns = amounts(goals, rate)
    return Owing(owed(goals, rate, earns, holds, end_ms), goals, decision, rate, earns, holds)


def rates(goals: Goals, decision: Decision, plans: list[Plan]) -> Rates:
    """Of every result, the rates that were decided; the currency is the plan's only where the result has none."""
    nothing = (0, -1, 0, NO_CAP, NO_CAP, NO_CAP, 0, -1, -1)
    rows = [
        (
            plan.share_bp, plan.fixed_minor, plan.minimum_minor, plan.cap_order_minor, plan.cap_person_minor,
            plan.cap_month_minor, plan.hold_ms, plan.number, plan.currency,
        )
        for plan in plans
    ]  # fmt: skip
    columns = np.array([*rows, nothing], np.int64)[decision.plan]  # −1: the last
    columns[:, 0] = np.maximum(columns[:, 0], 0)
    columns[:, -1] = np.where(goals.currency >= 0, goals.currency, columns[:, -1])
    return Rates(*columns.T)


def amounts(goals: Goals, rate: Rates) -> Whole:
    """What each result earns, after caps, whether or not its hold was voided; shape (n,).

    Caps are used up in order of time and id: of the order, then of the plan, referrer and person, then of the plan,
    referrer and month.
    """
    order = np.lexsort((goals.id, goals.ts_ms))
    # a result without a price counts for a fixed sum
    worth = np.where((goals.currency < 0) & (rate.fixed_minor >= 0), np.maximum(goals.net, 1), goals.net)
    minimum = np.where(goals.currency < 0, 0, rate.minimum_minor)
    found = np.minimum(earned(worth, rate.share_bp, rate.fixed_minor, minimum), rate.cap_order_minor)
    month = goals.ts_ms.astype("M8[ms]").astype("M8[M]").astype(np.int64)
    keys = [numbered(rate.number, goals.referrer, rate.currency, whose)[order] for whose in (goals.person, month)]
    found[order] = within_caps(found[order], keys, [rate.cap_person_minor[order], rate.cap_month_minor[order]])
    return found


def owed(goals: Goals, rate: Rates, earns: Whole, holds: Holds, end_ms: int) -> NDArray[np.void]:
    """Rows of `OWED`, sorted by key, for the day that ends at `end_ms`; a key to which nothing is owed has none.

    earns: from `amounts` over results until then; what was voided by then leaves the caps of others as they are.
    """
    counts = (goals.ts_ms < end_ms) & (holds.void_ms >= end_ms) & (earns > 0)
    found = np.zeros(int(counts.sum()), OWED)
    found["source"], found["beneficiary"] = goals.id[counts], goals.referrer[counts]
    found["currency"], found["accrued"] = rate.currency[counts], earns[counts]
    found["released"] = np.where(holds.released_ms < end_ms, earns, 0)[counts]
    return total(found)


def total(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Rows of `OWED` added up by key and sorted by it, without those in which nothing is left."""
    rows = rows[np.lexsort([rows[name] for name in reversed(_KEY)])]
    new = np.diff(numbered(*(rows[name] for name in _KEY)), prepend=-1) != 0
    found = rows[new]
    for name in ("accrued", "released"):
        found[name] = np.add.reduceat(rows[name], np.flatnonzero(new)) if len(rows) else 0
    left: NDArray[np.void] = found[(found["accrued"] != 0) | (found["released"] != 0)]
    return left


def numbered(*columns: NDArray[Any]) -> Whole:
    """A number for every row, from 0 on, the same for those with the same values; columns of whole numbers, (n,)."""
    order = np.lexsort(columns)
    new = np.zeros(len(order), np.bool_)
    new[1:] = np.any([np.diff(column[order]) != 0 for column in columns], axis=0)
    found = np.empty(len(order), np.int64)
    found[order] = np.cumsum(new)
    return found
