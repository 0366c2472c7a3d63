"""Which plan rewards a result, and whom: decided by what was so when it happened. Pure.

A plan counts from the later of its start and its announcement. A newer version of it changes what happens from then on,
never what was ordered before. Of several plans that fit, the one of the code that was used counts, else the one that
began last, of these the one with the lower number. One plan rewards one referrer for one result.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.results.commissions import NO_CAP

Whole = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]
#: In place of a time: not so far.
NEVER = 2**62
#: Why a result is rewarded or not: it is; nobody is known to have brought the person by then; the person did; no plan
#: was in force; the plan is in another currency; the referral had earned long enough; the plan leaves it out.
VERDICTS = ("due", "nobody", "self", "no plan", "currency", "expired", "left out")
_DUE, _NOBODY, _SELF, _NO_PLAN, _CURRENCY, _EXPIRED, _LEFT_OUT = range(7)


class Goals(NamedTuple):
    """Results that may be rewarded, in any order: orders, and whatever else a plan can have as its goal; shape (n,).

    id: of the order or event, a number that is the same on every reading; person: whose result; referrer: who brought
    the person (for an invite: who invited), −1: nobody; bound_ms: since when; kind: number of the goal; product,
    currency: −1: none; net: what the order is worth on the day asked for; code: plan of the code that was used, −1:
    none; first: whether it is the person's first order; merged_ms: when person and referrer turned out to be the same
    (`NEVER`).
    """

    id: Whole
    person: Numbers
    referrer: Numbers
    bound_ms: Whole
    kind: Numbers
    product: Numbers
    currency: Numbers
    ts_ms: Whole
    net: Whole
    code: Numbers
    first: Flags
    merged_ms: Whole


class Plan(NamedTuple):
    """A version of a plan.

    number: of the plan; announced_ms: time of the version; share_bp or fixed_minor, −1: the other one; currency −1: any
    that an order is in; products, who: numbers of products and referrers, None: all; caps: of an order, of all results
    of a person, of a referrer's month (UTC). No plan has two versions of one moment.
    """

    number: int
    announced_ms: int
    goal: int
    share_bp: int = -1
    fixed_minor: int = -1
    currency: int = -1
    valid_from_ms: int = 0
    valid_to_ms: int = NEVER
    products: frozenset[int] | None = None
    who: frozenset[int] | None = None
    first_order_only: bool = False
    minimum_minor: int = 0
    cap_order_minor: int = NO_CAP
    cap_person_minor: int = NO_CAP
    cap_month_minor: int = NO_CAP
    hold_ms: int = 0
    earn_ms: int = NEVER


class Reassignment(NamedTuple):
    """An operator's decision about who is the referrer: of one result (`goal`), or, with −1, of all that the person
    does from then on. id: tells those of one moment apart."""

    person: int
    goal: int
    referrer: int
    ts_ms: int
    id: int


class Decision(NamedTuple):
    """plan: of every result, the row of the plan's version, −1: none; verdict: place in `VERDICTS`; shape (n,)."""

    plan: Numbers
    verdict: NDArray[np.int8]


def reassigned(goals: Goals, changes: list[Reassignment]) -> Goals:
    """The results with their referrers as operators have decided; what is decided of one result goes before the rest.

    Referrer and person are then taken to be different unless their numbers are the same.
    """
    referrer, bound, merged = goals.referrer.copy(), goals.bound_ms.copy(), goals.merged_ms.copy()
    for change in sorted(changes, key=lambda one: (one.goal >= 0, one.ts_ms, one.id)):
        mine = goals.person == change.person
        rows = mine & (goals.id == change.goal if change.goal >= 0 else goals.ts_ms >= change.ts_ms)
        referrer[rows], merged[rows] = change.referrer, NEVER
        bound[rows] = np.minimum(goals.ts_ms[rows], change.ts_ms)
    return goals._replace(referrer=referrer, bound_ms=bound, merged_ms=merged)


def decide(goals: Goals, plans: list[Plan]) -> Decision:
    """Which version of which plan rewards each result; neither the order of results nor that of plans matters."""
    plan, verdict = np.full(len(goals.id), -1, np.int32), np.full(len(goals.id), _NO_PLAN, np.int8)
    known = (goals.referrer >= 0) & (goals.bound_ms <= goals.ts_ms)
    by_rank = sorted(range(len(plans)), key=lambda row: (plans[row].valid_from_ms, -plans[row].number))
    for of_code in (False, True):
        for row in by_rank:
            one = plans[row]
            begins, ends = _in_force(one, plans)
            fits = (goals.kind == one.goal) & (begins <= goals.ts_ms) & (goals.ts_ms < ends)
            if of_code:
                fits &= goals.code == one.number
            found = _verdict(goals, one)
            better = fits & ((found == _DUE) | (verdict != _DUE))
            plan[better & (found == _DUE)], verdict[better] = row, found[better]
    verdict[goals.person == goals.referrer] = _SELF
    verdict[~known] = _NOBODY
    plan[verdict != _DUE] = -1
    return Decision(plan, verdict)


def _in_force(plan: Plan, plans: list[Plan]) -> tuple[int, int]:
    """From when until when this version decides."""
    newer = [other.announced_ms for other in plans if other.number == plan.number]
    replaced = min((ms for ms in newer if ms > plan.announced_ms), default=NEVER)
    return max(plan.valid_from_ms, plan.announced_ms), min(plan.valid_to_ms, replaced)


def _verdict(goals: Goals, plan: Plan) -> NDArray[np.int8]:
    left_out = goals.first < plan.first_order_only
    if plan.products is not None:
        left_out |= ~np.isin(goals.product, list(plan.products))
    if plan.who is not None:
        left_out |= ~np.isin(goals.referrer, list(plan.who))
    paid = goals.currency >= 0
    other = (plan.currency >= 0) & paid & (goals.currency != plan.currency)
    expired = goals.ts_ms - goals.bound_ms >= plan.earn_ms
    return np.select([left_out, expired, other], [_LEFT_OUT, _EXPIRED, _CURRENCY], _DUE).astype(np.int8)
