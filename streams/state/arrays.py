"""Arrays that grow, how their rows land and come back, and what a flush takes from them."""

import mmap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

#: Arrays of at least this size get a mapping of their own.
_MAPPED_BYTES = 1 << 20


@dataclass(frozen=True)
class Rows:
    """One array of rows: its count, arrays of the same length, its index, index places per row, how that is filled."""

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
    closed: NDArray[Any] = field(default_factory=lambda: np.empty(0))
    closings: dict[str, list[pa.Table]] = field(default_factory=dict)

    def add(self, table: str, make: Callable[[], pa.Table]) -> None:
        """Rows of a table."""
        self.parts.setdefault(table, []).append(make)


def indices(size: int) -> NDArray[np.int32]:
    """An empty index."""
    return np.full(size, -1, np.int32)


def cleared(size: int, kind: DTypeLike) -> NDArray[Any]:
    """An array of zeros with room to spare: of a large one, pages cost nothing until they are used.

    It gets a mapping of its own: the allocator would hand out used pages and clear them all. Where most of an array is
    filled at once, `np.zeros` is cheaper.
    """
    dtype = np.dtype(kind)
    if size * dtype.itemsize < _MAPPED_BYTES:
        return np.zeros(size, dtype)
    pages = mmap.mmap(-1, size * dtype.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(pages, dtype, size)


def grown(array: NDArray[Any], used: int, needed: int = 0) -> NDArray[Any]:
    """A copy of the rows in use with four times the room, cleared after them."""
    bigger = cleared(max(len(array) * 4, needed), array.dtype)
    size = int(used) * array.itemsize
    bigger.view(np.uint8)[:size] = array.view(np.uint8)[:size]  # as bytes: records are copied field by field
    return bigger
