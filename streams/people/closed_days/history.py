"""Everybody as of the newest closed day, and what they were at its end: the state of a history.

Days are closed one after the other, each from what was read for it; the numbers of members, names and groups are those
of everybody. Touches neither Kafka nor ClickHouse.
"""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.kernels.calendar import day_starts
from analytics.people import closed
from analytics.people.fitted import HORIZON, Fitted, fitted
from analytics.people.group_facts import MEMBERS, SIZE, merged_rosters, newest_sizes, roster_starts
from analytics.people.lists import lists
from analytics.people.persons import persons
from analytics.people.rhythm import rhythms
from analytics.people.score import fading, silent_zombies, zombies
from analytics.people.score_features import Habits, keys
from analytics.people.states import (
    ACTIVITY,
    AT_RISK,
    NO_DAY,
    REASONS,
    STATES,
    UNOBSERVABLE,
    ZOMBIE,
    best_states,
    effective,
)
from sinks.clickhouse.templates import MOST_ACCOUNTS
from streams.people.closed_days.closed_day import Before, ClosedDay
from streams.people.closed_days.day_windows import DayWindows
from streams.people.closed_days.segment_days import SegmentDays
from streams.people.memory.everybody import Everybody
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes, blank
from streams.state.arrays import grown

#: Rows as `sinks.clickhouse.readers.history.HistoryReader` reads them, by name.
Read = dict[str, pa.Table]
_SAID = ("came_ms", "went_ms", "named", "first_ms", "first_day", "joined_day", "by_name")


