"""Decode and check a whole frame: the compiled reader first, the pydantic models for every record it is not sure of."""

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.columns import WORDS, Kind, columns
from schemas.errors import InvalidEventError
from schemas.fields import MAX_AHEAD_MS, MAX_VALUE_BYTES
from schemas.frame import Frame, Records
from schemas.validate import validate
from streams.decode.json_kernel import decode as decode_rows
from streams.decode.json_kernel import name_place
from streams.kafka.records import PADDING


class Rules(NamedTuple):
    """`schemas.columns.Columns` as flat arrays for the compiled reader."""

    kinds: NDArray[np.int64]
    place: NDArray[np.int64]
    table: NDArray[np.int16]
    salt: np.uint64
    names: NDArray[np.uint64]
    values: NDArray[np.uint64]
    enum_first: NDArray[np.int64]
    allowed: NDArray[np.uint64]
    required: NDArray[np.uint64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    enum_mask: NDArray[np.uint64]
    filled: NDArray[np.uint64]
    defaults: NDArray[np.int64]
    word_fields: NDArray[np.int64]
    type_field: int
    ts_field: int
    max_bytes: int
    max_ahead: int


@dataclass(frozen=True)
class DeadLetter:
    """A record that breaks the contract: its row in the frame, the error's class, field and message."""

    row: int
    kind: str
    reason: str


def _words(names: list[bytes]) -> NDArray[np.uint64]:
    """Length and the first 24 bytes, as three words, of each name."""
    if any(len(name) > 24 for name in names):
        raise ValueError("names longer than 24 bytes do not fit the reader's tables")
    rows = [(len(name), *np.frombuffer(name.ljust(24, b"\0"), np.uint64)) for name in names]
    return np.array(rows or [(0, 0, 0, 0)], np.uint64)


def _table(names: list[bytes]) -> tuple[NDArray[np.int16], np.uint64]:
    """A collision-free hash table of the names, and its salt."""
    ends = [(len(n), *(np.frombuffer(part.ljust(8, b"\0"), np.uint64)[0] for part in (n[:8], n[-8:]))) for n in names]
    rng = np.random.default_rng(1)
    for _ in range(100_000):
        salt = np.uint64(int(rng.integers(1 << 62)) * 2 + 1)
        with np.errstate(over="ignore"):
            places = [name_place.py_func(*end, salt) for end in ends]
        if len(set(places)) == len(names):
            table = np.full(1024, -1, np.int16)
            table[places] = range(len(names))
            return table, salt
    raise ValueError("no collision-free table for these field names")


@cache
def rules(topic: str) -> Rules:
    """The rule tables of an input topic."""
    spec = columns(topic)
    names = [field.name.encode() for field in spec.fields]
    table, salt = _table(names)
    enum_first = np.array(list(accumulate((len(field.values) for field in spec.fields), initial=0)), np.int64)
    return Rules(
        np.array([field.kind for field in spec.fields], np.int64), spec.places, table, salt,
        _words(names), _words([value.encode() for field in spec.fields for value in field.values]),
        enum_first, spec.allowed, spec.required, spec.low, spec.high, spec.enum_mask, spec.filled, spec.defaults,
        np.array([field.index for field in spec.fields if field.kind in (Kind.INT, Kind.ENUM)], np.int64),
        spec.field("type").index, spec.field("ts_ms").index, MAX_VALUE_BYTES, MAX_AHEAD_MS,
    )  # fmt: skip


def _empty_frame(records: Records, topic: str) -> Frame:
    n, spec = len(records.offsets), columns(topic)
    words = sum(field.kind in WORDS for field in spec.fields)
    return Frame(
        records.buffer, records.offsets, records.timestamps, np.zeros(n, np.uint8), np.empty(n, np.uint8),
        np.empty(n, np.uint8), np.zeros(n, np.uint64), np.empty((words, n), np.int64),
        np.empty((len(spec.fields) - words, 2, n), np.int32), np.empty((len(records.buffer) // 3 + 16, 2), np.int32),
    )  # fmt: skip


def decode(topic: str, records: Records) -> tuple[Frame, list[DeadLetter]]:
    """Decode a frame. Returns its columns and the records that break the contract, in offset order."""
    rule, frame = rules(topic), _empty_frame(records, topic)
    end = int((records.starts + np.maximum(records.lengths, 0)).max(initial=0))
    tail, used = decode_rows(records, np.arange(len(records.offsets)), frame, rule, end, 0)
    judged = columns(topic).judged
    if judged.any():
        sure = np.flatnonzero(frame.ok)
        frame.ok[sure] = ~judged[frame.types[sure]]
    unsure = np.flatnonzero(frame.ok == 0)
    if not len(unsure):
        return frame, []
    dead: list[DeadLetter] = []
    rows: list[int] = []
    canonical: list[bytes] = []
    for row in map(int, unsure):
        try:
            event = validate(topic, records.value(row), int(records.timestamps[row]))
        except InvalidEventError as error:
            dead.append(DeadLetter(row, error.kind, error.reason))
        else:
            rows.append(row)
            canonical.append(event.model_dump_json(exclude_none=True, exclude_defaults=False).encode())
    return (_decode_again(frame, records, rows, canonical, rule, tail, used) if rows else frame), dead


def _decode_again(
    frame: Frame, records: Records, rows: list[int], canonical: list[bytes], rule: Rules, tail: int, used: int
) -> Frame:
    """Decode records that the models accepted from the models' own JSON."""
    extra = np.frombuffer(b"".join(canonical), np.uint8)
    buffer = np.concatenate([frame.buffer[:tail], extra, np.empty(len(extra) + PADDING, np.uint8)])
    starts, lengths = records.starts.copy(), records.lengths.copy()
    lengths[rows] = [len(value) for value in canonical]
    starts[rows] = tail + np.concatenate([[0], np.cumsum(lengths[rows])[:-1]])
    elements = np.concatenate([frame.elements[:used], np.empty((len(extra) // 3 + 16, 2), np.int32)])
    frame = frame._replace(buffer=buffer, elements=elements)
    again: Any = records._replace(buffer=buffer, starts=starts, lengths=lengths)
    decode_rows(again, np.array(rows), frame, rule._replace(max_bytes=1 << 30), tail + len(extra), used)
    if not frame.ok[rows].all():
        raise AssertionError(f"the compiled reader rejects what the contract accepts: {canonical[:3]!r}")
    return frame
