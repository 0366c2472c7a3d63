"""Closed days of the people agent in simulated trouble: what is read for them, what follows, what lands.

The project's own code decides which day is due, has it read, lands it, goes on after a take-over, and switches
histories (`streams.people.closed_days.days`, `streams.people.processor`). What follows is simple here, but rests on all
that the real rules rest on: what was known by the cut, the days before, the score of the day.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pyarrow as pa

from analytics.people.fitted import Fitted
from analytics.people.score import Score
from sinks.clickhouse.readers.closed_days import TABLES, Newest
from sinks.clickhouse.readers.cuts import FAR, Cuts, Stretch
from sinks.clickhouse.readers.marks import Marks
from streams.people import task as task_module
from streams.people.closed_days import day_rows, day_windows, segment_days
from streams.people.closed_days import days as days_module
from streams.people.closed_days import loaded as loaded_module
from streams.people.closed_days.closed_day import Before
from streams.people.closed_days.day_rows import CUTS
from tests.simulation.loop import Threads
from tests.simulation.people_sources import DAY_MS, LATENESS_H, PRESENT_DAY, Source

Row = dict[str, Any]
#: By history, table and key.
Histories = dict[int, dict[str, dict[tuple[Any, ...], Row]]]
_KEYS = ("day", "group_id", "member_id", "person_id", "topic", "partition")
#: Days that are read at once, and of which a window tells.
_MOST, _WINDOW = 4, 3
_TEXT, _NUMBER = pa.string(), pa.int64()
_SCHEMAS = {
    "people_transitions": pa.schema(
        dict.fromkeys(("group_id", "member_id", "person_id", "previous", "state", "reason"), _TEXT)
        | {"score": pa.float64(), "since": _NUMBER}
    ),
    "people_group_days": pa.schema({"group_id": _TEXT, "members": _NUMBER}),
    "people_activity_days": pa.schema({"group_id": _TEXT, "messages": _NUMBER}),
    "people_tier_days": pa.schema({"group_id": _TEXT, "members": _NUMBER}),
    "people_segment_days": pa.schema({"person_id": _TEXT, "monetary": _NUMBER}),
}


class Found(NamedTuple):
    """A day that was closed, as `streams.people.closed_days.closed_day.ClosedDay`: its rows by table."""

    day: int
    fit: Fitted
    windows: dict[str, list[Row]]

    @property
    def segments(self) -> dict[str, list[Row]]:
        """Those of people are among all."""
        return self.windows


class History:
    """Stands in for `streams.people.closed_days.history.History`."""

    def __init__(self, everybody: Any = None, zone: str = "UTC", limit: float = 0.0) -> None:
        self._acts: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._said, self._by_day = Counter[str](), Counter[int]()
        self._was: dict[str, tuple[str, int]] = {}
        self._landed: dict[str, int] = {}
        self.members = dict.fromkeys(("state", "since_day", "returned_day"))

    def load(self, before: Before, last: int) -> None:
        """Take what was known at the end of a day; all acts of a member count for the newest of their days."""
        for row in before.spoken.to_pylist():
            self._by_day[row["day"]] += row["n"]
        for row in before.habits.to_pylist():
            self._acts[row["key"]][row["newest"]] += row["n"]
        self._was = {row["member_id"]: (row["state"], row["since"]) for row in before.states.to_pylist()}
        self._landed = {row["person_id"]: row["monetary"] for row in before.segments.to_pylist()}

    def take(self, read: Mapping[str, pa.Table]) -> None:
        """Take what a day knows that the days before did not."""
        for row in read["acts"].to_pylist():
            self._acts[row["key"]][row["at"]] += row["n"]
            self._by_day[row["at"]] += row["n"]
        self._said.update(read["said"]["key"].to_pylist())

    def end_ms(self, day: int) -> int:
        """When a day ends."""
        return (day + 1) * DAY_MS

    def close(self, day: int) -> Found:
        """Work out what everybody is at the end of a day."""
        totals = {key: acts.total() for key, acts in self._acts.items()}
        mean = sum(totals.values()) / max(len(totals), 1)
        states = {key: self._state(key, day, mean) for key in sorted(totals.keys() | self._said.keys())}
        rows: dict[str, list[Row]] = {name: [] for name in _SCHEMAS}
        for key, state in states.items():
            before, since = self._was.get(key, ("", 0))
            if state != before:
                rows["people_transitions"].append(
                    {
                        "group_id": "g", "member_id": key, "person_id": key, "previous": before, "state": state,
                        "reason": f"{before} since {since}", "score": mean, "since": day,
                    }
                )  # fmt: skip
                self._was[key] = state, day
        counted = sorted(Counter(states.values()).items())
        rows["people_group_days"] = [{"group_id": state, "members": count} for state, count in counted]
        recent = sum(self._by_day[day - ago] for ago in range(_WINDOW))
        rows["people_activity_days"] = [{"group_id": "*", "messages": recent}]
        rows["people_tier_days"] = [{"group_id": "*", "members": len(states)}]
        changed = {key: n for key, n in self._said.items() if n != self._landed.get(key) or day % 4 == 0}
        rows["people_segment_days"] = [{"person_id": key, "monetary": n} for key, n in sorted(changed.items())]
        self._landed |= changed
        one = np.array([mean])
        return Found(day, Fitted(Score(one, one, one, one, 0, 0), mean, one), rows)

    def _state(self, key: str, day: int, mean: float) -> str:
        acts = +self._acts[key] if key in self._acts else {}
        if not acts:
            return "lurker"
        if (idle := day - max(acts)) <= 1:
            return "participant" if idle else "active"
        return "zombie" if self._acts[key].total() <= mean else "at_risk"


class HistoryReader:
    """Stands in for the readers of `sinks.clickhouse.readers.history` and `cuts`."""

    reads = ("acts", "said", "links")

    def __init__(self, reader: Any, cuts: Cuts) -> None:
        self._rows, self.cuts = reader.store, cuts

    def _mine(self) -> Iterator[tuple[Source, int, int]]:
        """Sources with the epoch that this history reads, and the offset before which late records count."""
        self._rows.meanwhile()
        for source in self._rows.sources:
            if source.contract in self.cuts.epochs:
                corrected = self.cuts.corrected.get((source.contract, 0), 0)
                yield source, self.cuts.epochs[source.contract], corrected

    def late(self) -> list[tuple[str, int, int, int]]:
        """What only counts on its day since a correction."""
        found = []
        for source, _, corrected in self._mine():
            offsets = [at for at in source.landed.facts if at < corrected and source.late(at)]
            if corrected:
                found.append((source.contract, 0, len(offsets), sum(offsets)))
        return found

    def first_changed(self, before: "HistoryReader") -> int:
        """The first day that knows more than with these corrections."""
        less = before.cuts.corrected
        days = (
            source.days[at]
            for source, _, corrected in self._mine()
            for at in source.landed.facts
            if less.get((source.contract, 0), 0) <= at < corrected and source.late(at)
        )
        return min(days, default=FAR)

    def offsets(self) -> pa.Table:
        """Closing offsets."""
        rows = [
            {"topic": source.contract, "partition": 0, "first_day": first, "until_day": until, "next_offset": offset}
            for source, epoch, _ in self._mine()
            for (of, until), (first, offset) in source.landed.closings.items()
            if of == epoch
        ]
        return pa.Table.from_pylist(rows)

    def first_day(self) -> int | None:
        """The first day that knows anything."""
        return min((day for day, _ in (*self._acts(), *self._facts())), default=None)

    def _acts(self) -> Iterator[tuple[int, Row]]:
        for source, epoch, corrected in self._mine():
            for (of, day, key), n in source.landed.acts.items():
                if of == epoch:
                    yield day, {"key": key, "n": n}
            for at, key in source.landed.facts.items():
                if at < corrected and source.late(at):
                    yield source.days[at], {"key": key, "n": 1}

    def _facts(self) -> Iterator[tuple[int, Row]]:
        for source, epoch, corrected in self._mine():
            closings = sorted((at, first) for (of, _), (first, at) in source.landed.closings.items() if of == epoch)
            for at, key in source.landed.facts.items():
                first = next((first for offset, first in closings if at < offset), None)
                if at < corrected or first is not None:
                    yield source.days[at] if at < corrected else max(source.days[at], first or 0), {"key": key}

    def acts(self, days: Stretch) -> pa.Table:
        """What members did on these days."""
        rows = [row | {"at": day} for day, row in self._acts() if days.first <= day <= days.last]
        return _table(rows, key=_TEXT, n=_NUMBER, at=_NUMBER)

    def said(self, days: Stretch) -> pa.Table:
        """Facts that these days are the first to know."""
        rows = [
            row | {"at": max(day, days.first - 1)}
            for day, row in self._facts()
            if day <= days.last and (days.fresh or day >= days.first)
        ]
        return _table(rows, key=_TEXT, at=_NUMBER)

    def links(self, days: Stretch) -> pa.Table:
        """No account belongs to anybody."""
        return _table([], at=_NUMBER)

    def spoken(self, days: Stretch) -> pa.Table:
        """What members did on the days of which a window tells."""
        first = max(days.first, days.last - _WINDOW + 1)
        rows = [row | {"day": day} for day, row in self._acts() if first <= day <= days.last]
        return _table(rows, key=_TEXT, day=_NUMBER, n=_NUMBER)

    def habits(self, last: int) -> pa.Table:
        """How often members did anything up to a day, and when last."""
        found: dict[str, Row] = {}
        for day, row in self._acts():
            if day <= last:
                one = found.setdefault(row["key"], {"key": row["key"], "n": 0, "newest": 0})
                one["n"], one["newest"] = one["n"] + row["n"], max(one["newest"], day)
        return _table(list(found.values()), key=_TEXT, n=_NUMBER, newest=_NUMBER)


class ClosedDays:
    """Stands in for `sinks.clickhouse.readers.closed_days.ClosedDays`."""

    def __init__(self, store: Any) -> None:
        self._rows = store

    def _table(self, history: int, name: str) -> list[Row]:
        self._rows.meanwhile()
        return list(self._rows.histories.get(history, {}).get(name, {}).values())

    def in_use(self) -> int:
        """The history that is read."""
        self._rows.meanwhile()
        return int(self._rows.history)

    def newest(self, history: int) -> Newest:
        """How far a history has come."""
        day = max((number(row["day"]) for row in self._table(history, CUTS)), default=None)
        scores = [row for row in self._table(history, "people_scores") if day is not None and number(row["day"]) == day]
        names = ("mean", "scale", "weights", "silent", "theta", "longer")
        return Newest(day, tuple(scores[0][name] for name in names) if scores else None)

    def states(self, history: int) -> pa.Table:
        """What every member was at the end of the newest closed day."""
        return self._newest(history, "people_transitions", "member_id")

    def segments(self, history: int, last: int) -> pa.Table:
        """What every person was at the end of the newest closed day."""
        return self._newest(history, "people_segment_days", "person_id")

    def _newest(self, history: int, name: str, key: str) -> pa.Table:
        last = max(row["day"] for row in self._table(history, CUTS))
        rows = sorted((row for row in self._table(history, name) if row["day"] <= last), key=lambda row: row["day"])
        return pa.Table.from_pylist(list({row[key]: row for row in rows}.values()), _SCHEMAS[name])

    def first_cut(self, history: int) -> tuple[int, dict[tuple[str, int], int]]:
        """The first day of a history, and its cut."""
        rows = self._table(history, CUTS)
        day = min(row["day"] for row in rows)
        return number(day), {(row["topic"], row["partition"]): row["next_offset"] for row in rows if row["day"] == day}

    def copy(self, history: int, to: int, last: int) -> dict[str, int]:
        """Write the rows of a history up to a day for another one, table by table."""
        counts = {}
        for name in (name for name in TABLES if name != CUTS):
            rows = [row | {"history": to} for row in self._table(history, name) if number(row["day"]) <= last]
            self._rows.write(partial(self._rows.land_days, name, rows))
            counts[name] = len(rows)
        return counts

    def complete(self, cuts: pa.Table, first: bool, counts: Mapping[str, int]) -> bool:
        """Write the cuts of days unless something before them is gone."""
        (history, *_), days = cuts["history"].to_pylist(), set(cuts["day"].to_pylist())
        rows = self._rows

        def there() -> bool:
            mine = rows.histories.get(history, {})
            before = min(days) - timedelta(1) in _days(mine.get(CUTS, {}))
            return (first or before) and all(
                sum(row["day"] in days for row in mine.get(name, {}).values()) >= n for name, n in counts.items()
            )

        self._rows.write(lambda: self._rows.land_days(CUTS, cuts.to_pylist()) if there() else None)
        return days <= _days({row["day"]: row for row in self._table(history, CUTS)})

    def drop_others(self, kept: set[int]) -> None:
        """Drop every history but these, table by table."""
        for name in TABLES:
            for history in [one for one in self._rows.histories if one not in kept]:
                self._rows.write(lambda history=history, name=name: self._rows.drop_days(history, name))


def _days(rows: Any) -> set[date]:
    return {row["day"] for row in rows.values()}


def _table(rows: list[Row], **columns: pa.DataType) -> pa.Table:
    rows.sort(key=lambda row: row.get("at", 0))
    return pa.Table.from_pylist(rows, pa.schema(columns))


def number(day: date) -> int:
    """A day's number."""
    return (day - date(1970, 1, 1)).days


