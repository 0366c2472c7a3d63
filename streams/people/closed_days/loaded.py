"""A history of closed days as it stands in the database: whoever takes the share over goes on from there."""

import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from analytics.people.closed_windows import DAYS
from analytics.people.fitted import Fitted, unfitted
from analytics.people.score import Score
from schemas.agents import PEOPLE
from sinks.clickhouse.readers.closed_days import ClosedDays, Newest
from sinks.clickhouse.readers.cuts import Cuts, Known, Stretch, cuts_of
from sinks.clickhouse.readers.history import HistoryReader
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.people import PeopleReader
from streams.people.closed_days.closed_day import Before
from streams.people.closed_days.day_rows import cut, dated


@dataclass(frozen=True)
class Loaded:
    """A history as it stands in the database: its number and newest closed day (None: there is none yet); the history
    that is read, and its newest day; what was known at the end of the newest day."""

    number: int
    cuts: Cuts
    last: int | None
    in_use: int
    told_until: int
    before: Before | None
    fit: Fitted


def load(reader: PeopleReader, marks: Marks, limit: float) -> Loaded:
    """Read the history that belongs to these sources and this limit of the score; blocks.

    One that has not begun yet, but differs from the one in use by a correction, begins with all days before those that
    the correction changes.
    """
    cuts = cuts_of(reader, marks)
    late = Known(reader, cuts).late()
    cuts = replace(cuts, corrected={place: cuts.corrected[place] for place in sorted(_places(late))})
    rows, landed = HistoryReader(reader, cuts), ClosedDays(reader.store)
    number, in_use = _number(cuts, late, limit), landed.in_use()
    newest, told = landed.newest(number), landed.newest(in_use).day if in_use != 0 else None
    if newest.day is None and told is not None:
        before = _before_correction(reader, rows, landed, in_use)
        if _number(before, Known(reader, before).late(), limit) == in_use:
            _copy(rows, landed, Known(reader, before), (in_use, number), told)
            newest = landed.newest(number)
    last = newest.day
    return Loaded(
        number, cuts, last, in_use, -1 if told is None or in_use == number else told,
        None if last is None else _before(rows, landed, number, last),
        _fit_of(newest),
    )  # fmt: skip


def _places(late: list[tuple[str, int, int, int]]) -> set[tuple[str, int]]:
    return {(contract, partition) for contract, partition, *_ in late}


def _number(cuts: Cuts, late: list[tuple[str, int, int, int]], limit: float) -> int:
    """The number of a history, which names all that it depends on; never 0."""
    about = [sorted(cuts.epochs.items()), sorted(cuts.topics.items()), late, limit, PEOPLE.rules]
    return zlib.crc32(json.dumps(about).encode()) or 1


def _before_correction(reader: PeopleReader, rows: HistoryReader, landed: ClosedDays, history: int) -> Cuts:
    """What closed the days of a history, if it only lacks corrections: its first cut tells how far those of then go."""
    day, cut = landed.first_cut(history)
    plain = replace(rows.cuts, corrected={})
    closed = {(topic, of): offset for topic, of, offset in plain.at(rows.offsets(), Stretch(day, day, True))[day]}
    contracts = {topic: contract for contract, topic in plain.topics.items()}
    beyond = {(contracts[topic], of): at for (topic, of), at in cut.items() if closed.get((topic, of), at) < at}
    return replace(plain, corrected=dict(sorted(beyond.items())))


def _copy(rows: HistoryReader, landed: ClosedDays, before: Known, histories: tuple[int, int], newest: int) -> None:
    """Have the second history begin with the days of the first one that more corrections do not change."""
    (old, new), (first, _) = histories, landed.first_cut(histories[0])
    last = min(rows.first_changed(before) - 1, newest)
    if last >= first:
        counts = landed.copy(old, new, last)
        at = rows.cuts.at(rows.offsets(), Stretch(first, last, True))
        landed.complete(pa.concat_tables([dated(cut(at[day]), day, new) for day in at]), True, counts)


def _before(rows: HistoryReader, landed: ClosedDays, number: int, last: int) -> Before:
    """What was known at the end of the newest day of a history."""
    spoken = Stretch(last - DAYS + 2, last, fresh=False)  # the next day lets go of the one before these
    with ThreadPoolExecutor(2) as threads:
        found = [
            threads.submit(*one)
            for one in (
                (landed.states, number), (rows.habits, last), (landed.segments, number, last), (rows.spoken, spoken),
            )
        ]  # fmt: skip
        states, habits, segments, words = (one.result() for one in found)
    return Before(habits, states, segments, words)


def _fit_of(newest: Newest) -> Fitted:
    if newest.score is None:
        return unfitted()
    mean, scale, weights, silent, theta, longer = newest.score
    score = Score(np.array(mean), np.array(scale), np.array(weights), np.array(silent), 0, 0)
    return Fitted(score, theta, np.array(longer))
