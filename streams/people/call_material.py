"""What was written and done in the windows of calls: of late from memory, else read again by group and time."""

from collections.abc import Generator
from typing import Any

import numpy as np

from sinks.clickhouse.readers.calls import New, Request
from streams.people.call_book import CallBook
from streams.people.everybody import Everybody
from streams.people.names import Codes
from streams.people.recent import NEVER, Acts, Recent, Times, Writes


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
        np.minimum.at(need, calls["group"], 2 * calls["called_ms"] - calls["end_ms"])
        lacking = np.flatnonzero(need < self._recent.held_from()).astype(np.int32)
        held = need.copy()
        held[lacking] = NEVER
        parts = [self._recent.within(held)]
        if len(lacking):
            parts.append((yield from self._written(lacking, int(need[lacking].min()), end_ms)))
        if begin_ms >= self._recent.used_from:
            used = self._recent.used_within(begin_ms, end_ms)
        else:
            used = yield from self._used(begin_ms, end_ms)
        return np.concatenate([one[0] for one in parts]), np.concatenate([*(one[1] for one in parts), used])

    def _written(self, groups: Codes, from_ms: int, end_ms: int) -> Generator[Request, Any, tuple[Writes, Acts]]:
        """Read groups again, and hold those that have open calls from there on."""
        open_from = self._open_from()
        names = self._everybody.group_names.strings(groups).to_pylist()
        until_ms = end_ms if open_from[groups].min() == NEVER else int(NEVER)
        table = yield lambda reader: reader.written(names, from_ms, until_ms)
        found = self._recent.written(table)
        whole = groups[(open_from[groups] < NEVER) & (open_from[groups] >= from_ms)]
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
        np.minimum.at(found, calls["group"], 2 * calls["called_ms"] - calls["end_ms"])
        return found

    def _used_from(self) -> int:
        calls = self._book.calls
        return int(calls["called_ms"][calls["open"] == 1].min(initial=NEVER))
