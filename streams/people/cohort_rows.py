"""Rows of `people_retention`: what is counted of cohorts."""

# mypy: disable-error-code="no-untyped-call"

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.cohorts import CELL, DIMENSIONS, add_up, different, find
from analytics.people.retention import COUNTS, NTH
from schemas.agents import TABLES
from streams.people.brought import INVITER, Brought, cohorts_of
from streams.people.landed import Ready
from streams.people.names import Codes, pair_rows

_Array = NDArray[Any]
_DAY_BITS = 16
ALL = -1
_KEPT = np.array([name != "inviter" for name in DIMENSIONS])


class Members(NamedTuple):
    """Memberships to count: groups (−1: all groups), words, which of `NTH` are closed, days of joins, and what brought
    them (`Brought.of`)."""

    groups: NDArray[np.int32]
    words: NDArray[np.uint32]
    closed: NDArray[np.int64]
    days: NDArray[np.int64]
    brought: NDArray[np.int32]

    def only(self, chosen: NDArray[np.bool_]) -> "Members":
        """Some of them."""
        groups, words, closed, days, brought = self
        return Members(groups[chosen], words[chosen], closed[chosen], days[chosen], brought[:, chosen])


class _Cells(NamedTuple):
    """Cohorts of days: places among the cohorts that have changed, ascending, with days ascending; counts (n, 5, 7)."""

    of: NDArray[np.int64]
    days: NDArray[np.int64]
    counts: NDArray[np.int32]


class _Nth(NamedTuple):
    """One of `NTH`: the places of cohorts that have a row, or had one, how many days each has, and cells of these."""

    places: NDArray[np.intp]
    lengths: NDArray[np.intp]
    cells: NDArray[np.intp]


class CohortRows:
    """Counts again what something has changed in. No hashes of rows are kept: there are nearly as many as members.

    Of all groups together only what inviters brought is counted again: the other cohorts are few, and everybody is in
    them, so what these count is kept.
    """

    def __init__(self, brought: Brought) -> None:
        self._brought = brought
        self._rows = Ready(TABLES["people_retention"])
        self.landed = (self._rows,)
        self._dirty = list[_Array]()
        self._kept = pair_rows(CELL)  # by value and dimension, and day

    def changed(self, members: Members, landed: bool) -> None:
        """These were counted so by what has landed; or are to be from now on."""
        values = self._brought.values(members.brought)
        self._dirty.append(cohorts_of(members.groups, values, members.closed * landed))
        chosen = members.groups == ALL
        if not chosen.any():
            return
        dimensions, k = np.nonzero((values >= 0) & chosen & _KEPT[:, None])
        numbers = _number(values[dimensions, k], dimensions).astype(np.int64) << _DAY_BITS | members.days[k]
        once, places = np.unique(numbers, return_inverse=True)
        rows = self._kept.find((once >> _DAY_BITS).astype(np.int32), _day(once).astype(np.int32))
        add_up(members.words[k], members.closed[k], rows[places], -1 if landed else 1, self._kept.rows["counts"])

    @property
    def inviters(self) -> Codes:
        """Accounts of inviters of whose invitations to all groups together something has changed."""
        dirty = np.concatenate(self._dirty)
        found: Codes = dirty["value"][(dirty["group"] == ALL) & (dirty["dimension"] == INVITER)]
        return found

    def count(self, chosen: list[Members]) -> None:
        """Count what has changed, of these memberships, and offer its rows."""
        keys, once = different(np.concatenate(self._dirty))
        self._dirty = []
        cells = _both(self._counted(keys, chosen), self._of_kept(once))
        nth = [_nth(cells, i, once["landed"]) for i in range(len(NTH))]
        self._rows.offer_rows(sum(len(one.places) for one in nth), partial(self._table, once, nth, cells))

    def _counted(self, keys: NDArray[np.uint64], chosen: list[Members]) -> _Cells:
        codes, words, closed = [], [], []
        for one in chosen:
            found, values = np.empty((len(DIMENSIONS), len(one.groups)), np.int32), self._brought.values(one.brought)
            values[np.ix_(_KEPT, one.groups == ALL)] = -1
            find(one.groups, values, one.closed, keys, found)
            dimensions, k = np.nonzero(found >= 0)
            codes.append(found[dimensions, k].astype(np.int64) << _DAY_BITS | one.days[k])
            words.append(one.words[k])
            closed.append(one.closed[k])
        cells, places = np.unique(np.concatenate(codes), return_inverse=True)
        counts = np.zeros((len(cells), len(NTH), len(COUNTS)), np.int32)
        add_up(np.concatenate(words), np.concatenate(closed), places, 1, counts)
        return _Cells(cells >> _DAY_BITS, _day(cells), counts)

    def _of_kept(self, once: _Array) -> _Cells:
        """The cells that are kept of these cohorts."""
        wanted = np.flatnonzero((once["group"] == ALL) & _KEPT[once["dimension"]])
        numbers, (ones, days, _) = _number(once["value"][wanted], once["dimension"][wanted]), self._kept.pairs
        order = np.argsort(numbers)
        places = np.searchsorted(numbers[order], ones)
        hit = np.flatnonzero(np.append(numbers[order], -1)[places] == ones)
        counts = self._kept.rows["counts"][hit]
        return _Cells(wanted[order[places[hit]]], days[hit].astype(np.int64), counts)

    def _table(self, once: _Array, nth: list[_Nth], cells: _Cells) -> pa.Table:
        lengths = np.concatenate([one.lengths for one in nth])
        offsets = pa.array(np.append(0, np.cumsum(lengths)).astype(np.int32))
        columns = self._brought.columns(once[np.concatenate([one.places for one in nth])])
        columns |= {
            "n": pa.array(np.repeat(np.array(NTH, np.uint8), [len(one.places) for one in nth])),
            "gone": pa.array((lengths == 0).astype(np.uint8)),
        }
        days = np.concatenate([cells.days[one.cells] for one in nth]).astype(np.int32)
        columns["cohorts"] = pa.ListArray.from_arrays(offsets, pa.array(days).cast(pa.date32()))
        for what, name in enumerate(COUNTS):
            values = np.concatenate([cells.counts[one.cells, i, what] for i, one in enumerate(nth)])
            columns[name] = pa.ListArray.from_arrays(offsets, pa.array(values.astype(np.uint32)))
        return pa.table(columns)


def _number(values: _Array, dimensions: _Array) -> NDArray[np.int32]:
    """One number for a value of a dimension."""
    found: NDArray[np.int32] = (values * len(DIMENSIONS) + dimensions).astype(np.int32)
    return found


def _day(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return codes & (1 << _DAY_BITS) - 1


def _both(some: _Cells, others: _Cells) -> _Cells:
    if not len(others.of):
        return some
    of, days = np.append(some.of, others.of), np.append(some.days, others.days)
    order = np.argsort(of << _DAY_BITS | days)
    return _Cells(of[order], days[order], np.concatenate([some.counts, others.counts])[order])


def _nth(cells: _Cells, i: int, landed: _Array) -> _Nth:
    there = np.flatnonzero(cells.counts[:, i, 0])
    lengths = np.bincount(cells.of[there], minlength=len(landed))
    places = np.flatnonzero((lengths > 0) | (landed >> i & 1 > 0))
    return _Nth(places, lengths[places], there)
