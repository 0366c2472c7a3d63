"""Columns of bytes and integers as Arrow arrays, the form in which bulk rows land. Copies once, compiled."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.compiled import kernel


@kernel
def _gather(buffer, starts, lengths, offsets, data):
    at = 0
    for i in range(len(starts)):
        n, start = lengths[i], starts[i]
        for j in range(n):
            data[at + j] = buffer[start + j]
        at += n
        offsets[i + 1] = at


@kernel
def _id_spans(arena, places, starts, lengths):
    for i in range(len(places)):
        at = places[i]
        starts[i] = at + 2
        lengths[i] = arena[at] | np.int32(arena[at + 1]) << 8 if at >= 0 else 0


def strings(buffer: NDArray[np.uint8], starts: NDArray[Any], lengths: NDArray[Any]) -> pa.Array:
    """The UTF-8 strings at `starts` with `lengths` bytes."""
    offsets = np.zeros(len(starts) + 1, np.int32)
    data = np.empty(int(lengths.sum(dtype=np.int64)), np.uint8)
    _gather(buffer, starts, lengths, offsets, data)
    return pa.Array.from_buffers(pa.string(), len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


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


def lists(buffer: NDArray[np.uint8], elements: NDArray[np.int32], firsts: NDArray[Any], counts: NDArray[Any]) -> pa.Array:
    """Lists of strings: `counts` elements from `firsts` on in `elements` (start, length)."""
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    places = np.repeat(firsts - offsets[:-1], counts) + np.arange(offsets[-1])
    picked = elements[places]
    values = strings(buffer, np.ascontiguousarray(picked[:, 0]), np.ascontiguousarray(picked[:, 1]))
    return pa.ListArray.from_arrays(pa.array(offsets), values)
