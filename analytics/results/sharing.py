"""Who shares what orders tell of their buyers (payments, devices, addresses) with the people around a referrer. Pure.

The circle of a referrer are the referrer and the people whom they have brought so far. What many people share says
little: whoever joins a circle's print counts for the circle's part in all who had used it by then, so that the address
of an office, or of a telephone network, weighs next to nothing.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel

Persons = NDArray[np.int32]
Whole = NDArray[np.int64]
#: What orders tell of the buyer.
PRINTS = ("payment", "device", "ip")
#: Weights are multiples of one part of this: their sums are then exact, in whatever order they are added up.
_EXACT = 2.0**20


_Columns = TypeVar("_Columns", bound=tuple[NDArray[Any], ...])


class Uses(NamedTuple):
    """Uses of prints by persons, in any order; shape (n,). kind: place in `PRINTS`; print: a number that tells
    prints of all kinds apart; ms: when."""

    person: Persons
    kind: NDArray[np.int8]
    print: Whole
    ms: Whole


class Shared(NamedTuple):
    """How much more people of a circle share since a moment; shape (n,). weight: above 0, at most 1 per person and
    kind."""

    referrer: Persons
    ms: Whole
    kind: NDArray[np.int8]
    weight: NDArray[np.float64]


def chosen(columns: _Columns, rows: NDArray[Any]) -> _Columns:
    """Some rows of columns."""
    make: Any = type(columns)
    found: _Columns = make(*(column[rows] for column in columns))
    return found


@kernel
def _used_by(firsts, times, prints, ms, found):
    """How many had used each print by a moment: times of each print ascending."""
    for i in range(len(prints)):
        low, high = firsts[prints[i]], firsts[prints[i] + 1]
        begin = low
        while low < high:
            middle = (low + high) // 2
            if times[middle] <= ms[i]:
                low = middle + 1
            else:
                high = middle
        found[i] = low - begin


def known(uses: Uses) -> Uses:
    """First uses of prints that several people have used, with these numbered from 0 on, sorted by print, time and
    person. Uses of one person may be told several times."""
    uses = chosen(uses, np.lexsort((uses.ms, uses.person, uses.print)))
    uses = chosen(uses, runs(uses.print, uses.person)[0] == np.arange(len(uses.ms)))
    _, prints, counts = np.unique(uses.print, return_inverse=True, return_counts=True)
    several, numbers = counts[prints] > 1, np.cumsum(counts > 1) - 1
    found = chosen(uses, several)._replace(print=numbers[prints[several]])
    return chosen(found, np.lexsort((found.person, found.ms, found.print)))


def shared(referrer: Persons, since_ms: Whole, uses: Uses) -> Shared:
    """What circles share, and since when; referrer (−1: none), since_ms: of every person; uses: from `known`."""
    leads = np.zeros(len(referrer), np.bool_)
    leads[referrer[referrer >= 0]] = True
    own, brought = np.flatnonzero(leads[uses.person]), np.flatnonzero(referrer[uses.person] >= 0)
    rows = np.concatenate([own, brought])
    circle = np.concatenate([uses.person[own], referrer[uses.person[brought]]])
    ms = np.maximum(uses.ms[rows], np.concatenate([np.zeros(len(own), np.int64), since_ms[uses.person[brought]]]))
    order = np.lexsort((ms, uses.print[rows], circle))
    rows, circle, ms = rows[order], circle[order], ms[order]
    place = runs(circle, uses.print[rows], ms)[1] - runs(circle, uses.print[rows])[0]
    later = place > 0
    rows, circle, ms, place = rows[later], circle[later], ms[later], place[later]
    count = np.empty(len(rows), np.int64)
    firsts = np.searchsorted(uses.print, np.arange(uses.print.max(initial=-1) + 2)).astype(np.int64)
    _used_by(firsts, uses.ms, uses.print[rows], ms, count)
    weight = np.floor(place / np.maximum(count - 1, 1) * _EXACT) / _EXACT
    return _once(Shared(circle, ms, uses.kind[rows], weight), uses.person[rows])


def runs(*columns: NDArray[np.generic]) -> tuple[Whole, Whole]:
    """The first and the last of the rows next to every row that have the same values; shape (n,)."""
    count = len(columns[0])
    new = np.ones(count, np.bool_)
    new[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    firsts = np.flatnonzero(new)
    lengths = np.diff(firsts, append=count)
    return np.repeat(firsts, lengths), np.repeat(firsts + lengths - 1, lengths)


def _once(found: Shared, person: Persons) -> Shared:
    """Let everybody count once per circle and kind: by the most that they share."""
    order = np.lexsort((found.weight, found.ms, person, found.kind, found.referrer))
    found = chosen(found, order)
    first = runs(found.referrer, found.kind, person[order])[0]
    # groups follow each other, and no weight is above 1: the highest so far never comes from the group before
    most: NDArray[np.float64] = np.maximum.accumulate(first * 2 + found.weight) - first * 2
    before = np.where(first < np.arange(len(first)), np.concatenate([[0.0], most[:-1]]), 0)
    return chosen(found._replace(weight=most - before), most > before)
