"""The views on a real ClickHouse against the oracle's answers, over small adversarial worlds."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sinks.clickhouse.connection import Address
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.store import ClickHouseStore
from streams.records import read_records
from tests.memory import KEYS, MemoryBroker, land, new_task, own, record_batch
from tests.oracle.answers import ANSWERS
from tests.oracle.community import community
from tests.oracle.worlds import World, worlds

pytestmark = pytest.mark.services
ZONES = ("UTC", "Asia/Kolkata", "America/New_York")
TABLES = (*KEYS, "checkpoints")

#: Not shrunk: an example takes a quarter of a second here; `tests/analytics/test_community.py` finds small ones.
examples = settings(
    max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)  # fmt: skip


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    host, tcp, http = clickhouse
    store = ClickHouseStore(Address(host, tcp, http, database=f"t{uuid.uuid4().hex[:12]}"))
    yield store
    store.native.execute(f"DROP DATABASE IF EXISTS {store.address.database} SYNC")


def landed(world: World, store: ClickHouseStore, flushes: int) -> None:
    """Run the world's records through a task into empty tables."""
    for table in TABLES:
        store.native.execute(f"TRUNCATE TABLE {store.address.database}.{table}")
    broker = MemoryBroker(world.records[0].offset, world.records[-1].offset + 1)
    task = new_task(world.zone, world.lateness_h, world.horizon)
    own(task, broker, store)
    size = len(world.records) // flushes + 1
    for first in range(0, len(world.records), size):
        part = world.records[first : first + size]
        data = record_batch([(r.offset, r.kafka_ts_ms, None, r.value) for r in part])
        assert task.apply(read_records(data, task.next_offset))
        land(task, store, broker)


def _comparable(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Rows in one order, shares to twelve digits."""
    flat = [{k: round(v, 12) if isinstance(v, float) else v for k, v in sorted(row.items())} for row in rows]
    return sorted((tuple(row.items()) for row in flat), key=repr)


@pytest.mark.parametrize("zone", ZONES)
def test_views_are_the_oracles_answers(zone: str, store: ClickHouseStore) -> None:
    migrate(store.address, zone)

    @examples
    @given(worlds(zones=(zone,)), st.integers(1, 3))
    def check(world: World, flushes: int) -> None:
        landed(world, store, flushes)
        oracle = community(list(world.records), zone, world.lateness_h, world.horizon)
        for view, answer in ANSWERS.items():
            wanted = answer([oracle], zone) if oracle.groups else []
            found = store.native.query(f"SELECT * FROM {store.address.database}.{view}")
            assert _comparable(found) == _comparable(wanted), view

    check()
