"""Ticks give every partition of every source a clock, also where no record has ever come; real workers and servers."""

import pytest

from groupvitals.commands.topics import topic_layout
from groupvitals.connections import clickhouse, kafka_address
from groupvitals.settings import Settings
from schemas.agents import AGENTS
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.readers.heads import read_heads
from sinks.clickhouse.store import ClickHouseStore
from streams.kafka.topics import ensure_topics
from tests.streams.workers import stop, wait_until, worker

pytestmark = pytest.mark.services
SOURCES = ("community", "product", "links")


def test_every_partition_of_every_source_gets_a_clock(settings: Settings) -> None:
    settings.kafka.chat_partitions = settings.kafka.person_partitions = 2
    ensure_topics(kafka_address(settings), topic_layout(settings))
    migrate(clickhouse(settings), "UTC")
    store = ClickHouseStore(clickhouse(settings))

    def clocks(agent: str) -> list[int]:
        found = read_heads(store).get(AGENTS[agent].contract)
        return [head.clock_ms for head in found.heads.values()] if found else []

    for agent in SOURCES:
        with worker(agent, WORKER__TICK_S=1, WORKER__FLUSH_INTERVAL_S=0.1) as process:
            wait_until(lambda: len(clocks(agent)) == 2 and all(clocks(agent)), f"{agent}: both partitions have a clock")  # noqa: B023
            assert stop(process) == 0
    rows = store.native.execute(
        f"SELECT topic, partition, toString(first_day) FROM {store.address.database}.day_closings FINAL"
    )
    topics = [f"{settings.kafka.topic_prefix}{AGENTS[agent].contract}" for agent in SOURCES]
    assert {tuple(row) for row in rows} == {(topic, p, "1970-01-01") for topic in topics for p in (0, 1)}
