"""A history of closed days as it stands in the database: whoever takes the share over goes on from there."""

import json
import zlib
from dataclasses import dataclass, replace

import numpy as np

from analytics.people.closed_windows import DAYS
from analytics.people.fitted import Fitted, unfitted
from analytics.people.score import Score
from schemas.agents import PEOPLE
from sinks.clickhouse.readers.closed_days import ClosedDays, Newest
from sinks.clickhouse.readers.cuts import Cuts, Known, Stretch, cuts_of
from sinks.clickhouse.readers.history import HistoryReader
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.people import PeopleReader
from streams.people.closed_day import Before


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
    """Read the history that belongs to these sources and this limit of the score; blocks."""
    cuts = cuts_of(reader, marks)
    late = Known(reader, cuts).late()
    counting = {(contract, partition) for contract, partition, *_ in late}
    cuts = replace(cuts, corrected={place: cuts.corrected[place] for place in sorted(counting)})
    rows, landed = HistoryReader(reader, cuts), ClosedDays(reader.store)
    about = [sorted(cuts.epochs.items()), sorted(cuts.topics.items()), late, limit, PEOPLE.rules]
    number = zlib.crc32(json.dumps(about).encode()) or 1
    in_use, newest = landed.in_use(), landed.newest(number)
    told = landed.newest(in_use).day if in_use not in (0, number) else None
    last = newest.day
    return Loaded(
        number, cuts, last, in_use, -1 if told is None else told,
        None if last is None else _before(rows, landed, number, last),
        _fit_of(newest),
    )  # fmt: skip


def _before(rows: HistoryReader, landed: ClosedDays, number: int, last: int) -> Before:
    """What was known at the end of the newest day of a history."""
    spoken = rows.spoken(Stretch(last - DAYS + 2, last, fresh=False))  # the next day lets go of the one before these
    return Before(rows.habits(last), landed.states(number), landed.segments(number, last), spoken)


def _fit_of(newest: Newest) -> Fitted:
    if newest.score is None:
        return unfitted()
    mean, scale, weights, silent, theta, longer = newest.score
    score = Score(np.array(mean), np.array(scale), np.array(weights), np.array(silent), 0, 0)
    return Fitted(score, theta, np.array(longer))