class History:
    """What is known of everybody at the end of the newest closed day."""

    def __init__(self, everybody: Everybody, zone: str, limit: float) -> None:
        self._everybody, self._starts, self._limit = everybody, day_starts(zone), limit
        self._closed = np.empty(0, closed.CLOSED)
        self._owner, self._began, self._used = (np.empty(0, np.int32) for _ in range(3))
        self._act_day, self._posted = np.empty(0, np.int32), np.empty(0, np.bool_)
        self._rosters, self._sizes = np.empty((0, 5), np.int64), np.empty((0, 3), np.int64)
        self._group_known = np.empty(0, np.bool_)
        self._segments, self._windows = SegmentDays(everybody), DayWindows(everybody)

    @property
    def members(self) -> NDArray[Any]:
        """Every membership, `analytics.people.closed.CLOSED`; shape (n,), with rows as everybody has them."""
        return self._grow()

    def _grow(self) -> NDArray[Any]:
        e, missing = self._everybody, self._everybody.size[0] - len(self._closed)
        if missing > 0:
            known = len(self._closed)
            self._closed = grown(self._closed, known, known + missing)[: known + missing]
            self._closed[known:] = blank(closed.CLOSED, **closed.UNKNOWN)
        self._owner, self._used = longer(self._owner, len(e.names), -1), longer(self._used, len(e.names), NO_DAY)
        self._began = longer(self._began, len(e.names), -NO_DAY)
        self._group_known = longer(self._group_known, len(e.group_names))
        self._act_day = longer(self._act_day, len(e.acts.ones), NO_DAY)
        self._posted = longer(self._posted, len(e.posted.ones))
        return self._closed

    # --- what was read

    def load(self, before: Before, last: int) -> None:
        """Take what was known at the end of a day."""
        self._segments.load(before.segments)
        self._windows.load(before.spoken)
        habits, states = before.habits, before.states
        rows = self._everybody.member_rows(habits)
        members = self._grow()
        for name in ("low", "high", "left", "ever", "first_day", "spoke_day", "reacted_day", "read_day"):
            members[name][rows] = np.asarray(habits[name])
        members["base_day"][rows] = last
        closed.settle(members, rows)
        rows = self._everybody.member_rows(states)
        members = self._grow()
        for name, kinds in (("state", STATES), ("reason", REASONS)):
            members[name][rows] = np.asarray(pc.index_in(states[name], pa.array(kinds)))
        for name in ("fading", "since_day", "returned_day"):
            members[name][rows] = np.asarray(states[name])

    def take(self, read: Read) -> None:
        """Take what a day knows that the days before did not."""
        for name, table in read.items():
            if table.num_rows and name in SegmentDays.reads:
                self._segments.take(name, table)
            elif table.num_rows:
                getattr(self, f"_take_{name}")(table)

    def _take_acts(self, table: pa.Table) -> None:
        rows = self._everybody.member_rows(table)
        days, messages = np.asarray(table["at"]), np.asarray(table["messages"]).astype(np.int32)
        spoke, reacted, read = (np.asarray(table[name]) for name in ("spoke", "reacted", "read"))
        closed.acted(self._grow(), rows, days, spoke, reacted, read)
        chosen = spoke > 0
        self._windows.spoke(rows[chosen], days[chosen], messages[chosen])

    def _take_counted(self, table: pa.Table) -> None:
        self._windows.take(table)

    def _take_said(self, table: pa.Table) -> None:
        rows = self._everybody.member_rows(table)
        closed.said(self._grow(), rows, *(np.asarray(table[name]) for name in _SAID))

    def _take_used(self, table: pa.Table) -> None:
        names = self._everybody.names.codes(table["user_id"])
        self._grow()
        np.maximum.at(self._used, names, np.asarray(table["day"]))
        np.minimum.at(self._began, names, np.asarray(table["first_day"]))

    def _take_referred(self, table: pa.Table) -> None:
        rows = self._everybody.act_rows(table)
        self._grow()
        np.maximum.at(self._act_day, rows, np.asarray(table["day"]))

    def _take_links(self, table: pa.Table) -> None:
        names = self._everybody.names
        accounts, users = names.codes(table["account_id"]), names.some_codes(table["user_id"])
        self._grow()
        self._owner[accounts] = users

    def _take_rosters(self, table: pa.Table) -> None:
        e = self._everybody
        columns = e.group_names.few_codes(table["group_id"]), e.ways.few_codes(table["snapshot_id"])
        times = (np.asarray(table[name]) for name in ("start_ms", "newest_ms", "whole"))
        rows = np.column_stack([*columns, *times]).astype(np.int64)
        self._rosters = merged_rosters(np.concatenate([self._rosters, rows]))

    def _take_groups(self, table: pa.Table) -> None:
        groups, sizes = self._everybody.group_names.few_codes(table["group_id"]), np.asarray(table["members"])
        self._grow()
        self._group_known[groups] = True
        rows = np.column_stack([groups, np.asarray(table["counted_ms"]), sizes]).astype(np.int64)[sizes >= 0]
        self._sizes = newest_sizes(np.concatenate([self._sizes, rows]))

    def _take_ways(self, table: pa.Table) -> None:
        rows = self._everybody.way_rows(table)
        self._grow()
        self._posted[rows] = True

    # --- a day

    def end_ms(self, day: int) -> int:
        """When a day ends."""
        return int(self._starts[day + 1])

    def close(self, day: int) -> ClosedDay:
        """Work out what everybody is at the end of a day, from what has been taken up to it."""
        members, (groups, accounts) = self._grow(), self._everybody.places
        around, end_ms = self._around(day), self.end_ms(day)
        state, reason = np.empty(len(members), np.uint8), np.empty(len(members), np.uint8)
        closed.close(members, groups, accounts, around, day, state, reason)
        habits, before = self._habits(day), members["state"]
        fit = self._fit(habits, state, end_ms)
        chances = fit.score.of(keys(habits, HORIZON))
        state[(state == AT_RISK) & zombies(chances, before == ZOMBIE, fit.limit)] = ZOMBIE
        here, fades = np.flatnonzero(effective(state)), np.zeros(len(members), np.uint8)
        fades[here] = fading(chances[here], fit.score.of(keys(habits.chosen(here), HORIZON, HORIZON)))
        other = (state != before) | (reason != members["reason"]) | (fades != members["fading"])
        rows, previous = np.flatnonzero(other).astype(np.int32), before[other]
        moved = state != before
        back = moved & ((before == AT_RISK) | (before == ZOMBIE)) & effective(state)
        members["since_day"][moved], members["returned_day"][back] = day, day
        members["state"], members["reason"], members["fading"] = state, reason, fades
        silent = silent_zombies(chances, state == UNOBSERVABLE, fit.limit)
        counted = self._counts(groups, accounts, around.person, state, silent)
        activity = np.array([(around.activity >> bit & 1).sum() for bit in range(len(ACTIVITY))], np.int64)
        rhythm = self._rhythms(habits.chosen(other), fit)
        windows = self._windows.close(day, members, around.person[accounts], activity)
        segments = self._segments.close(day, members, accounts, around.person, self._began, self._used)
        return ClosedDay(day, fit, rows, previous, chances[rows], rhythm, around, *counted, windows, segments)

    def _around(self, day: int) -> closed.Around:
        e, (groups, accounts) = self._everybody, self._everybody.places
        person, linked = persons(self._owner, MOST_ACCOUNTS)
        activity, active_in = np.zeros(len(person), np.uint16), np.zeros(len(person), np.uint32)
        used = np.full(len(person), NO_DAY, np.int32)
        closed.active_anywhere(self._closed, accounts, person, day, activity, active_in)
        closed.newest_of_persons(self._used, person, used)
        recent = np.flatnonzero(self._act_day > day - HORIZON)
        names, targets, _ = e.acts
        rosters, reading = roster_starts(self._rosters, len(e.group_names)), np.zeros(len(e.group_names), np.bool_)
        roster_day = np.where(rosters > 0, np.searchsorted(self._starts, rosters, "right") - 1, NO_DAY)
        reading[groups[self._closed["read_day"] != NO_DAY]] = True
        return closed.Around(
            person, linked, activity, active_in, used, lists(person[names[recent]], len(person)), self._act_day[recent],
            targets[recent], e.posted, self._posted, rosters, roster_day.astype(np.int32), reading,
        )  # fmt: skip

    def _habits(self, day: int) -> Habits:
        habits = Habits.blank(len(self._closed))
        closed.habits_then(self._closed, day, *habits)
        return habits

    def _rhythms(self, habits: Habits, fit: Fitted) -> NDArray[np.float64]:
        found = np.empty(len(habits.low))
        rhythms(habits.low, habits.high, fit.longer, found)
        return found

    def _fit(self, habits: Habits, state: NDArray[np.uint8], end_ms: int) -> Fitted:
        """The score of a day: plain members of whom anything is known."""
        plain = np.flatnonzero((state > 0) & (self._closed["named"] & 3 == 0))
        gone = np.empty(len(plain), np.int64)
        closed.gone_for(self._closed, plain, end_ms, gone)
        return fitted(habits.chosen(plain), gone, self._limit)

    def _counts(
        self, groups: Codes, accounts: Codes, person: Codes, state: NDArray[np.uint8], silent: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Which groups are known, members by state of each and, last, of all people, platforms' counts, the silent."""
        count = len(self._everybody.group_names)
        places = groups.astype(np.int64) * len(STATES) + state
        cells = np.bincount(places, minlength=count * len(STATES)).reshape(-1, len(STATES))
        best, quiet = np.empty(len(person), np.uint8), np.empty(len(person), np.uint8)
        best_states(state, silent.astype(np.uint8), accounts, person, best, quiet)
        present = self._group_known | (cells[:, 1:].sum(axis=1) > 0)
        cells = np.vstack([cells, np.bincount(best[best < len(STATES)], minlength=len(STATES))])
        platform = np.zeros(count + 1, np.int64)
        platform[self._sizes[:, SIZE[0]]] = self._sizes[:, MEMBERS]
        looks = np.append(np.bincount(groups[silent], minlength=count), quiet.sum())
        return np.append(present, True), cells, platform, looks
