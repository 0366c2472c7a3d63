"""The state of product.events: users, and what they refer to, of one partition.

Wraps `analytics.product.apply`; knows nothing of Kafka or ClickHouse.
"""

import numpy as np

from analytics.kernels.calendar import day_starts
from analytics.product.apply import apply
from analytics.product.ids import rebuild_reference_index, rebuild_user_index
from analytics.product.state import (
    ARENA,
    DIRTY_REFERENCES,
    DIRTY_USERS,
    DUPLICATES,
    IDS,
    REFERENCE,
    USER,
    USER_REFERENCES,
    USERS,
    State,
)
from schemas.agents import PRODUCT
from schemas.frame import Frame
from streams.landing.event_rows import Applied
from streams.state.arrays import Loaded, Rows, StateTable, indices
from streams.state.base import PartitionState
from streams.state.product.rows import (
    REFERENCE_COLUMNS,
    USER_COLUMNS,
    load_references,
    load_users,
    reference_rows,
    user_rows,
)


class ProductState(PartitionState):
    """Users of one partition of product.events."""

    agent = PRODUCT
    rows = {  # noqa: RUF012
        "users": Rows(USERS, {"dirty_users": DIRTY_USERS}, "user_index", 2, rebuild_user_index),
        "references": Rows(
            USER_REFERENCES, {"dirty_references": DIRTY_REFERENCES}, "reference_index", 2, rebuild_reference_index
        ),
    }
    tables = (
        StateTable("user_states", "users", "dirty_users", DIRTY_USERS, user_rows),
        StateTable("user_reference_states", "references", "dirty_references", DIRTY_REFERENCES, reference_rows),
    )
    loaded = {  # noqa: RUF012
        "user_states": Loaded(("user_id", "slot", *USER_COLUMNS), load_users),
        "user_reference_states": Loaded(("user_id", "kind", "reference", "slot", *REFERENCE_COLUMNS), load_references),
    }
    arena_count, ids_count = ARENA, IDS
    watched = {"users": USERS, "duplicates": DUPLICATES}  # noqa: RUF012

    def __init__(self, time_zone: str = "UTC", lateness_h: int = 48, horizon: int = 4_000_000) -> None:
        self._settings = time_zone, lateness_h, horizon
        self.horizon, self.day_starts = horizon, day_starts(time_zone)
        self.state = State(
            counts=np.zeros(8, np.int64),
            users=np.zeros(1024, USER),
            references=np.zeros(1024, REFERENCE),
            arena=np.empty(1 << 16, np.uint8),
            user_index=indices(2048),
            reference_index=indices(2048),
            ids=np.zeros(1 << 14, np.uint64),
            id_offsets=np.zeros(1 << 14, np.int64),
            dirty_users=np.empty(1024, np.int32),
            dirty_references=np.empty(1024, np.int32),
        )

    def empty(self) -> "ProductState":
        """A new state with nothing in it and the same settings."""
        return ProductState(*self._settings)

    @property
    def newest_ms(self) -> int:
        """Newest act of any user."""
        return int(self.state.users["last_ms"][: self.count(USERS)].max(initial=0))

    def apply(self, frame: Frame) -> Applied:
        """Apply every good record of a frame."""
        flags = np.zeros(len(frame.offsets), np.uint8)
        row, short = apply(self.state, self.day_starts, self.horizon, frame, 0, flags)
        while short:
            self.grow(short, int(frame.offsets[row]))
            row, short = apply(self.state, self.day_starts, self.horizon, frame, row, flags)
        return Applied(flags)
