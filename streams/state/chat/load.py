"""Fill a partition's state from the rows of a checkpoint: the way back from `streams.state.chat.rows`."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.chat.ids import add_group, find_group, find_pane, label, member_key
from analytics.chat.state import ARENA, COUNTERS, MEMBERS, MEMBERSHIP, PANE
from analytics.kernels.arena import keep_id
from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import hash64
from analytics.kernels.open_addressing import index_row
from schemas.columns import columns
from streams.landing.arrow import span_columns
from streams.state.base import PartitionState
from streams.state.chat.rows import GROUP_COLUMNS, MEMBER_COLUMNS

_SPEC = columns("chat.events")
#: Columns to read of each state table.
LOADED: dict[str, tuple[str, ...]] = {
    "group_states": ("group_id", "slot", "platform", "status", *GROUP_COLUMNS),
    "membership_states": (
        "group_id", "member_id", "slot", "source", "role", "inviter_id", "open_messages", *MEMBER_COLUMNS,
    ),
    "pane_states": ("group_id", "slot", "daily", "bucket", *COUNTERS),
}  # fmt: skip


def _codes(column: pa.ChunkedArray, field: str) -> NDArray[np.uint8]:
    codes = pc.index_in(column.combine_chunks(), pa.array(_SPEC.field(field).values))
    return np.asarray(codes.fill_null(0), np.uint8)


@kernel
def _add_groups(state, buffer, starts, lengths, rows):
    for i in range(len(starts)):
        key = hash64(buffer, starts[i], lengths[i])
        rows[i] = find_group(state.groups, state.group_index, state.arena, buffer, starts[i], lengths[i], key)
        if rows[i] < 0:
            rows[i] = add_group(
                state.groups, state.group_index, state.arena, state.counts, buffer, starts[i], lengths[i], key
            )


@kernel
def _add_members(state, records, buffer, starts, lengths):
    for i in range(len(records)):
        row = state.counts[MEMBERS]
        state.counts[MEMBERS] = row + 1
        state.members[row] = records[i]
        m = state.members[row]
        m.id_at = keep_id(state.arena, state.counts, ARENA, buffer, starts[i], lengths[i])
        state.member_next[row] = state.groups[m.group].head
        state.groups[m.group].head = row
        state.groups[m.group].members += 1
        key = member_key(state.groups[m.group].hash, hash64(buffer, starts[i], lengths[i]))
        index_row(state.member_index, key, row)


@kernel
def _add_labels(state, buffer, starts, lengths, rows):
    for i in range(len(starts)):
        rows[i] = -1
        if lengths[i]:
            rows[i] = label(state.labels, state.label_index, state.arena, state.counts, buffer, starts[i], lengths[i])


@kernel
def _add_panes(state, records):
    for i in range(len(records)):
        row = find_pane(
            state.panes, state.pane_index, state.counts, records[i].group, records[i].bucket, records[i].daily
        )
        state.panes[row] = records[i]


def _rows_of_groups(state: PartitionState, column: pa.ChunkedArray) -> NDArray[np.int32]:
    encoded = column.combine_chunks().dictionary_encode()
    buffer, starts, lengths = span_columns(pa.chunked_array([encoded.dictionary]))
    state.reserve(groups=len(starts), arena=int(lengths.sum()) + 2 * len(starts))
    found = np.empty(len(starts), np.int32)
    _add_groups(state.state, buffer, starts, lengths, found)
    rows: NDArray[np.int32] = found[np.asarray(encoded.indices)]
    return rows


def load_groups(state: PartitionState, table: pa.Table) -> None:
    """Add the groups of a `group_states` cut."""
    rows = _rows_of_groups(state, table["group_id"])
    groups = state.state.groups
    for name in (*GROUP_COLUMNS, "slot"):
        groups[name][rows] = np.asarray(table[name])
    for name in ("platform", "status"):
        groups[name][rows] = _codes(table[name], name)


def load_members(state: PartitionState, table: pa.Table) -> None:
    """Add the memberships of a `membership_states` cut, or cold ones that wake; load their groups first."""
    records = np.zeros(table.num_rows, MEMBERSHIP)
    records["group"] = _rows_of_groups(state, table["group_id"])
    for name in (*MEMBER_COLUMNS, "slot"):
        records[name] = np.asarray(table[name])
    for name in ("source", "role"):
        records[name] = _codes(table[name], name)
    opened = np.asarray(table["open_messages"].combine_chunks().flatten())
    records["open_messages"] = opened.reshape(-1, 4)
    encoded = table["inviter_id"].combine_chunks().dictionary_encode()
    buffer, starts, lengths = span_columns(pa.chunked_array([encoded.dictionary]))
    state.reserve(labels=len(starts), arena=int(lengths.sum()) + 2 * len(starts))
    labels = np.empty(len(starts), np.int32)
    _add_labels(state.state, buffer, starts, lengths, labels)
    records["inviter"] = labels[np.asarray(encoded.indices)]
    buffer, starts, lengths = span_columns(table["member_id"])
    state.reserve(members=len(records), arena=int(lengths.sum()) + 2 * len(records))
    _add_members(state.state, records, buffer, starts, lengths)


def load_panes(state: PartitionState, table: pa.Table) -> None:
    """Add the panes of a `pane_states` cut that are still open in their groups."""
    records: NDArray[Any] = np.zeros(table.num_rows, PANE)
    records["group"] = _rows_of_groups(state, table["group_id"])
    for name in ("daily", "bucket", "slot", *COUNTERS):
        records[name] = np.asarray(table[name])
    groups = state.state.groups
    closed = np.where(
        records["daily"] == 1, groups["closed_day"][records["group"]], groups["closed_hour"][records["group"]]
    )
    records = records[records["bucket"] >= closed]
    state.reserve(panes=len(records))
    _add_panes(state.state, records)
