"""The arrays of one partition: how they grow, what changed since the last flush, how they are filled again.

Wraps `analytics.community`; knows nothing of Kafka or ClickHouse.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.calendar import HOUR_MS, day_starts
from analytics.community import apply
from analytics.community_cold import close_ranks
from analytics.community_index import (
    rebuild_group_index,
    rebuild_ids,
    rebuild_label_index,
    rebuild_member_index,
    rebuild_pane_index,
    remember_ids,
)
from analytics.community_state import (
    ARENA,
    DIRTY_GROUPS,
    DIRTY_MEMBERS,
    DIRTY_PANES,
    GROUP,
    GROUP_DAY,
    GROUP_DAYS,
    GROUPS,
    IDS,
    LABELS,
    MEMBER_DAY,
    MEMBER_DAYS,
    MEMBERS,
    MEMBERSHIP,
    PANE,
    PANES,
    Clock,
    State,
)
from schemas.frame import Frame
from streams.community_cold import ColdMemberships, coldest
from streams.limits import check_ids


def _indices(size: int) -> NDArray[np.int32]:
    return np.full(size, -1, np.int32)


#: Arrays of rows: their count, arrays as long as they are, their index, places in it a row, how it is filled.
_ROWS: dict[str, tuple[int, dict[str, int], str, float, Callable[[State], None]]] = {
    "groups": (GROUPS, {"dirty_groups": DIRTY_GROUPS}, "group_index", 2, rebuild_group_index),
    "members": (
        MEMBERS, {"member_next": MEMBERS, "dirty_members": DIRTY_MEMBERS}, "member_index", 5 / 3, rebuild_member_index
    ),
    "panes": (PANES, {"dirty_panes": DIRTY_PANES}, "pane_index", 2, rebuild_pane_index),
    "labels": (LABELS, {}, "label_index", 2, rebuild_label_index),
}  # fmt: skip


def _grown(array: NDArray[Any], used: int, needed: int = 0) -> NDArray[Any]:
    """A copy with four times the room; untouched pages cost nothing until used."""
    bigger = np.empty(max(len(array) * 4, needed), array.dtype)
    size = int(used) * array.itemsize
    bigger.view(np.uint8)[:size] = array.view(np.uint8)[:size]  # as bytes: records are copied field by field
    return bigger


class CommunityState:
    """Memberships, groups and panes of one partition of chat.events."""

    def __init__(self, time_zone: str = "UTC", lateness_h: int = 48, horizon: int = 4_000_000) -> None:
        self._settings = time_zone, lateness_h, horizon
        self._cold = ColdMemberships()
        self.clock = Clock(day_starts(time_zone), lateness_h * HOUR_MS, horizon)
        self.state = State(
            counts=np.zeros(16, np.int64),
            groups=np.empty(64, GROUP),
            members=np.empty(1024, MEMBERSHIP),
            member_next=np.empty(1024, np.int32),
            panes=np.empty(1024, PANE),
            arena=np.empty(1 << 16, np.uint8),
            labels=np.empty(256, np.int64),
            group_index=_indices(256),
            member_index=_indices(2048),
            pane_index=_indices(2048),
            label_index=_indices(512),
            ids=np.zeros(1 << 14, np.uint64),
            id_offsets=np.zeros(1 << 14, np.int64),
            dirty_groups=np.empty(64, np.int32),
            dirty_members=np.empty(1024, np.int32),
            dirty_panes=np.empty(1024, np.int32),
            group_days=np.empty(256, GROUP_DAY),
            member_days=np.empty(4096, MEMBER_DAY),
        )

    def empty(self) -> "CommunityState":
        """A new state with nothing in it and the same settings."""
        return CommunityState(*self._settings)

    def apply(self, frame: Frame, first: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """Apply a decoded frame from row `first` on.

        Returns, a record, flags (`DUPLICATE`, `IS_LATE`) and the row of its group (-1: none).
        """
        flags, groups = np.zeros(len(frame.offsets), np.uint8), np.full(len(frame.offsets), -1, np.int32)
        row, short = apply(self.state, self.clock, frame, first, flags, groups)
        while short:
            self._grow(short, int(frame.offsets[row]))
            row, short = apply(self.state, self.clock, frame, row, flags, groups)
        return flags, groups

    def count(self, what: int) -> int:
        """How many rows of an array are in use (`analytics.community_state.GROUPS`, …)."""
        return int(self.state.counts[what])

    def reserve(self, groups: int = 0, members: int = 0, panes: int = 0, labels: int = 0, arena: int = 0) -> None:
        """Make room for so many more rows, labels and bytes."""
        counts = self.state.counts
        for name, more in (("groups", groups), ("members", members), ("panes", panes), ("labels", labels)):
            if more:
                self._make_room(name, int(counts[_ROWS[name][0]]) + more)
        while arena and counts[ARENA] + arena + 4096 > len(self.state.arena):
            self._grow(State._fields.index("arena"), 0)

    def remember(self, hashes: NDArray[np.uint64], offsets: NDArray[np.int64]) -> None:
        """Remember event ids seen at these offsets (ascending)."""
        size = len(self.state.ids)
        while size * 3 < (len(hashes) + 1) * 5:
            size *= 2
        self.state = self.state._replace(ids=np.zeros(size, np.uint64), id_offsets=np.zeros(size, np.int64))
        self.state.counts[IDS] = 0
        remember_ids(self.state, hashes, offsets)

    def _grow(self, short: int, offset: int) -> None:
        state, used = self.state, self.state.counts
        match State._fields[short]:
            case "groups" | "members" | "panes" | "labels" as name:
                self._make_room(name, int(used[_ROWS[name][0]]) + 2)
            case "arena":
                check_ids(int(used[ARENA]))
                self.state = state._replace(arena=_grown(state.arena, used[ARENA]))
            case "ids":
                self._forget_ids(offset)
            case "group_days":
                self.state = state._replace(group_days=_grown(state.group_days, used[GROUP_DAYS]))
            case "member_days":
                self.state = state._replace(member_days=_grown(state.member_days, used[MEMBER_DAYS]))

    def _make_room(self, name: str, rows: int) -> None:
        """Room for so many rows of an array in all."""
        count, beside, index, places, rebuild = _ROWS[name]
        if rows > len(getattr(self.state, name)):
            bigger = {
                array: _grown(getattr(self.state, array), self.state.counts[used], rows)
                for array, used in {name: count, **beside}.items()
            }
            self.state = self.state._replace(**bigger)
        self._index(index, int(rows * places) + 1, rebuild)

    def _index(self, name: str, needed: int, rebuild: Callable[[State], None]) -> None:
        """Make an index with room for `needed` places and fill it again; does nothing while the old one has room."""
        size = len(getattr(self.state, name))
        while size < needed:
            size *= 2
        index: dict[str, Any] = {name: _indices(size)}
        self.state = self.state._replace(**index)
        rebuild(self.state)

    def _forget_ids(self, offset: int) -> None:
        """Drop the event ids beyond the horizon; make room when too few were dropped."""
        state = self.state
        live = int(np.count_nonzero((state.ids != 0) & (state.id_offsets >= offset - self.clock.horizon)))
        size = len(state.ids)
        while size * 2 < live * 5:
            size *= 2
        ids, offsets = np.zeros(size, np.uint64), np.zeros(size, np.int64)
        state.counts[IDS] = rebuild_ids(state.ids, state.id_offsets, ids, offsets, offset - self.clock.horizon)
        self.state = state._replace(ids=ids, id_offsets=offsets)

    def forget_closed_panes(self) -> None:
        """Drop the panes that are closed and checkpointed; no flush may be under way."""
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
        kept = np.empty(max(int(keep.sum()) * 2, 1024), PANE)
        kept[: keep.sum()] = panes[keep]
        dirty = np.empty(len(kept), np.int32)
        dirty[: counts[DIRTY_PANES]] = moved[state.dirty_panes[: counts[DIRTY_PANES]]]
        counts[PANES] = keep.sum()
        self.state = state._replace(panes=kept, dirty_panes=dirty, pane_index=_indices(1024))
        self._index("pane_index", len(kept) * 2, rebuild_pane_index)

    def evict(self, limit: int) -> int:
        """Drop cold memberships, the coldest first, when more than `limit` are in memory. Returns how many.

        No flush may be under way.
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
            members=np.empty(room, MEMBERSHIP),
            member_next=np.empty(room, np.int32),
            dirty_members=dirty,
            arena=np.empty_like(state.arena),
        )
        close_ranks(self.state, state.members, rows, state.arena)
        self.state = self.state._replace(member_index=_indices(2048))
        self._index("member_index", int(room * 5 / 3) + 1, rebuild_member_index)

    def waking(self, frame: Frame) -> list[tuple[str, str]]:
        """Group and member ids of the cold memberships that a frame is about."""
        return self._cold.waking(self.state, frame)

    def reopen(self, group_days: NDArray[Any], member_days: NDArray[Any]) -> None:
        """Put closed days back in front of those that wait to be flushed."""
        state = self.state
        for name, count, again in (("group_days", GROUP_DAYS, group_days), ("member_days", MEMBER_DAYS, member_days)):
            if len(again):
                waiting = getattr(state, name)[: state.counts[count]]
                both = np.concatenate([again, waiting, np.empty(len(waiting) + 1024, again.dtype)])
                state.counts[count] += len(again)
                self.state = self.state._replace(**{name: both})
