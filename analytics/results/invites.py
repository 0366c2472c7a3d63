"""Invites that count towards a plan's prizes, and what else inviters brought. Pure.

Persons, groups and inviters are numbers, after accounts were merged. Only somebody's first join to any of the plan's
groups can count, whatever comes of it: leaving and joining again adds nothing, for nobody.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Whole = NDArray[np.int64]
#: In place of when somebody left: not so far.
STILL_IN = 2**62
#: What a join is worth to its inviter: it counts; it will, if the person stays; the person left too early; it was not
#: the first; nobody knows the inviter; the person invited themselves; one of both is an operator, alias, bot or
#: otherwise excluded; it came before the plan or after its deadline.
OUTCOMES = ("qualified", "waiting", "left", "again", "unknown", "self", "excluded", "outside")


class Joins(NamedTuple):
    """Joins to a plan's groups, in any order; shape (n,).

    person: who joined; group: which; ts_ms: when; inviter: −1: nobody who is known; left_ms: when the stay that began
    with this join ended, `STILL_IN`: it did not.
    """

    person: NDArray[np.int32]
    group: NDArray[np.int32]
    ts_ms: Whole
    inviter: NDArray[np.int32]
    left_ms: Whole


class Brought(NamedTuple):
    """By inviter, of persons whose first join they are known for; shape (persons,).

    invited: how many; net: those who are still in; qualified; kept, shared: share of those invited who are still in,
    and who invited somebody themselves (NaN: none was invited).
    """

    invited: Whole
    net: Whole
    qualified: Whole
    kept: NDArray[np.float64]
    shared: NDArray[np.float64]


def outcomes(
    joins: Joins, excluded: NDArray[np.bool_], now_ms: int, stay_ms: int, since_ms: int, deadline_ms: int = STILL_IN
) -> NDArray[np.int8]:
    """Place of every join in `OUTCOMES`; shape (n,).

    excluded: by person; stay_ms: how long a person must stay; since_ms, deadline_ms: joins count from the one until
    before the other, even if the stay ends later. Of joins of one moment, the one to the group with the lower number
    is the first, then the one with the lower inviter.
    """
    settled = joins.ts_ms + stay_ms
    chosen = np.select(
        [
            ~_first(joins),
            joins.inviter < 0,
            joins.inviter == joins.person,
            excluded[joins.person] | excluded[joins.inviter],
            (joins.ts_ms < since_ms) | (joins.ts_ms >= deadline_ms),
            joins.left_ms <= np.minimum(settled, now_ms),
            settled > now_ms,
        ],
        [OUTCOMES.index(name) for name in ("again", "unknown", "self", "excluded", "outside", "left", "waiting")],
        OUTCOMES.index("qualified"),
    )
    return chosen.astype(np.int8)


def brought(joins: Joins, outcome: NDArray[np.int8], now_ms: int, persons: int) -> Brought:
    """What inviters brought, also outside a plan's dates; outcome: of every join, from `outcomes`."""
    names = [OUTCOMES.index(name) for name in ("qualified", "waiting", "left", "outside")]
    rows = np.flatnonzero(np.isin(outcome, names))
    inviter, inside = joins.inviter[rows], joins.left_ms[rows] > now_ms
    invited = np.bincount(inviter, minlength=persons)
    net = np.bincount(inviter[inside], minlength=persons)
    qualified = np.bincount(inviter[outcome[rows] == 0], minlength=persons)
    sharing = np.bincount(inviter[invited[joins.person[rows]] > 0], minlength=persons)
    with np.errstate(invalid="ignore"):
        return Brought(invited, net, qualified, net / invited, sharing / invited)


def reached(qualified: ArrayLike, tiers: ArrayLike) -> Whole:
    """How many tiers of prizes are due: those that need no more invites; tiers: ascending; shape (n,)."""
    return np.searchsorted(np.asarray(tiers), np.asarray(qualified), side="right")


def _first(joins: Joins) -> NDArray[np.bool_]:
    """Which joins are the first of their person."""
    order = np.lexsort((joins.inviter, joins.group, joins.ts_ms, joins.person))
    found = np.zeros(len(order), np.bool_)
    found[order] = np.diff(joins.person[order], prepend=np.int32(-1)) != 0
    return found
