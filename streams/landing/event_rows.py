"""Decoded records as rows of the tables they land in: every field of the contract, and what the worker derived."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba.cpython.unsafe.numbers import trailing_zeros
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.event_ids import DUPLICATE, EXCLUDED, IS_LATE
from analytics.kernels.hashing import hash64
from schemas.agents import CALLING_KINDS, AgentSpec
from schemas.columns import Columns, Field, Kind, columns
from schemas.frame import Frame
from schemas.tables import FIRST_PLACE
from streams.landing.arrow import categories, lists, strings


class Target(NamedTuple):
    """Where rows are inserted: a table, and whether they include its `rare` columns."""

    table: str
    rare: bool = False


class Applied(NamedTuple):
    """What the kernels derived from the records of a frame; shapes (n,).

    `flags` are `DUPLICATE`, `IS_LATE`, `EXCLUDED`; `groups` numbers the group of each (-1: none), where every record
    has one.
    """

    flags: NDArray[np.uint8]
    groups: NDArray[np.int32] | None = None


#: A field present in fewer than one in this many records goes to a second table, so that most rows stay narrow.
_RARE = 32


@kernel
def _pick(column, rows, present, bit, missing, out):  # type: ignore[no-untyped-def]
    for i in range(len(rows)):
        has = present[rows[i]] >> np.uint64(bit) & np.uint64(1)
        out[i] = column[rows[i]] if has else missing


@kernel
def _hashes(buffer, starts, lengths, rows, out):  # type: ignore[no-untyped-def]
    for i in range(len(rows)):
        out[i] = hash64(buffer, starts[rows[i]], lengths[rows[i]])


@kernel
def _field_counts(present, rows, counts):  # type: ignore[no-untyped-def]
    for row in rows:
        word = present[row]
        while word:
            counts[np.int64(trailing_zeros(word))] += 1
            word &= word - np.uint64(1)


@kernel
def _first_seen(groups, rows, codes, firsts, known):  # type: ignore[no-untyped-def]
    """Number the groups of the rows in order of appearance: `codes` per row, `firsts` the first row of each.

    `known` has one place per group, all -1; a row of no known group (-1) forms a group of its own.
    """
    count = 0
    for i in range(len(rows)):
        group = groups[rows[i]]
        if group < 0 or known[group] < 0:
            firsts[count] = rows[i]
            codes[i] = count
            if group >= 0:
                known[group] = count
            count += 1
        else:
            codes[i] = known[group]
    return count


def _integers(spec: Columns, field: Field) -> Any:
    if field.kind is Kind.BOOL:
        return np.uint8
    return np.uint32 if int(spec.high[:, field.index].max()) < 2**32 else np.int64


def _column(spec: Columns, frame: Frame, field: Field, rows: NDArray[np.int64], nullable: bool = False) -> pa.Array:
    place, n = int(spec.places[field.index]), len(rows)
    if field.kind in (Kind.INT, Kind.BOOL, Kind.ENUM):
        out = np.empty(n, np.int8 if field.kind is Kind.ENUM else _integers(spec, field))
        missing = len(field.values) if field.kind is Kind.ENUM else 0
        _pick(frame.words[place], rows, frame.present, field.index, missing, out)
        if field.kind is Kind.ENUM:
            return categories(out, (*field.values, ""))
        if nullable:
            return pa.array(out, mask=(frame.present[rows] >> np.uint64(field.index) & np.uint64(1)) == 0)
        return pa.array(out)
    starts, lengths = np.empty(n, np.int32), np.empty(n, np.int32)
    _pick(frame.spans[place, 0], rows, frame.present, field.index, 0, starts)
    _pick(frame.spans[place, 1], rows, frame.present, field.index, 0, lengths)
    if field.kind is Kind.IDS:
        return lists(frame.buffer, frame.elements, starts, lengths)
    if field.kind is Kind.NUMBER:
        texts = strings(frame.buffer, starts, lengths)
        return pc.cast(pc.if_else(pa.array(lengths > 0), texts, None), pa.float64())
    return strings(frame.buffer, starts, lengths)


def event_rows(agent: AgentSpec, frame: Frame, applied: Applied, withheld: frozenset[str]) -> dict[Target, pa.Table]:
    """The rows of a frame's good records: those with common fields, those with rare ones, and facts.

    Fields that are `withheld`, and columns that no record of a target has, are left to their defaults.
    """
    spec, table, facts = columns(agent.contract), agent.raw.name, agent.facts
    rows = np.flatnonzero(frame.ok)
    counts = np.zeros(64, np.int64)
    _field_counts(frame.present, rows, counts)
    common = np.uint64(sum(1 << i for i in range(64) if counts[i] * _RARE >= len(rows)))
    rich = frame.present[rows] & ~common != 0
    parts = {Target(table): rows[~rich], Target(table, rare=True): rows[rich]}
    found = {target: _table(agent, frame, part, applied, withheld) for target, part in parts.items() if len(part)}
    if facts is not None:
        codes = [spec.types.index(name) for name in facts.types]
        chosen = np.isin(frame.types[rows], codes)
        if facts.calling:
            chosen |= (frame.types[rows] == spec.types.index("message")) & _calling(spec, frame, rows)
        rows = rows[chosen & (applied.flags[rows] & (DUPLICATE | EXCLUDED) == 0)]
        if len(rows):
            all_of = _table(agent, frame, rows, applied, withheld)
            had = [name for name in all_of.column_names if name in (*facts.columns, "offset")]
            place = pa.array(np.maximum(FIRST_PLACE - frame.offsets[rows], 0).astype(np.uint64))
            found[Target(facts.table.name)] = all_of.select(had).append_column("version", place)
    return found


def _calling(spec: Columns, frame: Frame, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which messages carry a link, address everybody, or are of a kind that calls."""
    kinds = [code for code, name in enumerate(spec.field("kind").values) if name in CALLING_KINDS]
    calling = np.isin(_numbers(spec, frame, "kind", rows, -1), kinds)
    for name in ("link_ids", "link_count", "mentions_all"):
        calling |= _numbers(spec, frame, name, rows, 0) > 0
    return calling


