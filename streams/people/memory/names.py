"""Names as numbers, and rows found by two numbers: what keeps everybody in memory grows like this.

Nothing is ever dropped. Knows nothing of Kafka or ClickHouse.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.chat.ids import label
from analytics.chat.state import ARENA, LABELS
from analytics.kernels.arena import id_length
from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import hash64, prefetch
from analytics.kernels.open_addressing import index_row
from analytics.kernels.pairs import find_pairs, index_pairs
from analytics.people.states import Pairs
from streams.landing.arrow import span_columns, strings
from streams.state.arrays import grown, indices

Codes = NDArray[np.int32]
#: Strings or pairs that are looked up at a time: there must be room for all of them, though most are known.
_AT_ONCE = 1 << 16
#: Strings whose searches wait for memory together.
_ABREAST = 32


@kernel
def _label_all(
    labels: Any, index: Any, arena: Any, counts: Any, buffer: Any, starts: Any, lengths: Any, found: Any
) -> None:
    """Label strings by some at a time: what a search will touch is fetched while the others' is."""
    for first in range(0, len(starts), _ABREAST):
        last = min(first + _ABREAST, len(starts))
        for i in range(first, last):
            found[i] = np.int64(hash64(buffer, starts[i], lengths[i])) & (len(index) - 1)  # its place, for now
            prefetch(index, np.int64(found[i]))
        for i in range(first, last):
            prefetch(labels, np.int64(max(index[found[i]], 0)))
        for i in range(first, last):
            number = index[found[i]]
            if number >= 0:
                prefetch(arena, labels[number])
        for i in range(first, last):
            found[i] = label(labels, index, arena, counts, buffer, starts[i], lengths[i])


@kernel
def _index_labels(labels: Any, index: Any, arena: Any, count: int) -> None:
    for number in range(count):
        at = labels[number]
        index_row(index, hash64(arena, at + 2, id_length(arena, at)), number)


@kernel
def _spans(labels: Any, arena: Any, chosen: Any, cut: Any, starts: Any, lengths: Any) -> None:
    for i in range(len(chosen)):
        at = labels[chosen[i]]
        starts[i], lengths[i] = at + 2 + cut[i], id_length(arena, at) - cut[i]


class Names:
    """Strings of up to 64 KB, numbered as they come."""

    def __init__(self) -> None:
        self._labels, self._index = np.empty(1024, np.int64), indices(2048)
        self._arena, self._counts = np.empty(1 << 16, np.uint8), np.zeros(8, np.int64)

    def __len__(self) -> int:
        return int(self._counts[LABELS])

    def codes(self, column: pa.ChunkedArray) -> Codes:
        """The number of each string, new ones added; shape (n,)."""
        buffer, starts, lengths = span_columns(column)
        found = np.empty(len(starts), np.int32)
        for some in _in_turn(len(starts)):
            size = int(lengths[some].sum()) + 2 * len(lengths[some])
            self._reserve(len(lengths[some]), size)
            arrays = self._labels, self._index, self._arena, self._counts
            _label_all(*arrays, buffer, starts[some], lengths[some], found[some])
        return found

    def few_codes(self, column: pa.ChunkedArray) -> Codes:
        """The same, faster where few strings repeat."""
        encoded = column.combine_chunks().dictionary_encode()
        found: Codes = self.codes(pa.chunked_array([encoded.dictionary]))[np.asarray(encoded.indices)]
        return found

    def some_codes(self, column: pa.ChunkedArray) -> Codes:
        """The same; −1 for empty strings."""
        there = np.asarray(pc.not_equal(column, ""))
        found = np.full(len(there), -1, np.int32)
        found[there] = self.few_codes(column.filter(pa.array(there)))
        return found

    def strings(self, codes: Codes, cut: NDArray[np.int64] | None = None) -> pa.Array:
        """The strings of these numbers, without so many bytes at the beginning of each."""
        starts, lengths = np.empty(len(codes), np.int64), np.empty(len(codes), np.int64)
        _spans(
            self._labels, self._arena, codes, np.zeros(len(codes), np.int64) if cut is None else cut, starts, lengths
        )
        return strings(self._arena, starts, lengths)

    def texts(self, codes: NDArray[Any]) -> pa.Array:
        """The strings of these numbers, faster where few repeat; empty ones for −1."""
        used, places = np.unique(codes, return_inverse=True)
        first = int(len(used) > 0 and used[0] < 0)
        found = pa.concat_arrays([pa.array([""] * first, pa.string()), self.strings(used[first:].astype(np.int32))])
        return found.take(pa.array(places.astype(np.int32)))

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """For kernels: where each string lies, and the arena in which they do (`analytics.kernels.arena`)."""
        return self._labels, self._arena

    def _reserve(self, more: int, size: int) -> None:
        used, arena = len(self), int(self._counts[ARENA])
        if arena + size + 16 > len(self._arena):
            self._arena = grown(self._arena, arena, arena + size + 16)
        if used + more > len(self._labels):
            self._labels = grown(self._labels, used, used + more)
        if 2 * (used + more) > len(self._index):
            self._index = indices(_power(2 * (used + more)))
            _index_labels(self._labels, self._index, self._arena, used)


class PairRows:
    """Rows of a record type, each found by two numbers; a new one is `blank`."""

    def __init__(self, blank: NDArray[Any]) -> None:
        self._blank, self._count = blank, 0
        self._rows = np.empty(1024, blank.dtype)
        self._ones, self._others, self._index = np.empty(1024, np.int32), np.empty(1024, np.int32), indices(2048)

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> NDArray[Any]:
        """The records; shape (n,)."""
        return self._rows[: self._count]

    @property
    def pairs(self) -> Pairs:
        """Under which numbers they stand."""
        return Pairs(self._ones[: self._count], self._others[: self._count], self._index)

    def find(self, ones: Codes, others: Codes) -> Codes:
        """Row of each pair, new ones added; shape (n,)."""
        found = np.empty(len(ones), np.int32)
        for some in _in_turn(len(ones)):
            before = self._count
            self._reserve(len(ones[some]))
            arrays = self._ones, self._others, self._index
            self._count = find_pairs(*arrays, before, ones[some], others[some], found[some])
            self._rows[before : self._count] = self._blank
        return found

    def _reserve(self, more: int) -> None:
        used, most = self._count, self._count + more
        if most > len(self._rows):
            self._rows, self._ones, self._others = (
                grown(array, used, most) for array in (self._rows, self._ones, self._others)
            )
        if 2 * most > len(self._index):
            self._index = indices(_power(2 * most))
            index_pairs(self._ones, self._others, self._index, used)


def _in_turn(count: int) -> Iterator[slice]:
    """Slices of so many, a limited number each."""
    return (slice(begin, begin + _AT_ONCE) for begin in range(0, count, _AT_ONCE))


def blank(kind: np.dtype[Any], **values: int) -> NDArray[Any]:
    """One record of zeros, but for these values; shape (1,)."""
    one = np.zeros(1, kind)
    for name, value in values.items():
        one[name] = value
    return one


def pair_rows(kind: np.dtype[Any], **values: int) -> PairRows:
    """No rows yet of a record type; new ones have zeros, but for these values."""
    return PairRows(blank(kind, **values))


def _power(least: int) -> int:
    return 1 << max(least - 1, 1).bit_length()
