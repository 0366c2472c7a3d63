"""Closed days of a share of people, one after the other: which is due, what is read for it, what lands.

Rows of a closed day are functions of records, so whoever closes it, and however often, writes the same. They stand in a
*history*, named by all that they depend on; views read the history that `people_terms` names.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import cast

import numpy as np

from analytics.kernels.calendar import day_starts
from analytics.people.fitted import unfitted
from analytics.people.links import owners_by_day
from sinks.clickhouse.readers.cuts import Stretch
from sinks.clickhouse.readers.history import HistoryReader
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.people import PeopleReader
from streams.people.closed_days import day_rows, day_windows, segment_days
from streams.people.closed_days.closed_day import ClosedDay
from streams.people.closed_days.day_rows import CUTS, Day
from streams.people.closed_days.history import History, Read
from streams.people.closed_days.loaded import Loaded, load
from streams.people.memory.everybody import Everybody
from streams.people.memory.now import Now

#: How many days are read at once.
MOST = 32


@dataclass(frozen=True)
class Batch:
    """What was read for days, by day: what it knows that those before do not, and where it is cut: topic, partition,
    offset."""

    last: int
    read: dict[int, Read]
    cuts: dict[int, list[tuple[str, int, int]]]


class Days:
    """The days of one share in a term."""

    def __init__(self, everybody: Everybody, limit: float) -> None:
        self._everybody, self._limit = everybody, limit
        self._loaded: Loaded | None = None
        self._history = History(everybody, "UTC", limit)
        self._next: int | None = None  # the first day that is not closed; None: not known
        self._nothing_until = 0  # no day before this one knows anything
        # the first day that some source has not closed (0: one of them has not begun), and that is not over now
        self._until = self._over = 0
        self._fresh, self._batch, self._landing = True, cast(Batch | None, None), False
        #: The score of the newest day of those that are closed without a pause; what live rows go by.
        self.fit = unfitted()
        #: The history to read, and the one that the newest flush says.
        self.in_use = self.published = 0

    @property
    def number(self) -> int:
        """Of the history in memory; 0: none yet."""
        return self._loaded.number if self._loaded else 0

    # --- beginning

    def load(self, reader: PeopleReader, marks: Marks) -> Loaded:
        """Read the history that belongs to these sources; touches no memory, and blocks."""
        return load(reader, marks.timed, self._limit)

    def begin(self, loaded: Loaded) -> None:
        """Take what was read into memory."""
        days = loaded.cuts.days
        self._history = History(self._everybody, days[0] if days else "UTC", self._limit)
        self._loaded = replace(loaded, before=None)  # which is large
        self.fit, self.in_use, self.published = loaded.fit, loaded.in_use, loaded.in_use
        if loaded.last is not None and loaded.before is not None:
            self._history.load(loaded.before, loaded.last)
            self._next = loaded.last + 1
            if loaded.last >= loaded.told_until:  # whoever owned the share before may have this history be read, too
                self.in_use = loaded.number
        self._follow()

    def belongs_to(self, marks: Marks) -> bool:
        """Whether these are the sources of the history in memory."""
        return self._loaded is None or self._loaded.cuts.epochs == marks.timed.epochs

    # --- which day

    def seen(self, marks: Marks, now: Now) -> None:
        """Take how far the sources have come, and the deployment's event time.

        A clock may be ahead of the present, where a producer's stamps are wrong; no day closes before it is over.
        """
        loaded = self._loaded
        if loaded is None or loaded.cuts.days is None:
            return
        settings, begun = loaded.cuts.settings, Counter(contract for contract, _ in marks.clocks)
        self._over = _open_day(*loaded.cuts.days, now.ms)
        if all(begun[contract] == count for contract, count in marks.timed.partitions.items()):
            clocks = ((contract, min(clock, marks.present_ms)) for (contract, _), clock in marks.clocks.items())
            self._until = min(_open_day(*settings[contract], clock) for contract, clock in clocks)
        self._settle()

    @property
    def due(self) -> bool:
        """Whether a day can be closed that is not."""
        return self._until > (self._nothing_until if self._next is None else self._next)

    @property
    def settled(self) -> bool:
        """Whether all days that can be closed have landed."""
        return not self.due and not self._landing

    # --- a day

    def read(self, reader: PeopleReader) -> Batch | None:
        """Read what the days that are due know; None: none of them knows anything. Blocks."""
        assert self._loaded is not None
        rows, until = HistoryReader(reader, self._loaded.cuts), self._until
        first = self._next if self._next is not None else rows.first_day()
        if first is None or first >= until:
            self._nothing_until = until
            return None
        days = Stretch(first, min(first + MOST, until) - 1, self._fresh)
        found = {name: getattr(rows, name)(days) for name in HistoryReader.reads}
        return Batch(days.last, _by_day(found, days), self._loaded.cuts.at(rows.offsets(), days))

    def close(self, batch: Batch) -> Day:
        """Work out the next day of what was read, and what is to land of it."""
        first = self._next is None
        day = min(batch.read) if self._next is None else self._next
        self._history.take(batch.read[day])
        self._batch, self._fresh, self._landing = batch if day < batch.last else None, False, True
        found = self._history.close(day)
        self._next = day + 1
        return self._rows(found, first, batch.cuts[day])

    def _rows(self, found: ClosedDay, first: bool, cut: list[tuple[str, int, int]]) -> Day:
        assert self._loaded is not None
        day, changes = found.day, day_rows.changes(self._everybody, self._history, found)
        tables = {
            "people_transitions": changes,
            "people_group_days": day_rows.counts(self._everybody, found),
            "people_activity_days": day_windows.activity(self._everybody, found.windows),
            "people_tier_days": day_windows.tiers_of(self._everybody, found.windows),
            "people_scores": day_rows.score(found),
            "people_segment_days": segment_days.rows_of(self._everybody, found.segments),
            CUTS: day_rows.cut(cut),
        }
        told = day_rows.told(changes, _date(day).isoformat(), self._history.end_ms(day))
        known = day <= self._loaded.told_until
        rows = {name: day_rows.dated(table, day, self.number) for name, table in tables.items()}
        return Day(day, first, found.fit, rows, [] if known else told)

    @property
    def unread(self) -> Batch | None:
        """What was read for the days to come; None: it is used up."""
        return self._batch

    def landed(self, newest: Day) -> None:
        """Have live rows go by a day that has landed, unless another one is due."""
        self._landing = False
        if not self.due:
            self.fit = newest.fit
            self._follow()
            self._settle()

    def _settle(self) -> None:
        """Have this history be read once no day is due and it has come as far as the one that is; or at once, if that
        tells of days that are not over."""
        loaded = self._loaded
        if loaded is None or self.due:
            return
        if (self._next or 0) > loaded.told_until or loaded.told_until >= self._over:
            self.in_use = loaded.number

    def _follow(self) -> None:
        members = self._history.members
        self._everybody.follow(members["state"], members["since_day"], members["returned_day"])


def _open_day(zone: str, lateness_ms: int, clock_ms: int) -> int:
    """The first day that a clock has not closed."""
    return int(np.searchsorted(day_starts(zone), clock_ms - lateness_ms, "right")) - 1 if clock_ms else 0


def _by_day(read: Read, days: Stretch) -> dict[int, Read]:
    """Rows by the day that first knows them, those of before with the first; they are in the order of days.

    Of links, whose the accounts are by then.
    """
    numbers = range(days.first, days.last + 1)
    read = read | {"links": owners_by_day(read["links"])}
    found: dict[int, Read] = {day: {} for day in numbers}
    for name, table in read.items():
        begin = 0
        for day, end in zip(numbers, np.searchsorted(np.asarray(table["at"]), numbers, "right").tolist(), strict=True):
            found[day][name] = table.slice(begin, end - begin)
            begin = end
    return found


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)
