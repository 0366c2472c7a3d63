"""When what is owed is released, or void: holds, the cases that prolong them, and what reviewers decide. Pure.

A commission is held until its hold ends and no case about its referrer is open. A reviewer's decision ends the case it
names, or all cases. "void" takes whatever of the referrer's is held; "trust" ends all cases and lets no later one hold
anything. A hold ends once: what was released is never void, and is corrected by an adjustment.
"""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.results.plans import NEVER

Whole = NDArray[np.int64]
Numbers = NDArray[np.int32]


class Case(NamedTuple):
    """A suspicion about a referrer."""

    number: int
    referrer: int
    opened_ms: int


class Review(NamedTuple):
    """A decision about a referrer: "release", "void" or "trust"; case −1: about all of theirs."""

    referrer: int
    case: int
    decision: str
    ts_ms: int


class Holds(NamedTuple):
    """released_ms, void_ms: when each hold ended so, `NEVER`: not so far; case: number of the one that prolongs it,
    −1: none; shape (n,). At most one of the times is known."""

    released_ms: Whole
    void_ms: Whole
    case: Numbers


def resolve(
    referrer: Numbers, ts_ms: Whole, hold_ms: Whole, merged_ms: Whole, cases: list[Case], reviews: list[Review]
) -> Holds:
    """How holds end; the order of cases and reviews does not matter.

    referrer, ts_ms: of each result, whose and when; hold_ms: how long it is held; merged_ms: when the referrer turned
    out to be the person rewarded for, which makes void whatever is still held.
    """
    released, void, case = ts_ms + hold_ms, merged_ms.copy(), np.full(len(ts_ms), -1, np.int32)
    told: defaultdict[int, tuple[list[Case], list[Review]]] = defaultdict(lambda: ([], []))
    for one in cases:
        told[one.referrer][0].append(one)
    for review in reviews:
        told[review.referrer][1].append(review)
    order = np.argsort(referrer, kind="stable")
    ordered = referrer[order]
    for who, (of_cases, of_reviews) in told.items():
        rows = order[slice(*np.searchsorted(ordered, [who, who + 1]))]
        voids = np.array([*sorted(one.ts_ms for one in of_reviews if one.decision == "void"), NEVER])
        void[rows] = np.minimum(void[rows], voids[np.searchsorted(voids, ts_ms[rows])])
        for begin, end, number in _open(of_cases, of_reviews):
            caught = rows[(begin <= released[rows]) & (released[rows] < end)]
            released[caught], case[caught] = end, number
    ended = (void <= released) & (void < NEVER)
    case[ended | (released < NEVER)] = -1
    return Holds(np.where(ended, NEVER, released), np.where(ended, void, NEVER), case)


def _open(cases: list[Case], reviews: list[Review]) -> list[tuple[int, int, int]]:
    """From when until when a case of one referrer is open, and its number; in order of the beginning."""
    trusted = min((review.ts_ms for review in reviews if review.decision == "trust"), default=NEVER)
    found = []
    for case in cases:
        review = closing(case, reviews)
        if case.opened_ms < trusted:
            found.append((case.opened_ms, review.ts_ms if review else NEVER, case.number))
    return sorted(found)


def closing(case: Case, reviews: list[Review]) -> Review | None:
    """The review that closes a case: the first, of those about its referrer; None: it is open."""
    ends = (
        review
        for review in reviews
        if review.ts_ms >= case.opened_ms and (review.case in (-1, case.number) or review.decision == "trust")
    )
    return min(ends, key=lambda review: review.ts_ms, default=None)
