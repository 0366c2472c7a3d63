"""One task: one partition of an input topic, its state, what waits to land, and the term in which it is owned.

Nothing here does I/O: frames come in, flushes come out, and the caller reports how they went. The rules are those of
`docs/exactness.md`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.kernels.event_ids import EXCLUDED
from schemas.errors import DataError
from schemas.frame import Frame, Records
from sinks.contract import NO_CHAIN, Chain, Checkpoint, Cut, Head
from streams.checkpoint.flush import Flush
from streams.dead_letters.letter import Letter, letter_rows
from streams.dead_letters.limits import DeadLetterLimits
from streams.decode.decoder import DeadLetter, decode
from streams.landing.event_rows import Target, event_rows
from streams.state.base import PartitionState

#: The last checkpointed rows of keys that are not in memory; blocks until they arrive.
ReadBack = Callable[[Sequence[tuple[str, ...]]], pa.Table]
#: Indices of those offsets of a partition that belong to excluded records.
Excluded = Callable[[int, NDArray[np.int64]], NDArray[np.int64]]
#: Schedules a function, perhaps in another thread; returns a function that waits for its result.
Later = Callable[[Callable[[], Any]], Callable[[], Any]]


def _nothing_to_read(keys: Sequence[tuple[str, ...]]) -> pa.Table:
    raise AssertionError(f"{len(keys)} cold rows wake in a task that nobody owns")


def _none(partition: int, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.empty(0, np.int64)


def _at_once(function: Callable[[], Any]) -> Callable[[], Any]:
    result = function()
    return lambda: result


@dataclass
class Task:
    """One partition of a processor.

    `cut` is the last confirmed checkpoint, `clock_ms` the partition's clock there, `next_offset` the first record not
    yet applied. `excluded` gives, by partition and offsets, the places of records that operators have excluded: they
    land but have no other effect. `keep_raw`: the records themselves land too.
    """

    topic: str
    partition: int
    state: PartitionState
    settings: str = ""
    worker: str = ""
    store_text: bool = False
    store_names: bool = True
    keep_raw: bool = True
    limits: DeadLetterLimits = field(default_factory=DeadLetterLimits)
    cut: Cut = field(default_factory=lambda: Cut(0, 0))
    next_offset: int = 0
    epoch: int = 0
    flushing: Flush | None = None
    max_rows: int = 5_000_000
    clock_ms: int = 0
    evicted: int = 0
    woken: int = 0
    excluded: Excluded = _none
    _read_back: ReadBack = _nothing_to_read
    _raw: list[Callable[[], dict[Target, pa.Table]]] = field(default_factory=list)
    _letters: list[Letter] = field(default_factory=list)
    _events: int = 0
    _flushed_offset: int = 0
    _begin_offset: int = 0
    _before: dict[int, int] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """Records applied since the last flush began."""
        return self._events

    @property
    def unflushed(self) -> int:
        """Records applied but not yet covered by a checkpoint."""
        return self._events + (self.flushing.events if self.flushing else 0)

    @property
    def flushed_offset(self) -> int:
        """Next offset of the last confirmed checkpoint."""
        return self._flushed_offset

    @property
    def head(self) -> Head:
        """The last confirmed checkpoint, as it is vouched for once Kafka has taken its commit."""
        return Head(
            self.topic, self.partition, self.epoch, self.cut, self._flushed_offset, self._begin_offset, self.clock_ms,
            self.worker,
        )  # fmt: skip

    def resume(
        self, first: Checkpoint, next_offset: int, read_back: ReadBack = _nothing_to_read, before: Chain = NO_CHAIN
    ) -> None:
        """Own the partition for a term.

        `first` is the term's first checkpoint, `next_offset` the first record to apply; `read_back` returns rows of
        the cut that are not in memory. `before`: what the term continues from.
        """
        self._before = dict(before.last)
        self.cut, self.clock_ms, self.next_offset = first.cut, first.clock_ms, next_offset
        self._flushed_offset = self._begin_offset = first.offsets[self.topic]
        self._read_back = read_back

    @property
    def chain(self) -> dict[int, int]:
        """Of every term on the way to the last confirmed checkpoint, the last sequence that counts."""
        return self._before | {self.cut.term: self.cut.sequence}

    def reset(self) -> None:
        """Drop everything in memory, so that it is loaded again."""
        self.state = self.state.empty()
        self.flushing, self._raw, self._letters, self._events = None, [], [], 0
        self.limits = DeadLetterLimits(self.limits.ratio, self.limits.run)

    def apply(
        self, records: Records, decoded: tuple[Frame, list[DeadLetter]] | None = None, later: Later = _at_once
    ) -> bool:
        """Apply the records that were not applied yet; `decoded` is what `decode` made of all of them.

        Returns False when records before this frame are missing: fetch from `next_offset` again. Raises `DataError`
        when too many records break the contract; those before the limit are applied. `later` builds the rows in which
        the records land.
        """
        if records.first > self.next_offset:
            return False
        if records.following <= self.next_offset:
            return True
        if records.first < self.next_offset:
            records, decoded = records.after(self.next_offset), None
        frame, dead = decoded or decode(self.state.agent.contract, records)
        stop = self.limits.judge(records.offsets, frame.ok)
        short = stop < len(records.offsets)
        if stop:
            taken = _head(frame, stop) if short else frame
            self._take(taken, records, [letter for letter in dead if letter.row < stop], later)
        if short:
            self.next_offset = int(records.offsets[stop])
            raise DataError(self.limits.message(self.topic, self.partition, self.next_offset))
        self.next_offset = records.following
        return True

    def _take(self, frame: Frame, records: Records, dead: list[DeadLetter], later: Later) -> None:
        """Take a frame through every step: rows it needs, features, state, the rows in which it lands, dead letters."""
        state, excluded = self.state, self.excluded(self.partition, frame.offsets)
        counted = _without(frame, excluded) if len(excluded) else frame
        if asleep := state.waking(counted):
            self.woken += len(asleep)
            state.wake(self._read_back(asleep))
        state.derive(frame)
        applied = state.apply(counted)
        applied.flags[excluded] = EXCLUDED
        if self.keep_raw:
            self._raw.append(later(partial(event_rows, state.agent, frame, applied, self._withheld())))
        self._letters += [self._letter(frame, records, d) for d in dead]
        self._events += len(frame.offsets)

    def _withheld(self) -> frozenset[str]:
        """Fields that do not land."""
        agent = self.state.agent
        return frozenset((() if self.store_text else agent.texts) + (() if self.store_names else agent.names))

    def _letter(self, frame: Frame, records: Records, dead: DeadLetter) -> Letter:
        row = dead.row
        offset, first_seen_ms = int(frame.offsets[row]), int(frame.timestamps[row])
        key, value = records.key(row), records.value(row)
        return Letter(self.partition, offset, key, value, dead.kind, dead.reason, first_seen_ms)

    @property
    def _anything_new(self) -> bool:
        """Whether something came since the last checkpoint, so that there is a flush."""
        return self.next_offset != self._flushed_offset

    def begin_flush(self) -> Flush | None:
        """Collect everything that changed into one flush, or None when nothing did or a flush is running."""
        if self.flushing is not None or not self._anything_new:
            return None
        cut, found = Cut(self.cut.term, self.cut.sequence + 1), self.state.collect()
        raw, self._raw, letters, self._letters, events, self._events = self._raw, [], self._letters, [], self._events, 0
        if letters:
            found.add("dead_letters", partial(letter_rows, letters))
        offsets = {self.topic: self.next_offset}
        checkpoint = Checkpoint(
            self.topic, self.partition, cut, offsets, None, self.epoch, self.worker, self.state.clock_ms
        )
        self.flushing = Flush(checkpoint, cut.version(self.epoch), raw, found, letters, events)
        return self.flushing

    def confirm(self) -> None:
        """Confirm the running flush, now landed, checkpointed and committed: its slots become the ones to keep."""
        flush = self._end()
        self.state.confirmed(flush.found)
        self.cut, self.clock_ms = flush.checkpoint.cut, flush.checkpoint.clock_ms
        self.evicted += self.state.evict(self.max_rows)
        self._flushed_offset = flush.checkpoint.offsets[self.topic]

    def abandon(self) -> None:
        """Abandon the running flush, which did not become a checkpoint: everything in it waits again."""
        flush = self._end()
        self.state.put_back(flush.found)
        self._raw, self._letters = flush.raw + self._raw, flush.letters + self._letters
        self._events += flush.events

    def _end(self) -> Flush:
        if self.flushing is None:
            raise AssertionError(f"no flush of {self.topic}/{self.partition} is under way")
        flush, self.flushing = self.flushing, None
        return flush


def _without(frame: Frame, rows: NDArray[np.int64]) -> Frame:
    """The frame with these rows marked invalid."""
    ok = frame.ok.copy()
    ok[rows] = 0
    return frame._replace(ok=ok)


def _head(frame: Frame, count: int) -> Frame:
    columns = ("offsets", "timestamps", "ok", "extra", "types", "present")
    heads = {name: getattr(frame, name)[:count] for name in columns}
    return frame._replace(**heads, words=frame.words[:, :count].copy(), spans=frame.spans[:, :, :count].copy())


def confirmed(tasks: list[Task]) -> list[Head]:
    """Confirm the running flushes of these tasks; their heads."""
    for task in tasks:
        task.confirm()
    return [task.head for task in tasks]
