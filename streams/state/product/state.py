"""The state of product.events: users, and what they refer to, of one partition.

Wraps `analytics.product.apply`; knows nothing of Kafka or ClickHouse.
"""

import numpy as np
import pyarrow as pa

from analytics.product.apply import apply
from analytics.product.day_acts import REFERENCE_DAY_ACT, USER_DAY_ACT, reference_day_acts, user_day_acts
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
from streams.state.closings import written
from streams.state.product.rows import (
    REFERENCE_COLUMNS,
    USER_COLUMNS,
    load_references,
    load_users,
    reference_day_rows,
    reference_rows,
    user_day_rows,
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
        super().__init__(time_zone, lateness_h, horizon)
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

    def apply_rows(self, frame: Frame, first: int, until: int, applied: Applied) -> None:
        """Apply the good records of a frame from row `first` to the one before `until`."""
        rules = self.day_starts, self.horizon, frame
        row, short = apply(self.state, *rules, first, until, applied.flags)
        while short:
            self.grow(short, int(frame.offsets[row]))
            row, short = apply(self.state, *rules, row, until, applied.flags)

    def day_acts(self, first_day: int, until_day: int) -> dict[str, pa.Table]:
        """Users who acted on these days, and what their acts referred to."""
        days = self.state, self.day_starts, first_day, until_day
        users = written(lambda out: user_day_acts(*days, out), USER_DAY_ACT)
        references = written(lambda out: reference_day_acts(*days, out), REFERENCE_DAY_ACT)
        return {
            "user_day_acts": user_day_rows(self.state, users),
            "reference_day_acts": reference_day_rows(self.state, references),
        }
