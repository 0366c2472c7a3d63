"""Decoded chat records as rows of the `events` table: every field of the contract, and what the worker found out."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.community import DUPLICATE, IS_LATE, Fields, chat_fields
from analytics.compiled import kernel
from analytics.hashing import hash64
from schemas.columns import Field, Kind, columns
from schemas.frame import Frame
from streams.arrow import categories, lists, strings

_SPEC = columns("chat.events")
_FIELDS: Fields = chat_fields()
_ALWAYS = ("event_id", "ts_ms", "platform", "group_id", "member_id", "type")


@kernel
def _hashes(buffer, starts, lengths, out):  # type: ignore[no-untyped-def]
    for i in range(len(starts)):
        out[i] = hash64(buffer, starts[i], lengths[i])


@kernel
def _first_seen(groups, codes, firsts):  # type: ignore[no-untyped-def]
    """Number the groups of the rows in order of appearance: `codes` a row, `firsts` the first row of each."""
    count = 0
    known = {np.int32(-2): np.int32(0)}
    for i in range(len(groups)):
        if groups[i] not in known:
            known[groups[i]] = np.int32(count)
            firsts[count] = i
            count += 1
        codes[i] = known[groups[i]]
    return count


def _column(frame: Frame, field: Field, rows: NDArray[np.int64]) -> pa.Array:
    place = int(_SPEC.places[field.index])
    has = frame.present[rows] >> np.uint64(field.index) & np.uint64(1) != 0
    if field.kind in (Kind.INT, Kind.BOOL, Kind.ENUM):
        values = frame.words[rows, place]
        if field.kind is Kind.ENUM:
            return categories(np.where(has, values, len(field.values)).astype(np.int8), (*field.values, ""))
        if field.name == "member_count":
            return pa.array(values, mask=~has)
        return pa.array(np.where(has, values, 0))
    starts, lengths = frame.spans[rows, place, 0], frame.spans[rows, place, 1]
    if not has.all():
        starts, lengths = np.where(has, starts, 0), np.where(has, lengths, 0)
    if field.kind is Kind.IDS:
        return lists(frame.buffer, frame.elements, starts, lengths)
    return strings(frame.buffer, np.ascontiguousarray(starts), np.ascontiguousarray(lengths))


def event_rows(frame: Frame, flags: NDArray[np.uint8], groups: NDArray[np.int32], store_text: bool) -> pa.Table:
    """The rows of a frame's good records; columns that no record has are left to their defaults.

    `groups` numbers the group of each record (any numbers, equal for equal groups); `flags` is what `apply` said.
    """
    rows = np.flatnonzero(frame.ok)
    used = np.bitwise_or.reduce(frame.present[rows]) if len(rows) else np.uint64(0)
    found = {"offset": pa.array(frame.offsets[rows]), "kafka_ts_ms": pa.array(frame.timestamps[rows])}
    for field in _SPEC.fields:
        if not used >> np.uint64(field.index) & np.uint64(1) or field.kind is Kind.OTHER:
            continue
        if field.name == "group_id":
            codes, firsts = np.empty(len(rows), np.int32), np.empty(len(rows), np.int64)
            count = _first_seen(groups[rows], codes, firsts)
            found["group_id"] = categories(codes, _column(frame, field, rows[firsts[:count]]))
        elif field.name not in ("schema_version", "text") or (field.name == "text" and store_text):
            found[field.name] = _column(frame, field, rows)
    hashes = np.empty(len(rows), np.uint64)
    spans = frame.spans[rows, _FIELDS.event_id]
    _hashes(frame.buffer, np.ascontiguousarray(spans[:, 0]), np.ascontiguousarray(spans[:, 1]), hashes)
    flag = flags[rows]
    found |= {
        "event_hash": pa.array(hashes),
        "duplicate": pa.array((flag & DUPLICATE).astype(np.uint8)),
        "late": pa.array((flag // IS_LATE & 1).astype(np.uint8)),
    }
    return pa.table(found)
