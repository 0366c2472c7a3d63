"""The state of chat.events: memberships, groups and panes of one partition, and how memberships leave memory.

Wraps `analytics.chat.apply`; knows nothing of Kafka or ClickHouse.
"""

from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.chat.apply import apply
from analytics.chat.cold import close_ranks
from analytics.chat.day_acts import MEMBER_DAY_ACT, member_day_acts
from analytics.chat.features import derive
from analytics.chat.index import (
    rebuild_group_index,
    rebuild_label_index,
    rebuild_member_index,
    rebuild_pane_index,
)
from analytics.chat.state import (
    ARENA,
    DIRTY_GROUPS,
    DIRTY_MEMBERS,
    DIRTY_PANES,
    DUPLICATES,
    GROUP,
    GROUPS,
    IDS,
    LABELS,
    LATE,
    MEMBER_DAY,
    MEMBER_DAYS,
    MEMBERS,
    MEMBERSHIP,
    PANE,
    PANES,
    Clock,
    State,
)
from schemas.agents import COMMUNITY
from schemas.frame import Frame
from streams.landing.event_rows import Applied
from streams.state.arrays import Collected, Loaded, Rows, StateTable, grown, indices
from streams.state.base import PartitionState
from streams.state.chat import rows as made
from streams.state.chat.cold import ColdMemberships, coldest
from streams.state.chat.load import LOADED, load_groups, load_members, load_panes
from streams.state.closings import written


