"""What is owed for results at the close of a day: a function of the records until then, and of what is frozen. Pure.

Each key (the result, its beneficiary, the currency) has an entitlement and the part of it that is released. There is
one level: whoever brought the referrer gets nothing.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.results.commissions import NO_CAP, earned, within_caps
from analytics.results.frozen import NOTHING, as_released, places_of
from analytics.results.holds import Case, Holds, Review, resolve
from analytics.results.plans import NEVER, Decision, Goals, Plan, Reassignment, decide, reassigned

Whole = NDArray[np.int64]
Rows = NDArray[Any]
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
    goals: Goals, plans: list[Plan], cases: list[Case], reviews: list[Review], changes: list[Reassignment],
    end_ms: int, frozen: Rows = NOTHING,
) -> Owing:  # fmt: skip
    """What is owed at the end of the day that ends at `end_ms`, by these records in any order; later ones do not count.

    goals: all of the referrers and persons concerned, since caps and first orders depend on others; net of the refunds
    until then. frozen: what is released (`FROZEN`), at most at what it was released at.
    """
    goals = as_released(reassigned(goals, [change for change in changes if change.ts_ms < end_ms]), frozen)
    decision = decide(goals, plans)
    rate = _at_frozen_rates(rates(goals, decision, plans), goals.id, frozen)
    holds = resolve(goals.referrer, goals.ts_ms, rate.hold_ms, goals.merged_ms, cases, reviews)
    mine, _ = places_of(frozen, goals.id)
    holds.released_ms[mine], holds.void_ms[mine] = np.minimum(holds.released_ms[mine], end_ms - 1), NEVER
    holds.case[mine] = -1
    is_frozen = np.zeros(len(goals.id), np.bool_)
    is_frozen[mine] = True
    earns = amounts(goals, rate, is_frozen)
    rows = owed(goals, rate, earns, holds, end_ms)
    return Owing(total(np.concatenate([rows, _gone(goals, frozen)])), goals, decision, rate, earns, holds)


def _at_frozen_rates(rate: Rates, ids: Whole, frozen: Rows) -> Rates:
    """The rates, of frozen results those of their release; these use up caps, and no cap takes from them."""
    mine, of = places_of(frozen, ids)
    released = {
        "number": "plan", "share_bp": "share_bp", "fixed_minor": "fixed_minor", "minimum_minor": "minimum_minor",
        "currency": "currency", "cap_order_minor": "amount",
    }  # fmt: skip
    columns = {name: column.copy() for name, column in rate._asdict().items()}
    for name, source in released.items():
        columns[name][mine] = frozen[source][of]
    for name in ("cap_person_minor", "cap_month_minor"):
        columns[name][mine] = NO_CAP
    return Rates(**columns)


def _gone(goals: Goals, frozen: Rows) -> Rows:
    """What was released for results that are none any more, as it is (`OWED`)."""
    rows = frozen[~np.isin(frozen["source"], goals.id)]
    found = np.zeros(len(rows), OWED)
    for name, source in zip(OWED.names or (), ("source", "beneficiary", "currency", "amount", "amount"), strict=True):
        found[name] = rows[source]
    return found


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


def amounts(goals: Goals, rate: Rates, frozen: NDArray[np.bool_]) -> Whole:
    """What each result earns, after caps, whether or not its hold was voided; shape (n,).

    Caps are used up by what is frozen, then in order of time and id: of the order, then of the plan, referrer and
    person, then of the plan, referrer and month.
    """
    order = np.lexsort((goals.id, goals.ts_ms, ~frozen))
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
