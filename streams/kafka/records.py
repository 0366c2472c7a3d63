"""Kafka record batches (magic 2) read as bytes into columns, without a Python object per record.

Layout: Kafka protocol guide, "Record Batch". Touches bytes only; no broker, no clock.
"""

import struct
from collections.abc import Sequence

import aiokafka.codec as codec
import numpy as np
from aiokafka.record.util import calc_crc32c
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from schemas.errors import DataError
from schemas.frame import Records
from streams.kafka.transactions import AbortedTransactions

#: Spare bytes after every buffer, so that a word can be read at any place in it.
PADDING = 32
#: A frame takes whole batches up to this many unpacked bytes; the rest is fetched again. Places are 32-bit numbers.
FRAME_BYTES = 1 << 28
_MOST_BYTES = 1 << 29

_HEADER = struct.Struct(">qiibIhiqqqhii")
_AFTER_CRC = struct.calcsize(">qiibI")
_CONTROL, _TRANSACTIONAL, _APPEND_TIME, _CODEC = 0x20, 0x10, 0x08, 0x07
_DECODERS = {1: codec.gzip_decode, 2: codec.snappy_decode, 3: codec.lz4_decode, 4: codec.zstd_decode}


@kernel
def _varint(buffer: NDArray[np.uint8], at: int) -> tuple[np.int64, int]:
    value, shift = np.uint64(0), np.uint64(0)
    while True:
        byte = np.uint64(buffer[at])
        at += 1
        value |= (byte & np.uint64(0x7F)) << shift
        if byte < 128:
            break
        shift += np.uint64(7)
    return np.int64(value >> np.uint64(1)) ^ -np.int64(value & np.uint64(1)), at


@kernel
def _scan(buffer, at, count, base_offset, base_time, append_time, row, columns):  # type: ignore[no-untyped-def]
    """Mark keys and values of one decompressed batch that begins at `at`; columns as in `Records`, after its buffer."""
    offsets, timestamps, starts, lengths, key_starts, key_lengths = columns
    for i in range(row, row + count):
        size, at = _varint(buffer, at)
        end = at + size
        at += 1
        delta, at = _varint(buffer, at)
        timestamps[i] = append_time if append_time >= 0 else base_time + delta
        delta, at = _varint(buffer, at)
        offsets[i] = base_offset + delta
        size, at = _varint(buffer, at)
        key_starts[i], key_lengths[i] = at, size
        at += max(size, 0)
        size, at = _varint(buffer, at)
        starts[i], lengths[i] = at, size
        at = end
    return at


def _batches(
    data: bytes, check_crc: bool, aborted: AbortedTransactions | None
) -> list[tuple[int, int, int, int, int, bytes | memoryview]]:
    """(base offset, next offset, base time, append time or -1, count, unpacked records) per whole batch in `data`.

    Control batches and aborted ones have no records.
    """
    found: list[tuple[int, int, int, int, int, bytes | memoryview]] = []
    at = unpacked = 0
    view = memoryview(data)
    while len(data) - at >= _HEADER.size:
        header = _HEADER.unpack_from(data, at)
        base, length, _, magic, crc, attributes, last_delta, first_ts, max_ts, producer, _, _, count = header
        end = at + 12 + length
        if end > len(data):
            break
        if magic != 2:
            raise DataError(
                f"Offset {base} is stored in message format {magic}; only format 2 (Kafka 0.11+) can be read."
            )
        if check_crc and calc_crc32c(data[at + _AFTER_CRC : end]) != crc:
            raise DataError(f"The record batch at offset {base} is corrupt: its checksum does not match.")
        records: bytes | memoryview = view[at + _HEADER.size : end]
        if attributes & _CONTROL:
            count, records = 0, b""
            if aborted is not None:
                aborted.ended(producer)
        elif aborted is not None and attributes & _TRANSACTIONAL and aborted.holds(producer, base + last_delta):
            count, records = 0, b""
        elif attributes & _CODEC:
            records = bytes(_DECODERS[attributes & _CODEC](bytes(records)))
        unpacked += len(records)
        if found and unpacked > FRAME_BYTES:
            break
        if unpacked > _MOST_BYTES:
            raise DataError(f"The record batch at offset {base} has {unpacked:,} bytes, more than a frame can hold.")
        append = max_ts if attributes & _APPEND_TIME else -1
        found.append((base, base + last_delta + 1, first_ts, append, count, records))
        at = end
    return found


def read_records(
    data: bytes, first_offset: int, check_crc: bool = False, aborted: Sequence[tuple[int, int]] = ()
) -> Records:
    """Read the whole record batches of one fetch response, up to some hundred megabytes.

    `aborted` is the response's list of aborted transactions: producer id and first offset; their records are left out.

    Returns the records at `first_offset` or later; their buffer has room for unescaped strings after the bytes. Raises
    `DataError` for a corrupt batch.
    """
    batches = _batches(data, check_crc, AbortedTransactions(aborted) if aborted else None)
    size = sum(len(batch[5]) for batch in batches)
    rows = sum(batch[4] for batch in batches)
    buffer = np.empty(size * 2 + PADDING, np.uint8)  # pages are only touched where strings are unescaped into them
    columns = (
        np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows, np.int32), np.empty(rows, np.int32),
        np.empty(rows, np.int32), np.empty(rows, np.int32),
    )  # fmt: skip
    at = row = 0
    for base, _, base_time, append, count, records in batches:
        end = at + len(records)
        buffer[at:end] = np.frombuffer(records, np.uint8)
        if count:
            _scan(buffer, at, count, base, base_time, append, row, columns)
        at, row = end, row + count
    following = max(first_offset, batches[-1][1]) if batches else first_offset
    offsets, timestamps, starts, lengths, key_starts, key_lengths = columns
    found = Records(buffer, offsets, timestamps, starts, lengths, key_starts, key_lengths, first_offset, following)
    return found.after(first_offset)