def key_of(row: Row) -> tuple[Any, ...]:
    """Under which a table of closed days keeps one row."""
    return tuple(row[name] for name in _KEYS if name in row)


def known(sources: list[Source]) -> tuple[dict[int, dict[str, pa.Table]], int]:
    """What each day knows that the days before did not, by day, from the records alone; and the first open day."""
    found: dict[int, dict[str, list[Row]]] = {}
    until = PRESENT_DAY - LATENESS_H // 24
    for source in sources:
        corrected = source.landed.corrected.get(source.landed.epoch, 0)
        until = min(until, source.open(len(source.records)))
        for at, key in source.landed.facts.items():
            on, first = source.days[at], source.open(at)
            if at < corrected or on >= first:
                found.setdefault(on, {"acts": [], "said": []})["acts"].append({"key": key, "at": on, "n": 1})
            when = on if at < corrected else max(on, first)
            found.setdefault(when, {"acts": [], "said": []})["said"].append({"key": key})
    columns = {"acts": {"key": _TEXT, "at": _NUMBER, "n": _NUMBER}, "said": {"key": _TEXT}}
    return {day: {name: _table(rows[name], **columns[name]) for name in rows} for day, rows in found.items()}, until


def undisturbed(sources: list[Source]) -> dict[str, dict[tuple[Any, ...], Row]]:
    """The rows of all closed days, worked out one after the other in one go, except those of cuts."""
    read, until = known(sources)
    history, found = History(), {name: {} for name in (*_SCHEMAS, "people_scores")}
    nothing = {"acts": _table([], key=_TEXT), "said": _table([], key=_TEXT)}
    for day in range(min(read), until):
        history.take(read.get(day, nothing))
        closed, on = history.close(day), {"day": date(1970, 1, 1) + timedelta(day)}
        for name, rows in (closed.windows | {"people_scores": day_rows.score(closed).to_pylist()}).items():
            found[name] |= {key_of(row | on): row | on for row in rows}
    return found


