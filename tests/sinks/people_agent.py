"""The people agent in this process, without Kafka: it takes its share over, and works out what has landed."""

from dataclasses import replace
from typing import Any

from analytics.people.fitted import Fitted
from sinks.clickhouse.journeys import Journeys
from sinks.clickhouse.store import ClickHouseStore
from streams.checkpoint.epochs import numbers_settings
from streams.people.closed_days.day_rows import landing
from streams.people.state import PeopleState
from streams.people.task import PeopleTask
from tests.memory import MemoryBroker, land, own

TOPIC = "people.shards"
#: How members name themselves.
FIELDS = ["name", "role", "industry", "city"]


class PeopleAgent:
    """The owner of the only share. `closing`: it closes days, too; else the score is `fit`, and nobody was anything
    before."""

    def __init__(
        self, store: ClickHouseStore, zone: str = "UTC", closing: bool = False, fit: Fitted | None = None
    ) -> None:
        self.store, self._zone, self._closing, self._fit = store, zone, closing, fit
        self.broker = MemoryBroker(0, 0, topic=TOPIC)
        #: Changes of states on closed days that were told.
        self.told: list[dict[str, Any]] = []
        self.task = self._new()

    def _new(self) -> PeopleTask:
        state = PeopleState(self._zone, nickname="-".join(FIELDS))
        task = PeopleTask(TOPIC, 0, state, numbers_settings(self._zone, 48, 4_000_000))
        own(task, self.broker, self.store)
        return task

    def taken_over(self) -> None:
        """Somebody else takes over."""
        self.task = self._new()

    def work_out(self) -> int:
        """Work out all that has landed; returns how many rows wait to land."""
        reading = self.task.look(self.store)
        if reading is None:
            return 0
        if self._fit is not None:
            now = replace(reading.now, score=self._fit.score, limit=self._fit.limit)
            reading = replace(reading, now=now)
        self.task.take(reading)
        while (found := self.task.more(self.store)) is not None:
            self.task.state.answer(found)
        return self.task.state.waiting

    def close_days(self) -> int:
        """Close all days that are due; returns how many."""
        count = 0
        while self._closing and (batch := self.task.read_days(self.store)) is not None:
            days = self.task.close_days(batch, 1.0)
            for write in landing(self.store, days, self.told.extend):
                write()
            self.task.days_landed(days)
            count += len(days)
        return count

    def catch_up(self) -> int:
        """Work out all that has landed, close the days that are due, and land what follows; returns how many rows
        of now that were."""
        found = 0
        while True:
            rows = self.work_out()
            closed = self.close_days()
            found += rows
            days = self.task.state.days
            if rows or days.in_use != days.published:
                land(self.task, self.store, self.broker)
                self.task.publish(self.store, [self.task.head])
            if not rows and not closed:
                break
        while Journeys(self.store).land(self.task.state.marks):
            pass
        return found
