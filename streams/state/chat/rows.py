"""The changed rows of a partition's state, and its closed days, as rows of their tables.

Takes copies of records, so that the state may go on changing; of the state it reads only ids, which stay where they are
until a flush is confirmed.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.chat.state import COUNTERS, State
from schemas.columns import columns
from streams.landing.arrow import categories, ids, plain, slots
from streams.state.closings import days_of

_SPEC = columns("chat.events")
_ENUMS = {name: _SPEC.field(name).values for name in ("platform", "status", "source", "role")}

#: Columns that a table takes from the record of the same name, as they are.
GROUP_COLUMNS = (
    "max_ms", "first_ms", "activity_ms", "closed_hour", "closed_day", "created_ms", "status_ms", "count_ms",
    "heartbeat_ms", "snapshot", "snapshot_ms", "complete", "roster_ms", "late", "member_count", "healthy",
)  # fmt: skip
MEMBER_COLUMNS = (
    "spoke_lo", "spoke_hi", "reacted_lo", "reacted_hi", "read_lo", "read_hi",
    "spoke_hours", "reacted_hours", "read_hours",
    "first_ms", "last_ms", "spoke_ms", "join_ms", "in_ms", "out_ms", "role_ms", "messages", "joins", "leaves",
)  # fmt: skip


def _enum(records: NDArray[Any], name: str) -> pa.Array:
    return categories(np.ascontiguousarray(records[name]).astype(np.int8), _ENUMS[name])


def _group_ids(state: State, groups: NDArray[np.int32]) -> pa.Array:
    used, codes = np.unique(groups, return_inverse=True)
    return categories(codes.astype(np.int32), ids(state.arena, state.groups["id_at"][used]))


def group_rows(state: State, records: NDArray[Any]) -> pa.Table:
    """Rows of `group_states`."""
    return pa.table(
        {
            "group_id": ids(state.arena, records["id_at"]),
            "slot": slots(records),
            **plain(records, GROUP_COLUMNS),
            "platform": _enum(records, "platform"),
            "status": _enum(records, "status"),
        }
    )


def member_rows(state: State, records: NDArray[Any]) -> pa.Table:
    """Rows of `membership_states`, group by group: ClickHouse sorts by group, which the worker does cheaper."""
    records = records.take(np.argsort(records["group"], kind="stable"))
    inviters = np.where(records["inviter"] >= 0, state.labels[np.maximum(records["inviter"], 0)], -1)
    opened = np.ascontiguousarray(records["open_messages"]).reshape(-1)
    fours = np.arange(0, len(opened) + 1, 4, dtype=np.int32)
    return pa.table(
        {
            "group_id": _group_ids(state, records["group"]),
            "member_id": ids(state.arena, records["id_at"]),
            "slot": slots(records),
            **plain(records, MEMBER_COLUMNS),
            "open_messages": pa.ListArray.from_arrays(pa.array(fours), pa.array(opened)),
            "source": _enum(records, "source"),
            "role": _enum(records, "role"),
            "inviter_id": ids(state.arena, inviters),
        }
    )


def pane_rows(state: State, records: NDArray[Any]) -> pa.Table:
    """Rows of `pane_states`."""
    counted = plain(records, ("daily", "bucket", *COUNTERS))
    return pa.table({"group_id": _group_ids(state, records["group"]), "slot": slots(records), **counted})


def group_day_count_rows(state: State, panes: NDArray[Any]) -> pa.Table:
    """Rows of `group_day_counts`, of panes of days."""
    groups = _group_ids(state, panes["group"])
    return pa.table({"group_id": groups, "day": days_of(panes["bucket"]), **plain(panes, COUNTERS)})


def member_day_rows(state: State, closed: NDArray[Any]) -> pa.Table:
    """Rows of `member_days`; rows of memberships must not move meanwhile."""
    return pa.table({**_members_on(state, closed["membership"], closed["day"]), **plain(closed, ("messages",))})


def member_day_act_rows(state: State, acts: NDArray[Any]) -> pa.Table:
    """Rows of `member_day_acts`."""
    did = plain(acts, ("messages", "spoke", "reacted", "read"))
    return pa.table({**_members_on(state, acts["member"], acts["day"]), **did})


def _members_on(state: State, members: NDArray[np.int32], days: NDArray[np.int32]) -> dict[str, pa.Array]:
    """Whose days these are."""
    return {
        "group_id": _group_ids(state, state.members["group"][members]),
        "member_id": ids(state.arena, state.members["id_at"][members]),
        "day": days_of(days),
    }
