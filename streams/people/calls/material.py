"""What was written and done in the windows of calls: of late from memory, else read again by group and time."""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.people.periods import merged
from sinks.clickhouse.readers.calls import New, Request
from streams.people.calls.book import CallBook
from streams.people.calls.recent import NEVER, Acts, Recent, Times, Writes
from streams.people.memory.everybody import Everybody
from streams.people.memory.names import Codes


class Material:
    """Messages, replies and reactions of members, and acts of users."""

    def __init__(self, everybody: Everybody, book: CallBook) -> None:
        self._everybody, self._book, self._recent = everybody, book, Recent(everybody)

    def add(self, new: New) -> tuple[Writes, Acts]:
        """Take what is new; returns it."""
        (writes, acts), used = self._recent.written(new.written), self._recent.used(new.acted)
        self._recent.add(writes, acts, used)
        return writes, np.concatenate([acts, used])

    def of(self, numbers: Codes) -> Generator[Request, Any, tuple[Writes, Acts]]:
        """What was written and done in the windows of calls, and in the equal windows before; and more."""
        calls = self._book.calls[numbers]
        begin_ms, end_ms = int(calls["called_ms"].min(initial=NEVER)), int(calls["end_ms"].max(initial=0))
        need = np.full(len(self._everybody.group_names), NEVER)
        np.minimum.at(need, calls["group"], _written_from(calls))
        lacking = need < self._recent.held_from()
        parts = [self._recent.within(np.where(lacking, NEVER, need))]
        if lacking.any():
            parts.append((yield from self._written(calls[lacking[calls["group"]]])))
        if begin_ms >= self._recent.used_from:
            used = self._recent.used_within(begin_ms, end_ms)
        else:
            used = yield from self._used(begin_ms, end_ms)
        return np.concatenate([one[0] for one in parts]), np.concatenate([*(one[1] for one in parts), used])

    def _written(self, calls: NDArray[Any]) -> Generator[Request, Any, tuple[Writes, Acts]]:
        """Read what was written about calls again, and hold that of groups with open calls from there on."""
        open_from = self._open_from()
        groups = np.unique(calls["group"]).astype(np.int32)
        whole = groups[open_from[groups] < NEVER]
        of, from_ms, until_ms = merged(
            np.concatenate([calls["group"], whole]), np.concatenate([_written_from(calls), open_from[whole]]),
            np.concatenate([calls["end_ms"], np.full(len(whole), NEVER)]),
        )  # fmt: skip
        names = self._everybody.group_names.strings(of).to_pylist()
        table = yield lambda reader: reader.written(names, from_ms.tolist(), until_ms.tolist())
        found = self._recent.written(table)
        self._recent.hold(whole, open_from, *found)
        return found

    def _used(self, from_ms: int, end_ms: int) -> Generator[Request, Any, Acts]:
        open_from = self._used_from()
        until_ms = int(NEVER) if from_ms <= open_from < NEVER else end_ms
        table = yield lambda reader: reader.acted(from_ms, until_ms)
        found = self._recent.used(table)
        if until_ms == NEVER:
            self._recent.hold_used(open_from, found)
        return found

    def drop(self) -> None:
        """Drop what no open call needs any more."""
        self._recent.drop(self._open_from(), self._used_from())

    def _open_from(self) -> Times:
        """From when on what is written in each group concerns its open calls; shape (groups,)."""
        calls = self._book.calls[self._book.calls["open"] == 1]
        found = np.full(len(self._everybody.group_names), NEVER)
        np.minimum.at(found, calls["group"], _written_from(calls))
        return found

    def _used_from(self) -> int:
        calls = self._book.calls
        return int(calls["called_ms"][calls["open"] == 1].min(initial=NEVER))


def _written_from(calls: NDArray[Any]) -> Times:
    """From when on what is written concerns calls: as long before each as its window is."""
    found: Times = np.maximum(2 * calls["called_ms"] - calls["end_ms"], 0)
    return found
