"""What is now, and up to when each source counts, on a real ClickHouse."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from schemas.topics import CHAT, LINKS, PRODUCT, TopicSpec
from sinks.clickhouse.asking import sources
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, empty, own_store
from tests.oracle.community import Record
from tests.oracle.worlds import DAY_MS, HOUR_MS, MINUTE_MS, World
from tests.sinks.people_agent import PeopleAgent

pytestmark = pytest.mark.services
AT_MS = 1_772_000_000_000
READ = {"type": "read", "count": 1, "platform": "qq", "group_id": "qq:-:g", "member_id": "ann"}
OPEN = {"type": "open", "user_id": "u1"}
LINK = {"type": "link", "account_id": "qq:-:ann", "user_id": "u1", "source": "login"}


@pytest.fixture
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        empty(store, "UTC")
        yield store


def land(store: ClickHouseStore, topic: TopicSpec, *events: tuple[int, dict[str, Any]]) -> Landing:
    """Land events of a topic, each at its time, and stamped with that."""
    values = [json.dumps({"event_id": f"e{n}", "ts_ms": at} | one).encode() for n, (at, one) in enumerate(events)]
    records = tuple(Record(n, at, value) for n, ((at, _), value) in enumerate(zip(events, values, strict=True)))
    landing = Landing(World("UTC", 48, 4_000_000, records), store, topic.name)
    landing.land(records)
    return landing


def now(store: ClickHouseStore) -> int:
    """The time up to which people's rows count, after everything that has landed."""
    PeopleAgent(store).catch_up()
    return int(store.native.execute(f"SELECT now_ms FROM {store.address.database}.people_clock")[0][0])


def test_the_highest_clock_of_all_sources_is_now(store: ClickHouseStore) -> None:
    assert now(store) == 0
    land(store, LINKS, (AT_MS, LINK))
    assert now(store) == AT_MS
    land(store, CHAT, (AT_MS + 5, READ), (AT_MS + 1, READ))
    assert now(store) == AT_MS + 5
    land(store, PRODUCT, (AT_MS + 9, OPEN))
    assert now(store) == AT_MS + 9


def test_ticks_and_records_of_no_group_are_time(store: ClickHouseStore) -> None:
    land(store, CHAT, (AT_MS, READ), (AT_MS + DAY_MS, {"type": "tick"}))
    land(store, PRODUCT, (AT_MS + 2 * DAY_MS, {"type": "tick"}))
    assert now(store) == AT_MS + 2 * DAY_MS


def test_a_wrong_clock_counts_only_if_there_is_no_other(store: ClickHouseStore) -> None:
    month_ahead = int(time.time() * 1000) + 30 * DAY_MS
    land(store, PRODUCT, (month_ahead, OPEN))
    before = int(time.time() * 1000)
    assert before <= now(store) <= time.time() * 1000, "never later than the present"
    chat = land(store, CHAT, (AT_MS, READ))
    assert now(store) == AT_MS
    ahead = replace(chat.task.head, partition=1, clock_ms=month_ahead)
    store.vouch([ahead])
    assert now(store) == AT_MS, "another partition's is wrong"
    store.vouch([replace(ahead, partition=0, cut=replace(ahead.cut, sequence=ahead.cut.sequence + 1))])
    assert now(store) == AT_MS, "groups of a wrong partition are right"
    soon = int(time.time() * 1000) + 50 * MINUTE_MS
    store.vouch([replace(ahead, partition=2, clock_ms=soon)])
    assert before <= now(store) <= time.time() * 1000 < soon, "less than an hour ahead: time goes on with the present"


def test_each_source_counts_up_to_its_lowest_clock(store: ClickHouseStore) -> None:
    assert sources(store.address) == []
    chat = land(store, CHAT, (AT_MS, READ))
    product = land(store, PRODUCT, (AT_MS - 10 * MINUTE_MS, OPEN))
    idle = replace(product.task.head, partition=1, clock_ms=0)
    store.vouch([idle])
    agent = PeopleAgent(store)

    def counted() -> dict[str, tuple[int, int]]:
        agent.catch_up()
        return {
            row["source"]: (round(row["counts_up_to"].timestamp() * 1000) - AT_MS, row["provisional"])
            for row in sources(store.address)
        }

    assert counted() == {"chat": (0, 0), "product": (-10 * MINUTE_MS, 0)}
    store.vouch([replace(chat.task.head, partition=1, clock_ms=AT_MS + 1)])
    assert counted() == {"chat": (0, 0), "product": (-10 * MINUTE_MS, 1)}
    store.vouch([replace(idle, partition=2, clock_ms=AT_MS - HOUR_MS)])
    assert counted() == {"chat": (0, 0), "product": (-HOUR_MS, 1)}
