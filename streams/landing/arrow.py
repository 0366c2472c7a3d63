"""Columns of bytes and integers as Arrow arrays, the form in which bulk rows land. Copies once, compiled."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import copy_bytes


@kernel
def _offsets(lengths, offsets):
    at = 0
    offsets[0] = 0
    for i in range(len(lengths)):
        at += lengths[i]
        offsets[i + 1] = at


@kernel
def _gather(buffer, starts, offsets, data):
    for i in range(len(starts)):
        copy_bytes(buffer, starts[i], data, offsets[i], offsets[i + 1] - offsets[i])


@kernel
def _id_spans(arena, places, starts, lengths):
    for i in range(len(places)):
        at = places[i]
        starts[i], lengths[i] = 0, 0
        if at >= 0:
            starts[i], lengths[i] = at + 2, arena[at] | np.int32(arena[at + 1]) << 8


def strings(buffer: NDArray[np.uint8], starts: NDArray[Any], lengths: NDArray[Any]) -> pa.Array:
    """The UTF-8 strings at `starts` with `lengths` bytes; the buffer is readable seven bytes past each."""
    offsets = np.empty(len(starts) + 1, np.int32)
    _offsets(lengths, offsets)
    data = np.empty(int(offsets[-1]) + 8, np.uint8)
    _gather(buffer, starts, offsets, data)
    return pa.Array.from_buffers(pa.string(), len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(data[:-8])])


def ids(arena: NDArray[np.uint8], places: NDArray[np.int64]) -> pa.Array:
    """The strings kept in an arena at `places` (-1: the empty string)."""
    starts, lengths = np.empty(len(places), np.int64), np.empty(len(places), np.int32)
    _id_spans(arena, places, starts, lengths)
    return strings(arena, starts, lengths)


def categories(codes: NDArray[Any], values: tuple[str, ...] | pa.Array) -> pa.Array:
    """Strings of few values: their codes, and the values once."""
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(values) if isinstance(values, tuple) else values)


def constant(value: str, count: int) -> pa.Array:
    """One string, `count` times."""
    return categories(np.zeros(count, np.int8), (value,))


def lists(
    buffer: NDArray[np.uint8], elements: NDArray[np.int32], firsts: NDArray[Any], counts: NDArray[Any]
) -> pa.Array:
    """Lists of strings: `counts` elements from `firsts` on in `elements` (start, length)."""
    offsets = np.empty(len(counts) + 1, np.int32)
    _offsets(counts, offsets)
    places = np.repeat(firsts - offsets[:-1], counts) + np.arange(offsets[-1])
    picked = elements[places]
    values = strings(buffer, np.ascontiguousarray(picked[:, 0]), np.ascontiguousarray(picked[:, 1]))
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def plain(records: NDArray[Any], names: tuple[str, ...]) -> dict[str, pa.Array]:
    """Columns of numbers, taken from records as they are."""
    return {name: pa.array(np.ascontiguousarray(records[name])) for name in names}


def slots(records: NDArray[Any]) -> pa.Array:
    """The slot to write: the one that does not hold the last checkpointed version."""
    return pa.array(np.ascontiguousarray(records["slot"]) ^ 1)


def span_columns(column: pa.ChunkedArray) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Buffer, starts and lengths of a string column."""
    array = column.combine_chunks().cast(pa.large_string())
    _, offsets, data = array.buffers()
    at = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    content = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return np.concatenate([content, np.empty(16, np.uint8)]), at[:-1].copy(), np.diff(at)
