"""Rows of `people_retention`: what is counted of cohorts."""

# mypy: disable-error-code="no-untyped-call"

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.cohorts import CELL, DIMENSIONS, add_up, different, find
from analytics.people.retention import COUNTS, NTH
from schemas.agents import TABLES
from streams.people.memory.landed import Ready
from streams.people.memory.names import Codes, pair_rows
from streams.people.retention.brought import INVITER, Brought, cohorts_of

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


class _Rows(NamedTuple):
    """Rows of one of `NTH`: places among the cohorts that have changed, of those that have a row, or had one; how many
    days each has; and these days, with what is counted of each, shape (n, 7)."""

    nth: int
    places: NDArray[np.intp]
    lengths: NDArray[np.intp]
    days: NDArray[np.int32]
    counts: NDArray[np.int32]


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
        rows = self._kept.find((once >> _DAY_BITS).astype(np.int32), _day(once))[places]
        words, closed, counts = members.words[k], members.closed[k], self._kept.rows["counts"]
        for i in range(len(NTH)):
            add_up(words, closed, rows, i, -1 if landed else 1, counts[:, i])

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
        kept = (once["group"] == ALL) & _KEPT[once["dimension"]]
        landed = [
            np.where(some, once["landed"], 0) for some in (kept, ~kept)
        ]  # of cohorts that are kept, and of others
        found = [*self._of_kept(once, np.flatnonzero(kept), landed[0]), *self._counted(keys, chosen, landed[1])]
        self._rows.offer_rows(sum(len(rows.places) for rows in found), partial(self._table, once, found))

    def _counted(self, keys: NDArray[np.uint64], chosen: list[Members], landed: _Array) -> Iterator[_Rows]:
        """Rows of cohorts that are counted again."""
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
        word, which = np.concatenate(words), np.concatenate(closed)
        for i in range(len(NTH)):
            counts = np.zeros((len(cells), len(COUNTS)), np.int32)
            add_up(word, which, places, i, 1, counts)
            yield _rows(i, cells >> _DAY_BITS, _day(cells), counts, landed)

    def _of_kept(self, once: _Array, wanted: NDArray[np.intp], landed: _Array) -> Iterator[_Rows]:
        """Rows of the cohorts, at these places, whose counts are kept."""
        numbers, (ones, days, _) = _number(once["value"][wanted], once["dimension"][wanted]), self._kept.pairs
        order = np.argsort(numbers)
        places = np.searchsorted(numbers[order], ones)
        hit = np.flatnonzero(np.append(numbers[order], -1)[places] == ones)
        of = wanted[order[places[hit]]]
        sort = np.lexsort((days[hit], of))
        for i in range(len(NTH)):
            counts = self._kept.rows["counts"][hit[sort], i]
            yield _rows(i, of[sort], days[hit[sort]], counts, landed)

    def _table(self, once: _Array, found: list[_Rows]) -> pa.Table:
        lengths = np.concatenate([rows.lengths for rows in found])
        offsets = pa.array(np.append(0, np.cumsum(lengths)).astype(np.int32))
        columns = self._brought.columns(once[np.concatenate([rows.places for rows in found])])
        nth = [np.full(len(rows.places), NTH[rows.nth], np.uint8) for rows in found]
        days, counts = (np.concatenate([getattr(rows, name) for rows in found]) for name in ("days", "counts"))
        columns |= {"n": pa.array(np.concatenate(nth)), "gone": pa.array((lengths == 0).astype(np.uint8))}
        columns["cohorts"] = pa.ListArray.from_arrays(offsets, pa.array(days).cast(pa.date32()))
        for what, name in enumerate(COUNTS):
            values = np.ascontiguousarray(counts[:, what]).astype(np.uint32)
            columns[name] = pa.ListArray.from_arrays(offsets, pa.array(values))
        return pa.table(columns)


def _number(values: _Array, dimensions: _Array) -> NDArray[np.int32]:
    """One number for a value of a dimension."""
    found: NDArray[np.int32] = (values * len(DIMENSIONS) + dimensions).astype(np.int32)
    return found


def _day(codes: NDArray[np.int64]) -> NDArray[np.int32]:
    found: NDArray[np.int32] = (codes & (1 << _DAY_BITS) - 1).astype(np.int32)
    return found


def _rows(i: int, of: _Array, days: NDArray[np.int32], counts: NDArray[np.int32], landed: _Array) -> _Rows:
    """Rows of what is counted of days; of, days: ascending; landed: which of `NTH` have a row, by place."""
    there = np.flatnonzero(counts[:, 0])
    lengths = np.bincount(of[there], minlength=len(landed))
    places = np.flatnonzero((lengths > 0) | (landed >> i & 1 > 0))
    return _Rows(i, places, lengths[places], days[there], counts[there])
