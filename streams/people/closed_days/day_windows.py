"""The windows that end with a closed day: how alive groups were, and how often members had spoken; `*` is everybody."""

# mypy: disable-error-code="no-untyped-call"

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people import closed_windows, tiers
from analytics.people.activity import SUMS
from analytics.people.closed_windows import DAYS
from analytics.people.states import ACTIVITY
from streams.people.groups import activity_rows, tier_rows
from streams.people.memory.everybody import Everybody
from streams.people.memory.group_keys import GroupKeys
from streams.people.memory.names import Codes

#: Days of the windows, and what they count, in the order of `ACTIVITY`.
_WINDOWS, _PEOPLE = (1, 7, DAYS), ("speakers", "reactors", "readers")


@dataclass(frozen=True)
class Windows:
    """Numbers of a closed day, everybody's first, then by group: what was counted, (groups + 1, kinds, windows), tiers
    (`tiers.FIGURES`) and concentration."""

    counts: NDArray[np.int64]
    figures: NDArray[np.int64]
    shapes: NDArray[np.float64]


class DayWindows:
    """What members wrote, and groups counted, on the closed days of which a window may still tell."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self._spoken: dict[int, list[tuple[Codes, Codes]]] = {}
        self._counted: dict[int, list[tuple[Codes, NDArray[np.int64]]]] = {}

    def load(self, spoken: pa.Table) -> None:
        """Take what members wrote on days that have been closed, a row of lists each."""
        rows, days = self._everybody.member_rows(spoken), spoken["days"].combine_chunks()
        messages = np.asarray(spoken["messages"].combine_chunks().flatten()).astype(np.int32)
        rows, days = np.repeat(rows, np.diff(np.asarray(days.offsets))), np.asarray(days.flatten())
        self.spoke(rows, days, messages)

    def spoke(self, rows: Codes, days: NDArray[np.int32], messages: Codes) -> None:
        """Take on which days members spoke, and how many messages they wrote; late ones, which are not counted, are
        signs of life all the same. Each member and day comes once."""
        for day in np.unique(days).tolist():
            chosen = days == day
            self._spoken.setdefault(day, []).append((rows[chosen], messages[chosen]))

    def take(self, table: pa.Table) -> None:
        """Take what groups counted on days; each group and day comes once."""
        groups, days = self._everybody.group_names.few_codes(table["group_id"]), np.asarray(table["day"])
        sums = np.column_stack([np.asarray(table[name]) for name in SUMS]).astype(np.int64)
        for day in np.unique(days).tolist():
            self._counted.setdefault(day, []).append((groups[days == day], sums[days == day]))

    def close(self, day: int, members: NDArray[Any], persons: Codes, activity: NDArray[np.int64]) -> Windows:
        """Work out the windows that end with a day.

        members: every membership, `analytics.people.closed.CLOSED`; persons: whose it is; activity: of everybody.
        """
        for days in (self._spoken, self._counted):
            for one in [one for one in days if one <= day - DAYS]:
                del days[one]
        (groups, _), count = self._everybody.places, len(self._everybody.group_names)
        counts = np.zeros((count + 1, len(SUMS) + len(_PEOPLE), len(_WINDOWS)), np.int64)
        self._add_up(day, counts[1:, : len(SUMS)])
        counts[0] = counts[1:].sum(axis=0)
        active = np.zeros((count, len(ACTIVITY)), np.int64)
        closed_windows.active_in_groups(members, groups, day, active)
        counts[:, len(SUMS) :] = np.vstack([activity, active]).reshape(count + 1, len(_PEOPLE), len(_WINDOWS))
        return Windows(counts, *self._tiers(day, members, groups, persons, count))

    def _add_up(self, day: int, sums: NDArray[np.int64]) -> None:
        for one, parts in self._counted.items():
            windows = [i for i, width in enumerate(_WINDOWS) if 0 <= day - one < width]
            for groups, counted in parts:
                for window in windows:
                    sums[groups, :, window] += counted

    def _tiers(
        self, day: int, members: NDArray[Any], groups: Codes, persons: Codes, count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        masks, totals = np.zeros(len(members), np.uint32), np.zeros(len(members), np.int32)
        for one, parts in self._spoken.items():
            for rows, messages in parts:
                closed_windows.spoke(rows, messages, day - one, masks, totals)
        people, messages = int(persons.max(initial=-1)) + 1, np.empty(len(members), np.int32)
        masks_of, messages_of = np.zeros(people, np.uint32), np.zeros(people, np.int32)
        figures = np.zeros((count + 1, len(tiers.FIGURES)), np.int64)
        state = np.ascontiguousarray(members["state"])
        closed_windows.talk_of_members(
            state, masks, totals, groups, persons, figures[1:], messages, masks_of, messages_of
        )
        closed_windows.count_persons(masks_of, messages_of, figures[0])
        return figures, tier_rows.shapes_of(messages, groups, np.arange(count, dtype=np.int32), messages_of)


def activity(everybody: Everybody, found: Windows) -> pa.Table:
    """Rows of `people_activity_days`, without the history and the day."""
    there = np.append(True, found.counts[1:].any(axis=(1, 2)))
    counts = found.counts[there]
    today = counts[:, len(SUMS), 0]
    return pa.table(_ids(everybody, there) | activity_rows.columns((*SUMS, *_PEOPLE), counts, today))


def tiers_of(everybody: Everybody, found: Windows) -> pa.Table:
    """Rows of `people_tier_days`, without the history and the day: of groups with members."""
    there = found.figures[:, tiers.FIGURES.index("members")] > 0
    return pa.table(_ids(everybody, there) | tier_rows.columns(found.figures[there], found.shapes[there]))


def _ids(everybody: Everybody, there: NDArray[np.bool_]) -> dict[str, pa.Array]:
    return GroupKeys(everybody).columns(np.flatnonzero(there).astype(np.int32))
