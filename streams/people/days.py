"""Closed days of a share of people, one after the other: which is due, what is read for it, what lands.

Rows of a closed day are functions of records, so whoever closes it, and however often, writes the same. They stand in a
*history*, named by all that they depend on; views read the history that `people_terms` names.
"""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import pyarrow as pa

from analytics.kernels.calendar import day_starts
from analytics.people.fitted import Fitted, unfitted
from analytics.people.score import Score
from schemas.agents import PEOPLE
from schemas.topics import CHAT
from sinks.clickhouse.readers.closed_days import ClosedDays, Newest
from sinks.clickhouse.readers.cuts import Cuts, Known, Stretch, cuts_of
from sinks.clickhouse.readers.history import HistoryReader
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.people import PeopleReader
from sinks.clickhouse.store import ClickHouseStore
from streams.people import day_rows
from streams.people.everybody import Everybody
from streams.people.history import ClosedDay, History, Read

#: Takes changes of members' states, each with the fields of `schemas.transition.Transition`.
Tell = Callable[[list[dict[str, Any]]], None]
#: How many days are read at once.
MOST = 32
#: The table that says that a day is complete.
CUTS = "people_cuts"


@dataclass(frozen=True)
class Loaded:
    """A history as it stands in the database: its number and newest closed day (None: there is none yet); the history
    that is read, and its newest day."""

    number: int
    cuts: Cuts
    last: int | None
    in_use: int
    told_until: int
    habits: pa.Table | None
    states: pa.Table | None
    fit: Fitted


@dataclass(frozen=True)
class Batch:
    """What was read for days, and where each of them is cut: (topic, partition) and offsets by day."""

    days: Stretch
    read: Read
    cuts: dict[int, list[tuple[str, int, int]]]


@dataclass(frozen=True)
class Day:
    """A day that was closed: its score, the rows that land of it, by table, and the changes to tell."""

    day: int
    fit: Fitted
    tables: dict[str, pa.Table]
    told: list[dict[str, Any]]


