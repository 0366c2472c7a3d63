"""The changed rows of a product partition's state as rows of their tables, and the way back.

Takes copies of records, so that the state may go on changing; of the state it reads only ids, which stay in place.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import hash64
from analytics.product.ids import find_reference, find_user, reference_key
from analytics.product.state import REFERENCES, State
from streams.landing.arrow import categories, ids, plain, slots, span_columns
from streams.state.base import PartitionState
from streams.state.closings import days_of

USER_COLUMNS = (
    "first_ms", "last_ms", "used_lo", "used_hi", "bought_lo", "bought_hi", "signup_ms", "trial_ms", "purchase_ms",
    "contacted_ms",
)  # fmt: skip
REFERENCE_COLUMNS = ("first_ms", "last_ms", "acted_lo", "acted_hi")


def user_rows(state: State, records: NDArray[Any]) -> pa.Table:
    """Rows of `user_states`."""
    return pa.table(
        {"user_id": ids(state.arena, records["id_at"]), "slot": slots(records), **plain(records, USER_COLUMNS)}
    )


def reference_rows(state: State, records: NDArray[Any]) -> pa.Table:
    """Rows of `user_reference_states`."""
    return pa.table({**_named(state, records), "slot": slots(records), **plain(records, REFERENCE_COLUMNS)})


def user_day_rows(state: State, acts: NDArray[Any]) -> pa.Table:
    """Rows of `user_day_acts`."""
    users = ids(state.arena, state.users["id_at"][acts["user"]])
    return pa.table({"user_id": users, "day": days_of(acts["day"]), **plain(acts, ("used", "bought"))})


def reference_day_rows(state: State, acts: NDArray[Any]) -> pa.Table:
    """Rows of `reference_day_acts`."""
    records = state.references[acts["reference"]]
    return pa.table({**_named(state, records), "day": days_of(acts["day"])})


def _named(state: State, records: NDArray[Any]) -> dict[str, pa.Array]:
    """Whose references these are, and to what."""
    return {
        "user_id": ids(state.arena, state.users["id_at"][records["user"]]),
        "kind": categories(np.ascontiguousarray(records["kind"]).astype(np.int8), REFERENCES),
        "reference": ids(state.arena, records["id_at"]),
    }


@kernel
def _find_users(state, buffer, starts, lengths, rows):
    for i in range(len(starts)):
        key = hash64(buffer, starts[i], lengths[i])
        rows[i] = find_user(state, buffer, starts[i], lengths[i], key)


@kernel
def _find_references(state, users, user_hashes, kinds, buffer, starts, lengths, rows):
    for i in range(len(starts)):
        key = reference_key(user_hashes[i], kinds[i], hash64(buffer, starts[i], lengths[i]))
        rows[i] = find_reference(state, users[i], kinds[i], buffer, starts[i], lengths[i], key)


@kernel
def _hashes(buffer, starts, lengths, out):
    for i in range(len(starts)):
        out[i] = hash64(buffer, starts[i], lengths[i])


def _users(state: PartitionState, column: pa.ChunkedArray) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
    """Row, and hash of the id, of each user; appended where new."""
    buffer, starts, lengths = span_columns(column)
    state.reserve(users=len(starts), arena=int(lengths.sum()) + 2 * len(starts))
    rows, hashes = np.empty(len(starts), np.int32), np.empty(len(starts), np.uint64)
    _find_users(state.state, buffer, starts, lengths, rows)
    _hashes(buffer, starts, lengths, hashes)
    return rows, hashes


def load_users(state: PartitionState, table: pa.Table) -> None:
    """Add the users of a `user_states` cut."""
    rows, _ = _users(state, table["user_id"])
    for name in (*USER_COLUMNS, "slot"):
        state.state.users[name][rows] = np.asarray(table[name])


def load_references(state: PartitionState, table: pa.Table) -> None:
    """Add what users refer to, of a `user_reference_states` cut; users come first."""
    users, hashes = _users(state, table["user_id"])
    kinds = np.asarray(pc.index_in(table["kind"].combine_chunks(), pa.array(REFERENCES))).astype(np.uint8)
    buffer, starts, lengths = span_columns(table["reference"])
    state.reserve(references=len(starts), arena=int(lengths.sum()) + 2 * len(starts))
    rows = np.empty(len(starts), np.int32)
    _find_references(state.state, users, hashes, kinds, buffer, starts, lengths, rows)
    for name in (*REFERENCE_COLUMNS, "slot"):
        state.state.references[name][rows] = np.asarray(table[name])
