"""The people agent in this process, without Kafka: it takes its share over, and works out what has landed."""

from sinks.clickhouse.journeys import Journeys
from sinks.clickhouse.store import ClickHouseStore
from streams.checkpoint.epochs import numbers_settings
from streams.people.state import PeopleState
from streams.people.task import PeopleTask
from streams.people.terms import publish
from tests.memory import MemoryBroker, land, own

TOPIC = "people.shards"


class PeopleAgent:
    """The owner of the only share."""

    def __init__(self, store: ClickHouseStore, zone: str = "UTC") -> None:
        self.store, self._zone = store, zone
        self.broker = MemoryBroker(0, 0, topic=TOPIC)
        self.task = self._new()

    def _new(self) -> PeopleTask:
        task = PeopleTask(TOPIC, 0, PeopleState(self._zone), numbers_settings(self._zone, 48, 4_000_000))
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
        self.task.take(reading)
        while (found := self.task.more(self.store)) is not None:
            self.task.state.answer(found)
        return self.task.state.waiting

    def catch_up(self) -> int:
        """Work out all that has landed and land what follows; returns how many rows that were."""
        rows = self.work_out()
        if not rows:
            return 0
        land(self.task, self.store, self.broker)
        publish(self.store, [self.task.head])
        while Journeys(self.store).land(self.task.state.marks):
            pass
        return rows
