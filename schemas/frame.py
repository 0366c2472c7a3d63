"""A frame: the contiguous records of one partition, as columns over one byte buffer."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Records(NamedTuple):
    """`n` records of one partition as the broker stores them; nothing is decoded yet.

    `buffer` holds the bytes (writable room may follow them); `starts`/`lengths` mark the values (length -1: tombstone),
    `key_starts`/`key_lengths` the keys (-1: none). `timestamps` are the records' own, milliseconds. The frame
    spans the offsets `first` to `following` - 1, including offsets without a record (compaction, transactions).
    """

    buffer: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    starts: NDArray[np.int32]
    lengths: NDArray[np.int32]
    key_starts: NDArray[np.int32]
    key_lengths: NDArray[np.int32]
    first: int
    following: int

    def value(self, row: int) -> bytes | None:
        """The record's value, byte for byte."""
        return _slice(self.buffer, int(self.starts[row]), int(self.lengths[row]))

    def after(self, offset: int) -> "Records":
        """The records at `offset` or later."""
        skip = int(np.searchsorted(self.offsets, offset))
        columns = {name: getattr(self, name)[skip:] for name in Records._fields[1:7]}
        return self._replace(**columns, first=max(self.first, offset))

    def key(self, row: int) -> bytes | None:
        """The record's key, byte for byte."""
        return _slice(self.buffer, int(self.key_starts[row]), int(self.key_lengths[row]))


class Frame(NamedTuple):
    """`n` decoded records of one partition.

    `ok` is 1 where the record keeps the contract; only there the rest is meaningful. `present` has one bit per field
    (`schemas.columns.Field.index`). `words` (fields, n) holds integers, booleans and enum codes; `spans` (fields, 2, n)
    start and length in `buffer` of strings, or start and count in `elements` of lists; the row of a field in either is
    `Columns.places[field.index]`. `extra` is 1 where unknown fields were kept out.
    """

    buffer: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    ok: NDArray[np.uint8]
    extra: NDArray[np.uint8]
    types: NDArray[np.uint8]
    present: NDArray[np.uint64]
    words: NDArray[np.int64]
    spans: NDArray[np.int32]
    elements: NDArray[np.int32]


def _slice(buffer: NDArray[np.uint8], start: int, length: int) -> bytes | None:
    return None if length < 0 else buffer[start : start + length].tobytes()