def _numbers(spec: Columns, frame: Frame, name: str, rows: NDArray[np.int64], missing: int) -> NDArray[np.int64]:
    """What a number, a flag or an enum says in the rows, as a code; for a list, its length."""
    field, out = spec.field(name), np.empty(len(rows), np.int64)
    place = int(spec.places[field.index])
    column = frame.spans[place, 1] if field.kind is Kind.IDS else frame.words[place]
    _pick(column, rows, frame.present, field.index, missing, out)
    return out


def _table(
    agent: AgentSpec, frame: Frame, rows: NDArray[np.int64], applied: Applied, withheld: frozenset[str]
) -> pa.Table:
    spec = columns(agent.contract)
    used, groups = int(np.bitwise_or.reduce(frame.present[rows])), applied.groups
    found = {"offset": pa.array(frame.offsets[rows]), "kafka_ts_ms": pa.array(frame.timestamps[rows])}
    for field in spec.fields:
        if not used >> field.index & 1 or field.name == "schema_version":
            continue
        if field.name == "group_id" and groups is not None:
            codes, firsts = np.empty(len(rows), np.int32), np.empty(len(rows), np.int64)
            known = np.full(int(groups[rows].max(initial=0)) + 2, -1, np.int32)
            count = _first_seen(groups, rows, codes, firsts, known)
            ids = _column(
                spec, frame, field, firsts[:count]
            ).dictionary_encode()  # rows of no known group repeat values
            found["group_id"] = categories(np.asarray(ids.indices)[codes], ids.dictionary)
        elif field.name not in withheld:
            name = agent.renamed.get(field.name, field.name)
            found[name] = _column(spec, frame, field, rows, field.name in agent.nullable)
    hashes, place = np.empty(len(rows), np.uint64), int(spec.places[spec.field("event_id").index])
    _hashes(frame.buffer, frame.spans[place, 0], frame.spans[place, 1], rows, hashes)
    flag = applied.flags[rows]
    found |= {
        "event_hash": pa.array(hashes),
        "duplicate": pa.array((flag & DUPLICATE).astype(np.uint8)),
        "late": pa.array((flag // IS_LATE & 1).astype(np.uint8)),
    }
    if (flag & EXCLUDED).any():
        found["excluded"] = pa.array((flag // EXCLUDED & 1).astype(np.uint8))
    return pa.table(found)
