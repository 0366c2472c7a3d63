"""What a worker keeps of one partition of an agent's topic, and the contract between that and a task.

A state is a NamedTuple of arrays whose `counts` says how much of each is in use; its rows carry `slot` and `dirty`.
Knows nothing of Kafka or ClickHouse.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.kernels.calendar import HOUR_MS, day_starts
from analytics.kernels.event_ids import rebuild_ids, remember_ids
from schemas.agents import DAY_CLOSINGS, AgentSpec
from schemas.columns import columns
from schemas.errors import DataError
from schemas.frame import Frame
from streams.landing.event_rows import Applied
from streams.state.arrays import Collected, Loaded, Rows, StateTable, grown, indices
from streams.state.closings import day_closing_row
from streams.state.partition_clock import Closing, PartitionClock

#: Maximum rows that one record may add to one array.
MOST_NEW = 4
#: A membership has the place of its id in 32 bits; the id itself still has to fit.
_MOST_ID_BYTES = (1 << 32) - (1 << 16)


class PartitionState:
    """The arrays of one partition. An agent's state says which there are and what a record does to them.

    Who calls what, and when:

    - A take-over makes an `empty` state and fills it: the tables of `loaded`, in their order, then the event ids.
    - For every frame, in the order of offsets: `waking`, `wake` if that named any, `derive`, `apply`.
    - For every flush: `collect`; later either `confirmed`, and then `evict`, or `put_back`. Frames are applied in
      between. There is never more than one flush under way.

    All of these run in one thread, that of the kernels, and never at the same time; none of them may block. The makers
    of rows in what `collect` returns run in other threads meanwhile: they must hold copies of all that may change, and
    of the state read only ids, which stay where they are until the flush has ended.

    To be exact whatever crashes, what `apply` makes of a record must be a function of the records before it: never
    of how they came in frames, of flushes, or of a clock.
    """

    agent: AgentSpec
    rows: ClassVar[dict[str, Rows]]
    tables: ClassVar[tuple[StateTable, ...]]
    #: Tables of a cut in the order in which they are loaded, and the one whose rows may leave memory.
    loaded: ClassVar[dict[str, Loaded]]
    cold_table: ClassVar[str] = ""
    #: Places in `counts`: bytes of the arena, event ids.
    arena_count: ClassVar[int]
    ids_count: ClassVar[int]
    #: Places in `counts` of what people watch.
    watched: ClassVar[dict[str, int]] = {}

    state: Any
    #: Number of records for which an event id is remembered.
    horizon: int
    #: The partition's clock after the records applied so far; 0 before the first. Set when a cut is loaded.
    clock_ms: int = 0

    def __init__(self, time_zone: str = "UTC", lateness_h: int = 48, horizon: int = 4_000_000) -> None:
        self._settings = time_zone, lateness_h, horizon
        self.horizon, self.day_starts, self.lateness_ms = horizon, day_starts(time_zone), lateness_h * HOUR_MS
        self._clock = PartitionClock(columns(self.agent.contract), self.day_starts, self.lateness_ms)
        self._closings: dict[str, list[pa.Table]] = {}

    def empty(self) -> "PartitionState":
        """A new state with nothing in it and the same settings."""
        raise NotImplementedError

    def waking(self, frame: Frame) -> Sequence[tuple[str, ...]]:
        """Keys in `cold_table` of rows that a frame needs and that are not in memory."""
        return []

    def wake(self, table: pa.Table) -> None:
        """Put rows that were read back into memory; only called where `waking` may name some."""
        raise NotImplementedError

    def derive(self, frame: Frame) -> None:
        """Fill in what is derived from fields that do not land; it lands with the record."""

    def apply(self, frame: Frame) -> Applied:
        """Apply every good record of a frame; what closed days held is taken before the record that closes them.

        Raises `DataError` when a partition holds more than it can.
        """
        applied, first = self.nothing_applied(len(frame.offsets)), 0
        self.clock_ms, closings = self._clock.advance(self.clock_ms, frame)
        for closing in closings:
            self.apply_rows(frame, first, closing.row, applied)
            self._close(closing)
            first = closing.row
        self.apply_rows(frame, first, len(frame.offsets), applied)
        return applied

    def nothing_applied(self, count: int) -> Applied:
        """What `apply_rows` fills in for so many records."""
        return Applied(np.zeros(count, np.uint8))

    def apply_rows(self, frame: Frame, first: int, until: int, applied: Applied) -> None:
        """Apply the good records of a frame from row `first` to the one before `until`."""
        raise NotImplementedError

    def day_acts(self, first_day: int, until_day: int) -> dict[str, pa.Table]:
        """Rows, by table, of those who were active on days from `first_day` to the one before `until_day`."""
        return {}

    def _close(self, closing: Closing) -> None:
        """Keep the rows of the days that the next record closes; they land with the next flush."""
        if not self.agent.closings:
            return
        found = self.day_acts(closing.first_day, closing.until_day)
        for table, rows in {DAY_CLOSINGS.name: day_closing_row(closing), **found}.items():
            if rows.num_rows:
                self._closings.setdefault(table, []).append(rows)

    def evict(self, limit: int) -> int:
        """Drop cold rows when more than `limit` are in memory; no flush may be running. Returns how many."""
        return 0

    def count(self, what: int) -> int:
        """How many rows of an array are in use; `what` is a place in `counts`. Any thread may ask."""
        return int(self.state.counts[what])

    # --- room

    def grow(self, short: int, offset: int) -> None:
        """Make room in the array at this place of the state; `offset` is that of the record that did not fit."""
        name = self.state._fields[short]
        if name in self.rows:
            self._make_room(name, self.count(self.rows[name].count) + MOST_NEW)
        elif name == "arena":
            used = self.count(self.arena_count)
            _check_ids(used)
            self.state = self.state._replace(arena=grown(self.state.arena, used))
        elif name == "ids":
            self._forget_ids(offset)
        else:
            raise AssertionError(f"no rule says how {name} grows")

    def reserve(self, arena: int = 0, **more: int) -> None:
        """Make room for this many more rows of each array, and bytes."""
        for name, count in more.items():
            if count:
                self._make_room(name, self.count(self.rows[name].count) + count)
        while arena and self.count(self.arena_count) + arena + 4096 > len(self.state.arena):
            self.grow(self.state._fields.index("arena"), 0)

    def _make_room(self, name: str, rows: int) -> None:
        """Make room for this many rows of an array in total."""
        known = self.rows[name]
        if rows > len(getattr(self.state, name)):
            bigger = {
                array: grown(getattr(self.state, array), self.state.counts[used], rows)
                for array, used in {name: known.count, **known.beside}.items()
            }
            self.state = self.state._replace(**bigger)
        self.index(known.index, int(rows * known.places) + 1, known.rebuild)

    def index(self, name: str, needed: int, rebuild: Callable[[Any], None]) -> None:
        """Make an index with room for `needed` places, and fill it again."""
        size = len(getattr(self.state, name))
        while size < needed:
            size *= 2
        self.state = self.state._replace(**{name: indices(size)})
        rebuild(self.state)

    # --- event ids

    def remember(self, hashes: NDArray[np.uint64], offsets: NDArray[np.int64]) -> None:
        """Remember event ids seen at these offsets (ascending)."""
        size = len(self.state.ids)
        while size * 3 < (len(hashes) + 1) * 5:
            size *= 2
        ids, at = np.zeros(size, np.uint64), np.zeros(size, np.int64)
        self.state = self.state._replace(ids=ids, id_offsets=at)
        self.state.counts[self.ids_count] = remember_ids(ids, at, hashes, offsets)

    def _forget_ids(self, offset: int) -> None:
        """Drop the event ids beyond the horizon; make room when too few were dropped."""
        state = self.state
        live = int(np.count_nonzero((state.ids != 0) & (state.id_offsets >= offset - self.horizon)))
        size = len(state.ids)
        while size * 2 < live * 5:
            size *= 2
        ids, at = np.zeros(size, np.uint64), np.zeros(size, np.int64)
        state.counts[self.ids_count] = rebuild_ids(state.ids, state.id_offsets, ids, at, offset - self.horizon)
        self.state = state._replace(ids=ids, id_offsets=at)

    # --- flushes

    def collect(self) -> Collected:
        """Take copies of everything that changed; what changes from now on waits for the next flush."""
        state, found = self.state, Collected()
        for one in self.tables:
            dirty = getattr(state, one.listed)[: state.counts[one.count]].copy()
            if len(dirty):
                found.changed[one.array] = dirty
                array = getattr(state, one.array)
                array["dirty"][dirty] = 0
                records = array.take(dirty)  # whole records: ten times faster than an index
                found.add(one.table, partial(one.make, state, records))
            state.counts[one.count] = 0
        found.closings, self._closings = self._closings, {}
        for table, parts in found.closings.items():
            found.add(table, partial(pa.concat_tables, parts))
        return found

    def confirmed(self, found: Collected) -> None:
        """Confirm that what was taken is checkpointed: its slots become the ones to keep."""
        for array, changed in found.changed.items():
            getattr(self.state, array)["slot"][changed] ^= 1

    def put_back(self, found: Collected) -> None:
        """Put back what was taken but did not become a checkpoint: it waits again."""
        state = self.state
        for one in self.tables:
            dirty, again = getattr(state, one.array)["dirty"], found.changed.get(one.array, np.empty(0, np.int32))
            again = again[dirty[again] == 0]
            dirty[again] = 1
            used = self.count(one.count)
            getattr(state, one.listed)[used : used + len(again)] = again
            state.counts[one.count] = used + len(again)
        for table, parts in found.closings.items():
            self._closings[table] = parts + self._closings.get(table, [])


def load_ids(state: PartitionState, table: pa.Table) -> None:
    """Remember the event ids of records that landed before a checkpoint, in offset order."""
    hashes = np.asarray(table["event_hash"]).astype(np.uint64)
    state.remember(hashes, np.asarray(table["offset"]).astype(np.int64))


def _check_ids(used: int) -> None:
    """Raise `DataError` when the ids of a partition need more bytes than their places can address (4 GiB)."""
    if used >= _MOST_ID_BYTES:
        raise DataError(
            "The ids of one partition's memberships take more than 4 GiB: lower worker.max_memberships, or import into "
            "a topic with more partitions (kafka.chat_partitions)."
        )
