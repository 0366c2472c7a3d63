"""One 64-bit number per row of a table, by which a row that has landed is told from a new one."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import hash64, mix
from streams.landing.arrow import span_columns

Hashes = NDArray[np.uint64]
_NULL, _STEP = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)


@kernel
def _add(hashes, values):
    for i in range(len(hashes)):
        hashes[i] = mix(hashes[i] ^ values[i]) + _STEP


@kernel
def _texts(buffer, starts, lengths, values):
    for i in range(len(starts)):
        values[i] = hash64(buffer, starts[i], lengths[i])


@kernel
def _lists(offsets, elements, values):
    for i in range(len(values)):
        found = _STEP ^ np.uint64(offsets[i + 1] - offsets[i])
        for j in range(offsets[i], offsets[i + 1]):
            found = mix(found ^ elements[j - offsets[0]]) + _STEP
        values[i] = found


def row_hashes(rows: pa.Table, columns: tuple[str, ...]) -> Hashes:
    """Hash of these columns of every row; shape (n,). Equal rows have equal hashes, whatever chunks they come in."""
    found = np.zeros(rows.num_rows, np.uint64)
    for name in columns:
        _add(found, _values(rows[name].combine_chunks()))
    return found


def _values(array: pa.Array) -> Hashes:
    """A hash of each value of a column."""
    if isinstance(array, pa.ChunkedArray):  # a table without any row
        array = pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        values: Hashes = np.append(_values(array.dictionary), _NULL)
        codes = array.indices.fill_null(len(array.dictionary)) if array.null_count else array.indices
        found: Hashes = values[np.asarray(codes)]
        return found
    if array.null_count:
        there = np.asarray(array.is_valid())
        found = np.full(len(array), _NULL, np.uint64)
        found[there] = _values(array.drop_null())
        return found
    if pa.types.is_list(array.type) or pa.types.is_map(array.type):
        return _of_lists(array)
    if pa.types.is_struct(array.type):
        found = np.zeros(len(array), np.uint64)
        for part in array.flatten():
            _add(found, _values(part))
        return found
    found = np.empty(len(array), np.uint64)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        _texts(*span_columns(pa.chunked_array([array])), found)
        return found
    return _bits(array)


def _of_lists(array: pa.Array) -> Hashes:
    found = np.empty(len(array), np.uint64)
    elements = array.flatten() if pa.types.is_list(array.type) else pa.StructArray.from_arrays(
        [array.keys, array.items], ["key", "value"]
    )  # fmt: skip
    _lists(np.asarray(array.offsets).astype(np.int64), _values(elements), found)
    return found


def _bits(array: pa.Array) -> Hashes:
    """Numbers, days and times by their bits; whole numbers whatever their width."""
    if pa.types.is_temporal(array.type):
        array = array.cast(pa.int32() if pa.types.is_date32(array.type) else pa.int64())
    elif pa.types.is_boolean(array.type):
        array = pc.cast(array, pa.uint8())
    values: NDArray[Any] = np.asarray(array)
    if values.dtype.kind == "f":
        return np.ascontiguousarray(values, np.float64).view(np.uint64)
    return values.astype(np.int64).view(np.uint64) if values.dtype.kind == "i" else values.astype(np.uint64)