def cuts_of(reader: Any, marks: Marks) -> Cuts:
    """What closes days by now."""
    sources = [source for source in reader.store.sources if source.contract in marks.topics]
    corrected = {
        (source.contract, 0): source.landed.corrected[epoch]
        for source in sources
        if (epoch := marks.epochs[source.contract]) in source.landed.corrected
    }
    settings = {source.contract: ("UTC", LATENESS_H * 3_600_000) for source in sources}
    return Cuts(dict(marks.topics), dict(marks.epochs), corrected, settings)


def _of(name: str) -> Any:
    """Rows of a table, of a closed day or what stands for them; they come last."""
    return lambda *given: pa.Table.from_pylist(getattr(given[-1], "windows", given[-1])[name], _SCHEMAS[name])


@contextmanager
def closing() -> Iterator[None]:
    """Days close by the rules of this module, and each look at a clock of the kernels' thread takes a tenth of a
    second."""
    ticks = (n / 10 for n in itertools.count())
    doubles: list[tuple[Any, str, Any]] = [
        (days_module, "History", History), (days_module, "HistoryReader", HistoryReader),
        (days_module, "MOST", _MOST), (days_module, "owners_by_day", lambda links: links),
        (loaded_module, "HistoryReader", HistoryReader),
        (loaded_module, "Known", HistoryReader), (loaded_module, "ClosedDays", ClosedDays),
        (loaded_module, "cuts_of", cuts_of),
        (day_rows, "ClosedDays", ClosedDays), (task_module, "ClosedDays", ClosedDays),
        (task_module, "time", SimpleNamespace(perf_counter=ticks.__next__)),
        (task_module, "ThreadPoolExecutor", Threads), (loaded_module, "ThreadPoolExecutor", Threads),
        (day_rows, "changes", _of("people_transitions")), (day_rows, "counts", _of("people_group_days")),
        (day_windows, "activity", _of("people_activity_days")), (day_windows, "tiers_of", _of("people_tier_days")),
        (segment_days, "rows_of", _of("people_segment_days")),
    ]  # fmt: skip
    with ExitStack() as stack:
        for place, name, double in doubles:
            stack.enter_context(mock.patch.object(place, name, double))
        yield