class Days:
    """The days of one share in a term."""

    def __init__(self, everybody: Everybody, limit: float) -> None:
        self._everybody, self._limit = everybody, limit
        self._loaded: Loaded | None = None
        self._history = History(everybody, "UTC", limit)
        self._next: int | None = None  # the first day that is not closed; None: not known
        self._nothing_until = 0  # no day before this one knows anything
        self._fresh, self._batch = True, cast(Batch | None, None)
        #: The score of the newest day of those that are closed without a pause; what live rows go by.
        self.fit = unfitted()
        #: The history to read, and the one that is.
        self.in_use = self.published = 0

    # --- beginning

    def load(self, reader: PeopleReader, marks: Marks) -> Loaded:
        """Read the history that belongs to these sources; touches no memory, and blocks."""
        cuts = cuts_of(reader, marks)
        late = Known(reader, cuts).late()
        counting = {(contract, partition) for contract, partition, *_ in late}
        cuts = replace(cuts, corrected={place: cuts.corrected[place] for place in sorted(counting)})
        rows, landed = HistoryReader(reader, cuts), ClosedDays(reader.store)
        about = [sorted(cuts.epochs.items()), sorted(cuts.topics.items()), late, self._limit, PEOPLE.rules]
        number = zlib.crc32(json.dumps(about).encode()) or 1
        in_use, newest = landed.in_use(), landed.newest(number)
        told = landed.newest(in_use).day if in_use not in (0, number) else None
        last = newest.day
        return Loaded(
            number, cuts, last, in_use, -1 if told is None else told,
            None if last is None else rows.habits(last), None if last is None else landed.states(number),
            _fit_of(newest),
        )  # fmt: skip

    def begin(self, loaded: Loaded) -> None:
        """Take what was read into memory."""
        zone = loaded.cuts.settings[CHAT.name][0] if CHAT.name in loaded.cuts.settings else "UTC"
        self._history, self._loaded = History(self._everybody, zone, self._limit), loaded
        self.fit, self.in_use, self.published = loaded.fit, loaded.in_use, loaded.in_use
        if loaded.last is not None and loaded.habits is not None and loaded.states is not None:
            self._history.load(loaded.habits, loaded.states, loaded.last)
            self._next = loaded.last + 1
        self._follow()

    def belongs_to(self, marks: Marks) -> bool:
        """Whether these are the sources of the history in memory."""
        return self._loaded is None or self._loaded.cuts.epochs == marks.epochs

    # --- which day

    def closed_until(self, marks: Marks) -> int:
        """The first day that some source has not closed; 0 while one of them has not begun."""
        loaded = self._loaded
        if loaded is None or CHAT.name not in loaded.cuts.topics:
            return 0
        if any(sum(of == contract for of, _ in marks.clocks) < count for contract, count in marks.partitions.items()):
            return 0
        return min(_open_day(*loaded.cuts.settings[contract], clock) for (contract, _), clock in marks.clocks.items())

    def due(self, marks: Marks) -> bool:
        """Whether a day can be closed that is not."""
        until = self.closed_until(marks)
        return until > (self._nothing_until if self._next is None else self._next)

    # --- a day

    def read(self, reader: PeopleReader, marks: Marks) -> Batch | None:
        """Read what the next days know, None when there is no next day; touches no memory, and blocks."""
        if self._batch is not None:
            return self._batch
        if not self.due(marks) or self._loaded is None:
            return None
        rows, until = HistoryReader(reader, self._loaded.cuts), self.closed_until(marks)
        first = self._next if self._next is not None else rows.first_day()
        if first is None or first >= until:
            self._nothing_until = until
            return None
        days = Stretch(first, min(first + MOST, until) - 1, self._fresh)
        found = {name: getattr(rows, name)(days) for name in HistoryReader.reads}
        return Batch(days, found, self._loaded.cuts.at(rows.offsets(), days))

    def close(self, batch: Batch) -> Day:
        """Work out the next day of what was read, and what is to land of it."""
        day = batch.days.first if self._next is None else self._next
        self._history.take({name: _until(table, day) for name, table in batch.read.items()})
        rest = {name: table.slice(_count(table, day)) for name, table in batch.read.items()}
        self._batch, self._fresh = replace(batch, read=rest) if day < batch.days.last else None, False
        found = self._history.close(day)
        self._next = day + 1
        return self._rows(found, batch.cuts[day])

    def _rows(self, found: ClosedDay, cut: list[tuple[str, int, int]]) -> Day:
        assert self._loaded is not None
        day, changes = found.day, day_rows.changes(self._everybody, self._history, found)
        tables = {
            "people_transitions": changes,
            "people_group_days": day_rows.counts(self._everybody, found),
            "people_active_days": day_rows.activity(found),
            "people_scores": day_rows.score(found),
            CUTS: day_rows.cut(cut),
        }
        told = day_rows.told(changes, _date(day).isoformat(), self._history.end_ms(day))
        known = day <= self._loaded.told_until
        return Day(day, found.fit, {n: self._dated(t, day) for n, t in tables.items()}, [] if known else told)

    def _dated(self, rows: pa.Table, day: int) -> pa.Table:
        assert self._loaded is not None
        count = rows.num_rows
        rows = rows.append_column("day", pa.array(np.full(count, day, np.int32)).cast(pa.date32()))
        return rows.append_column("history", pa.array(np.full(count, self._loaded.number, np.uint32)))

    @property
    def unread(self) -> Batch | None:
        """What was read for the days to come; None: it is used up."""
        return self._batch

    def landed(self, newest: Day, marks: Marks) -> None:
        """Have live rows go by a day that has landed, unless another one is due."""
        if not self.due(marks):
            self.fit = newest.fit
            self._follow()
            self.settle(marks)

    def settle(self, marks: Marks) -> None:
        """Have this history be read once no day is due and it has come as far as the one that is."""
        loaded = self._loaded
        if loaded is not None and not self.due(marks) and (self._next or 0) > loaded.told_until:
            self.in_use = loaded.number

    def _follow(self) -> None:
        members = self._history.members
        self._everybody.follow(members["state"], members["since_day"], members["returned_day"])


def _open_day(zone: str, lateness_ms: int, clock_ms: int) -> int:
    """The first day that a clock has not closed."""
    return int(np.searchsorted(day_starts(zone), clock_ms - lateness_ms, "right")) - 1 if clock_ms else 0


def _count(table: pa.Table, day: int) -> int:
    """How many rows of a table a day knows; rows are in the order of days."""
    return int(np.searchsorted(np.asarray(table["at"]), day, "right"))


def _until(table: pa.Table, day: int) -> pa.Table:
    return table.slice(0, _count(table, day))


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)


def land(store: ClickHouseStore, days: list[Day], tell: Tell) -> None:
    """Write rows of days, tell who changed, and last of all write the cuts, by which these days are complete."""
    for name in days[0].tables:
        if name == CUTS:
            tell([change for day in days for change in day.told])
        rows = pa.concat_tables([day.tables[name] for day in days], promote_options="permissive")
        if rows.num_rows:
            store.insert(name, rows)


def _fit_of(newest: Newest) -> Fitted:
    if newest.score is None:
        return unfitted()
    mean, scale, weights, silent, theta, longer = newest.score
    score = Score(np.array(mean), np.array(scale), np.array(weights), np.array(silent), 0, 0)
    return Fitted(score, theta, np.array(longer))
