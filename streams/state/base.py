"""What the states of all processors have in common: arrays that grow, their indices, event ids, what a flush takes.

A state is a NamedTuple of arrays whose `counts` says how much of each is in use; its rows carry `slot` and `dirty`.
Knows nothing of Kafka or ClickHouse.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.kernels.event_ids import rebuild_ids, remember_ids
from schemas.agents import AgentSpec
from schemas.frame import Frame
from streams.dead_letters.limits import check_ids

#: Most rows of one array that one record may add.
MOST_NEW = 4
#: Makes the raw rows of a frame, by table.
RawRows = Callable[[], dict[str, pa.Table]]


@dataclass(frozen=True)
class Rows:
    """One array of rows: its count, arrays as long as it is, its index, places in that a row, how that is filled."""

    count: int
    beside: dict[str, int]
    index: str
    places: float
    rebuild: Callable[[Any], None]


@dataclass(frozen=True)
class StateTable:
    """How an array of rows lands: its table, the array, the list of changed rows, its count, how rows are written."""

    table: str
    array: str
    listed: str
    count: int
    make: Callable[[Any, NDArray[Any]], pa.Table]


@dataclass(frozen=True)
class Loaded:
    """How a table of a cut comes back: the columns to read, and what puts its rows into a state."""

    columns: tuple[str, ...]
    load: Callable[[Any, pa.Table], None]


@dataclass
class Collected:
    """What changed since the last flush: makers of rows by table, and what must be put back if the flush fails."""

    parts: dict[str, list[Callable[[], pa.Table]]] = field(default_factory=dict)
    changed: dict[str, NDArray[np.int32]] = field(default_factory=dict)
    closed: tuple[NDArray[Any], ...] = ()

    def add(self, table: str, make: Callable[[], pa.Table]) -> None:
        """Rows of a table."""
        self.parts.setdefault(table, []).append(make)


def indices(size: int) -> NDArray[np.int32]:
    """An empty index."""
    return np.full(size, -1, np.int32)


def grown(array: NDArray[Any], used: int, needed: int = 0) -> NDArray[Any]:
    """A copy with four times the room; untouched pages cost nothing until used."""
    bigger = np.empty(max(len(array) * 4, needed), array.dtype)
    size = int(used) * array.itemsize
    bigger.view(np.uint8)[:size] = array.view(np.uint8)[:size]  # as bytes: records are copied field by field
    return bigger


class PartitionState:
    """The arrays of one partition. A processor's state says which there are and what a record does to them."""

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
    horizon: int

    def __init__(self, time_zone: str = "UTC", lateness_h: int = 48, horizon: int = 4_000_000) -> None:
        raise NotImplementedError

    @property
    def newest_ms(self) -> int:
        """Highest event time seen; 0: none, or not kept."""
        return 0

    def empty(self) -> "PartitionState":
        """A new state with nothing in it and the same settings."""
        raise NotImplementedError

    def take(self, frame: Frame, withheld: frozenset[str]) -> RawRows:
        """Apply a decoded frame. Its rows, without `withheld` fields, are made when asked for, maybe in a thread."""
        raise NotImplementedError

    def waking(self, frame: Frame) -> Sequence[tuple[str, ...]]:
        """Keys of rows that a frame is about and that are not in memory."""
        return []

    def wake(self, table: pa.Table) -> None:
        """Have rows that were read back in memory."""
        raise NotImplementedError

    def evict(self, limit: int) -> int:
        """Drop cold rows when more than `limit` are in memory; no flush may be under way. Returns how many."""
        return 0

    def count(self, what: int) -> int:
        """How many rows of an array are in use; `what` is a place in `counts`."""
        return int(self.state.counts[what])

    # --- room

    def grow(self, short: int, offset: int) -> None:
        """Make room in the array at this place of the state; `offset` is the record's for which it was too short."""
        name = self.state._fields[short]
        if name in self.rows:
            self._make_room(name, self.count(self.rows[name].count) + MOST_NEW)
        elif name == "arena":
            used = self.count(self.arena_count)
            check_ids(used)
            self.state = self.state._replace(arena=grown(self.state.arena, used))
        elif name == "ids":
            self._forget_ids(offset)
        else:
            raise AssertionError(f"nobody knows how {name} grows")

    def reserve(self, arena: int = 0, **more: int) -> None:
        """Make room for so many more rows of each array, and bytes."""
        for name, count in more.items():
            if count:
                self._make_room(name, self.count(self.rows[name].count) + count)
        while arena and self.count(self.arena_count) + arena + 4096 > len(self.state.arena):
            self.grow(self.state._fields.index("arena"), 0)

    def _make_room(self, name: str, rows: int) -> None:
        """Room for so many rows of an array in all."""
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
        """Take everything that changed; what changes from now on waits for the next flush."""
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
        return found

    def confirmed(self, found: Collected) -> None:
        """What was taken is checkpointed: its slots become the ones to keep."""
        for array, changed in found.changed.items():
            getattr(self.state, array)["slot"][changed] ^= 1

    def put_back(self, found: Collected) -> None:
        """What was taken did not become a checkpoint: it waits again."""
        state = self.state
        for one in self.tables:
            dirty, again = getattr(state, one.array)["dirty"], found.changed.get(one.array, np.empty(0, np.int32))
            again = again[dirty[again] == 0]
            dirty[again] = 1
            used = self.count(one.count)
            getattr(state, one.listed)[used : used + len(again)] = again
            state.counts[one.count] = used + len(again)


def load_ids(state: PartitionState, table: pa.Table) -> None:
    """Remember the event ids of records that landed before a checkpoint, in offset order."""
    hashes = np.asarray(table["event_hash"]).astype(np.uint64)
    state.remember(hashes, np.asarray(table["offset"]).astype(np.int64))
