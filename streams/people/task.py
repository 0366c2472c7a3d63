"""A share of people: read what its sources have landed, land what follows from it."""

import time
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from analytics.people.score import Score
from sinks.clickhouse.readers.calls import CallReader
from sinks.clickhouse.readers.marks import Marks, marks
from sinks.clickhouse.readers.people import PeopleReader
from sinks.clickhouse.store import ClickHouseStore
from streams.checkpoint.task import Task
from streams.people.now import Now
from streams.people.state import PeopleState
from streams.people.terms import published

_EPOCH_DAY = date(1970, 1, 1)


class WentBackError(Exception):
    """A source has other numbers, or an older backup of them: what was read of it may no longer hold."""


@dataclass(frozen=True)
class Reading:
    """What the sources have landed beyond the marks of the reading before, and what is now."""

    changed: dict[str, pa.Table]
    marks: Marks
    now: Now


@dataclass
class PeopleTask(Task):
    """A task without records of its own. `look` runs in a thread that may block, `take` in the kernels' thread."""

    state: PeopleState
    _score: tuple[Any, ...] = field(default=(), repr=False)
    _published: int = 0

    @property
    def _anything_new(self) -> bool:
        return self.state.waiting > 0 and self.state.wanted is None

    def resume(self, *args: Any, **more: Any) -> None:
        """Own the share for a term, which begins with nobody in memory and no rows landed."""
        self.reset()
        self._published = 0
        super().resume(*args, **more)

    def look(self, store: ClickHouseStore) -> Reading | None:
        """Read what is new, None when nothing is. The marks are read before the rows that they vouch for.

        Raises `WentBackError` when what was read before may no longer hold.
        """
        before, self._published = self._published, published(store, self.partition)
        if self._published < before:
            raise WentBackError("The database is an older backup, without all that was landed of people.")
        found = marks(store, self.state.marks)
        if self.state.marks.went_back(found):
            raise WentBackError("Sources of people have other numbers, corrected ones, or an older backup of them.")
        if self._settled(found, store):
            return None
        reader = PeopleReader(store)
        now = self._now(reader)
        return Reading(self.state.read(reader, self.state.marks), found, now)

    def up_to_date(self, store: ClickHouseStore) -> bool:
        """Whether a look would find nothing, and nothing waits to land."""
        idle = self.flushing is None and not self._anything_new
        return idle and self._settled(marks(store), store)

    def _settled(self, found: Marks, store: ClickHouseStore) -> bool:
        """Whether nothing has come since the newest reading. What is now only moves with marks, or a clock ahead."""
        if found != self.state.marks:
            return False
        moving = found.ahead_of(int(time.time() * 1000))
        return self.state.settled(self._now(PeopleReader(store)) if moving else self.state.now)

    def take(self, reading: Reading) -> None:
        """Work out what follows from a reading; rows then wait for a flush."""
        self.state.take(reading.changed, reading.marks, reading.now)

    def more(self, store: ClickHouseStore) -> Any:
        """Read by keys what has turned out to be needed to work a reading out; None: nothing, all is worked out."""
        wanted = self.state.wanted
        return None if wanted is None else wanted(CallReader(PeopleReader(store)))

    def _now(self, reader: PeopleReader) -> Now:
        now_ms, day, end_ms, fitted = reader.now()
        if not self._score or self._score[0] != fitted:
            mean, scale, weights, silent, limit, longer = fitted
            score = Score(np.array(mean), np.array(scale), np.array(weights), np.array(silent), 0, 0)
            self._score = fitted, score, limit, np.array(longer)
        return Now(now_ms, (day - _EPOCH_DAY).days, end_ms, *self._score[1:])
