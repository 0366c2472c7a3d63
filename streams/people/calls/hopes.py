"""Rows of `people_call_groups`: how many members would come if their group were called now; `*`: of all, each once."""

# mypy: disable-error-code="no-untyped-call"

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.hopes import CHANCES, NOBODY, PARTS, RECENT, best_hopes, hopes_in, recent_calls
from analytics.people.lists import Lists, rows_of
from schemas.agents import TABLES
from sinks.clickhouse.readers.people import ALL
from streams.people.calls.book import CallBook
from streams.people.calls.exposures import Exposures
from streams.people.memory.distinct import distinct
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed, TextKeys
from streams.people.memory.names import Codes

_EVER = int(NOBODY) + 1


class _Everybody(NamedTuple):
    members: NDArray[np.void]
    groups: Codes
    known_groups: NDArray[np.void]
    members_in: Lists
    members_of: Lists


class Hopes:
    """To how many of its group's newest calls every member was exposed and came, and what follows from that."""

    def __init__(self, everybody: Everybody, book: CallBook, exposures: Exposures) -> None:
        self._everybody, self._book, self._exposures = everybody, book, exposures
        self._landed = Landed(TABLES["people_call_groups"], TextKeys(("group_id",)))
        self.landed = (self._landed,)
        self._asked, self._came = np.empty(0, np.uint8), np.empty(0, np.uint8)
        self._best, self._calls = np.empty(0, np.uint8), np.empty(0, np.uint8)

    def recent(self, groups: Codes, now_ms: int) -> NDArray[np.int32]:
        """The newest calls of groups whose window is over; −1 where there are fewer."""
        found = np.full((len(groups), RECENT), -1, np.int32)
        recent_calls(self._book.arrays(), self._book.calls["end_ms"], now_ms, groups, found)
        return found

    def offer(self, touched: Touched, called: Codes, now_ms: int) -> None:
        """Offer the rows of groups, `called`: whose calls are not as they were."""
        everybody = self._everybody
        arrays = _Everybody(
            everybody.members, everybody.places[0], everybody.groups, everybody.members_in, everybody.members_of
        )
        self._grow()
        called = called[called < len(everybody.members_in.firsts) - 1].astype(np.int32)
        self._ask(called, self.recent(called, now_ms))
        groups = distinct(called, touched.groups)
        groups = groups[self._calls[groups] > 0]
        cells = np.zeros((len(groups), _EVER), np.int64)
        hopes_in(arrays, groups, self._asked, self._came, cells)
        concerned = everybody.person[everybody.places[1][rows_of(everybody.members_in, called)]]
        persons = distinct(touched.persons, concerned)
        best_hopes(arrays, persons, self._calls > 0, self._asked, self._came, CHANCES, self._best)
        all_of = int((self._calls > 0).any())
        count = len(groups) + all_of
        counts = np.bincount(self._best, minlength=2 * _EVER)
        best = (counts[:_EVER] + counts[_EVER:])[None, :]
        ever = np.append(cells[:, :NOBODY][:, np.arange(NOBODY) % (RECENT + 1) > 0].sum(axis=1), counts[_EVER:].sum())
        cells = np.concatenate([cells, best])[:count, :NOBODY]
        calls = np.append(self._calls[groups].astype(np.uint64), self._calls.sum(dtype=np.uint64))
        values = pa.table({
            "calls": pa.array(calls[:count]),
            "members": pa.array(cells.sum(axis=1).astype(np.uint64)),
            "answered_any": pa.array(ever[:count].astype(np.uint64)),
            "expected_answerers": pa.array(cells @ CHANCES / PARTS),
        })  # fmt: skip
        ids = [*everybody.group_names.strings(groups).to_pylist(), *[ALL] * all_of]
        left = everybody.group_names.strings(called[self._calls[called] == 0]).to_pylist() + [ALL] * (1 - all_of)
        self._landed.offer(values, self._numbers(ids), gone=self._numbers(left))

    def _numbers(self, ids: list[str]) -> Codes:
        return self._landed.keys.numbers(pa.table({"group_id": pa.array(ids, pa.string())}))

    def _grow(self) -> None:
        everybody = self._everybody
        for name, size in (
            ("_asked", len(everybody.members)), ("_came", len(everybody.members)),
            ("_best", len(everybody.person)), ("_calls", len(everybody.group_names)),
        ):  # fmt: skip
            have = getattr(self, name)
            more = np.full(max(size - len(have), 0), NOBODY if name == "_best" else 0, np.uint8)
            setattr(self, name, np.append(have, more))

    def _ask(self, groups: Codes, recent: NDArray[np.int32]) -> None:
        rows = rows_of(self._everybody.members_in, groups)
        self._asked[rows], self._came[rows] = 0, 0
        self._calls[groups] = (recent >= 0).sum(axis=1)
        for number in recent[recent >= 0].tolist():
            exposed = self._exposures.rows[number]
            self._asked[exposed] += 1
            self._came[exposed] += self._exposures.came[number]
