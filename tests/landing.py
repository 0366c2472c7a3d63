"""Worlds landed in a real ClickHouse by a task in this process, without Kafka."""

import uuid
from collections.abc import Iterator

import pyarrow as pa

from sinks.clickhouse.connection import Address
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Epoch
from streams.checkpoint.task import Task
from streams.kafka.records import read_records
from tests.memory import TOPIC, MemoryBroker, land, new_task, own, record_batch
from tests.oracle.community import Record
from tests.oracle.worlds import World


def own_store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    """A database that is dropped at the end."""
    host, tcp, http = clickhouse
    store = ClickHouseStore(Address(host, tcp, http, database=f"t{uuid.uuid4().hex[:12]}"))
    yield store
    store.native.execute(f"DROP DATABASE IF EXISTS {store.address.database} SYNC")


def empty(store: ClickHouseStore, zone: str) -> None:
    """Tables with nothing in them, and the views of a zone."""
    if store.native.execute(f"EXISTS DATABASE {store.address.database}")[0][0]:
        clear(store)
    migrate(store.address, zone)


def clear(store: ClickHouseStore) -> None:
    """Tables with nothing in them."""
    full = store.native.execute(
        "SELECT name FROM system.tables WHERE database = %(database)s AND total_rows > 0 AND name != 'migrations'",
        parameters={"database": store.address.database},
    )
    for (table,) in full:
        store.native.execute(f"TRUNCATE TABLE {store.address.database}.{table}")


class Landing:
    """One partition of a world on its way into ClickHouse."""

    def __init__(
        self, world: World, store: ClickHouseStore, topic: str = TOPIC, partition: int = 0, partitions: int = 1
    ) -> None:
        self.world, self.store = world, store
        begin, end = world.records[0].offset, world.records[-1].offset + 1
        self.broker = MemoryBroker(begin, end, topic=topic, partitions=partitions)
        self.task: Task = new_task(world.zone, world.lateness_h, world.horizon, topic, partition)
        own(self.task, self.broker, store)

    def land(self, records: tuple[Record, ...]) -> None:
        """Apply some more records and flush them all the way."""
        if records:
            data = record_batch([(r.offset, r.kafka_ts_ms, None, r.value) for r in records])
            assert self.task.apply(read_records(data, self.task.next_offset))
            land(self.task, self.store, self.broker)

    def begin(self, records: tuple[Record, ...]) -> dict[str, pa.Table]:
        """Apply some more records; the rows of a flush that gets no further."""
        if not records:
            return {}
        data = record_batch([(r.offset, r.kafka_ts_ms, None, r.value) for r in records])
        assert self.task.apply(read_records(data, self.task.next_offset))
        flush = self.task.begin_flush()
        return flush.tables if flush else {}

    @property
    def epoch(self) -> Epoch:
        """The epoch that is in use."""
        found = self.store.epoch(self.task.state.agent.contract)
        assert found is not None
        return found

    def again(self) -> None:
        """Somebody else takes over."""
        world, task = self.world, self.task
        self.task = new_task(world.zone, world.lateness_h, world.horizon, task.topic, task.partition)
        own(self.task, self.broker, self.store)


def landed(world: World, store: ClickHouseStore, flushes: int) -> Landing:
    """Run the world's records through a task into empty tables."""
    clear(store)
    return land_topic(world, store, flushes)


def land_topic(
    world: World, store: ClickHouseStore, flushes: int, topic: str = TOPIC, taken_over: bool = False
) -> Landing:
    """Run records of a topic through a task, which another one may take over after every flush."""
    landing = Landing(world, store, topic)
    size = len(world.records) // flushes + 1
    for first in range(0, len(world.records), size):
        landing.land(world.records[first : first + size])
        if taken_over:
            landing.again()
    return landing