class CommunityState(PartitionState):
    """Memberships, groups and panes of one partition of chat.events."""

    agent = COMMUNITY
    rows = {  # noqa: RUF012
        "groups": Rows(GROUPS, {"dirty_groups": DIRTY_GROUPS}, "group_index", 2, rebuild_group_index),
        "members": Rows(
            MEMBERS,
            {"member_next": MEMBERS, "dirty_members": DIRTY_MEMBERS},
            "member_index",
            5 / 3,
            rebuild_member_index,
        ),
        "panes": Rows(PANES, {"dirty_panes": DIRTY_PANES}, "pane_index", 2, rebuild_pane_index),
        "labels": Rows(LABELS, {}, "label_index", 2, rebuild_label_index),
    }
    tables = (
        StateTable("group_states", "groups", "dirty_groups", DIRTY_GROUPS, made.group_rows),
        StateTable("membership_states", "members", "dirty_members", DIRTY_MEMBERS, made.member_rows),
        StateTable("pane_states", "panes", "dirty_panes", DIRTY_PANES, made.pane_rows),
    )
    loaded = {  # noqa: RUF012
        table: Loaded(LOADED[table], load)
        for table, load in (
            ("group_states", load_groups), ("membership_states", load_members), ("pane_states", load_panes)
        )
    }  # fmt: skip
    cold_table = "membership_states"
    arena_count, ids_count = ARENA, IDS
    watched = {  # noqa: RUF012
        "memberships": MEMBERS, "groups": GROUPS, "panes": PANES, "duplicates": DUPLICATES, "late": LATE
    }  # fmt: skip

    def __init__(self, time_zone: str = "UTC", lateness_h: int = 48, horizon: int = 4_000_000) -> None:
        super().__init__(time_zone, lateness_h, horizon)
        self._cold = ColdMemberships()
        self.clock = Clock(self.day_starts, self.lateness_ms, horizon)
        self.state = State(
            counts=np.zeros(16, np.int64),
            groups=np.zeros(64, GROUP),
            members=np.zeros(1024, MEMBERSHIP),
            member_next=np.empty(1024, np.int32),
            panes=np.zeros(1024, PANE),
            arena=np.empty(1 << 16, np.uint8),
            labels=np.empty(256, np.int64),
            group_index=indices(256),
            member_index=indices(2048),
            pane_index=indices(2048),
            label_index=indices(512),
            ids=np.zeros(1 << 14, np.uint64),
            id_offsets=np.zeros(1 << 14, np.int64),
            dirty_groups=np.empty(64, np.int32),
            dirty_members=np.empty(1024, np.int32),
            dirty_panes=np.empty(1024, np.int32),
            member_days=np.zeros(4096, MEMBER_DAY),
        )

    def empty(self) -> "CommunityState":
        """A new state with nothing in it and the same settings."""
        return CommunityState(*self._settings)

    def derive(self, frame: Frame) -> None:
        """Determine whether messages are questions: their texts do not land."""
        derive(frame)

    def nothing_applied(self, count: int) -> Applied:
        """Flags, and the group of every record."""
        return Applied(np.zeros(count, np.uint8), np.full(count, -1, np.int32))

    def apply_rows(self, frame: Frame, first: int, until: int, applied: Applied) -> None:
        """Apply the good records of a frame from row `first` to the one before `until`."""
        row, short = apply(self.state, self.clock, frame, first, until, *applied)
        while short:
            self.grow(short, int(frame.offsets[row]))
            row, short = apply(self.state, self.clock, frame, row, until, *applied)

    def day_acts(self, first_day: int, until_day: int) -> dict[str, pa.Table]:
        """Members who were active on these days, and what groups counted. A cold member was not active, as it was not
        within 28 days of an open day; no group has closed these days yet, so their panes are here."""
        days = self.state, self.day_starts, first_day, until_day
        acts = written(lambda out: member_day_acts(*days, out), MEMBER_DAY_ACT)
        panes = self.state.panes[: self.count(PANES)]
        closed = panes[(panes["daily"] == 1) & (panes["bucket"] >= first_day) & (panes["bucket"] < until_day)]
        return {
            "member_day_acts": made.member_day_act_rows(self.state, acts),
            "group_day_counts": made.group_day_count_rows(self.state, closed),
        }

    def grow(self, short: int, offset: int) -> None:
        """Make room in an array: `PartitionState.grow`; closed days wait in an array of their own."""
        if State._fields[short] == "member_days":
            self.state = self.state._replace(member_days=grown(self.state.member_days, self.count(MEMBER_DAYS)))
        else:
            super().grow(short, offset)

    def collect(self) -> Collected:
        """Take everything that changed, and the days that were closed."""
        found, state = super().collect(), self.state
        found.closed = state.member_days[: self.count(MEMBER_DAYS)].copy()
        state.counts[MEMBER_DAYS] = 0
        if len(found.closed):
            found.add("member_days", partial(made.member_day_rows, state, found.closed))
        return found

    def confirmed(self, found: Collected) -> None:
        """Confirm that what was taken is checkpointed: closed panes may go."""
        super().confirmed(found)
        self.forget_closed_panes()

    def put_back(self, found: Collected) -> None:
        """Put back what was taken: it waits again, closed days before those closed since."""
        super().put_back(found)
        again = found.closed
        if len(again):
            waiting = self.state.member_days[: self.count(MEMBER_DAYS)]
            both = np.concatenate([again, waiting, np.zeros(len(waiting) + 1024, again.dtype)])
            self.state.counts[MEMBER_DAYS] += len(again)
            self.state = self.state._replace(member_days=both)

    def forget_closed_panes(self) -> None:
        """Drop the panes that are closed and checkpointed; no flush may be running."""
        state, counts = self.state, self.state.counts
        panes = state.panes[: counts[PANES]]
        groups = state.groups
        closed = np.where(
            panes["daily"] == 1, groups["closed_day"][panes["group"]], groups["closed_hour"][panes["group"]]
        )
        keep = (panes["bucket"] >= closed) | (panes["dirty"] == 1)
        if keep.sum() * 2 > len(keep) or len(keep) < 4096:
            return
        moved = np.cumsum(keep, dtype=np.int32) - 1
        kept = np.zeros(max(int(keep.sum()) * 2, 1024), PANE)
        kept[: keep.sum()] = panes[keep]
        dirty = np.empty(len(kept), np.int32)
        dirty[: counts[DIRTY_PANES]] = moved[state.dirty_panes[: counts[DIRTY_PANES]]]
        counts[PANES] = keep.sum()
        self.state = state._replace(panes=kept, dirty_panes=dirty, pane_index=indices(1024))
        self.index("pane_index", len(kept) * 2, rebuild_pane_index)

    def evict(self, limit: int) -> int:
        """Drop cold memberships, the coldest first, when more than `limit` are in memory. Returns how many.

        No flush may be running.
        """
        n = self.count(MEMBERS)
        if n <= limit:
            return 0
        rows = coldest(self.state, self.clock.day_starts, n - limit * 4 // 5)
        if len(rows) < n // 20:
            return 0
        self._cold.remember(self.state, rows)
        self._keep(np.delete(np.arange(n, dtype=np.int32), rows))
        return len(rows)

    def _keep(self, rows: NDArray[np.int32]) -> None:
        state, n = self.state, len(self.state.members)
        moved = np.full(n, -1, np.int32)
        moved[rows] = np.arange(len(rows), dtype=np.int32)
        room = len(rows) + max(len(rows) // 2, 1024)
        dirty = np.empty(room, np.int32)
        used = state.counts[DIRTY_MEMBERS]
        dirty[:used] = moved[state.dirty_members[:used]]
        days = state.member_days[: state.counts[MEMBER_DAYS]]
        days["membership"] = moved[days["membership"]]
        self.state = state._replace(
            members=np.zeros(room, MEMBERSHIP),
            member_next=np.empty(room, np.int32),
            dirty_members=dirty,
            arena=np.empty_like(state.arena),
        )
        close_ranks(self.state, state.members, rows, state.arena)
        self.state = self.state._replace(member_index=indices(2048))
        self.index("member_index", int(room * 5 / 3) + 1, rebuild_member_index)

    def waking(self, frame: Frame) -> list[tuple[str, str]]:
        """Group and member ids of the cold memberships that a frame needs."""
        return self._cold.waking(self.state, frame)

    def wake(self, table: pa.Table) -> None:
        """Put cold memberships back into memory."""
        load_members(self, table)
