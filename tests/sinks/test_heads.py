"""What is vouched for, as it is read back, on a real ClickHouse."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from schemas.topics import CHAT, PRODUCT
from sinks.clickhouse.readers.heads import read_heads
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Cut, Head
from tests.landing import Landing, empty, own_store
from tests.oracle.community import Record
from tests.oracle.worlds import World
from tests.streams.test_rebuild import job

pytestmark = pytest.mark.services
END_MS = 1_772_063_999_000


def said(number: int) -> Record:
    event = {"event_id": f"e{number}", "type": "message", "platform": "irc", "group_id": "g", "member_id": "m",
             "kind": "text", "message_id": str(number), "ts_ms": END_MS}  # fmt: skip
    return Record(number, END_MS, json.dumps(event).encode())


@pytest.fixture
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        empty(store, "UTC")
        yield store


@pytest.fixture
def landing(store: ClickHouseStore) -> Landing:
    return Landing(World("UTC", 48, 4_000_000, tuple(said(number) for number in range(5, 15))), store)


def test_the_newest_head_tells_where_its_term_began(store: ClickHouseStore, landing: Landing) -> None:
    records = landing.world.records
    landing.land(records[:4])
    landing.again()
    landing.land(records[4:])
    (vouched,) = read_heads(store).values()
    assert (vouched.topic, vouched.epoch, vouched.partitions) == (CHAT.name, 0, 1)
    assert vouched.heads == {0: Head(CHAT.name, 0, 0, Cut(2, 1), 15, 9, landing.task.clock_ms)}


def test_an_older_head_that_lands_late_counts_for_nothing(store: ClickHouseStore, landing: Landing) -> None:
    landing.land(landing.world.records)
    newest = landing.task.head
    store.vouch([replace(newest, cut=Cut(1, 0), next_offset=5), replace(newest, partition=1, cut=Cut(3, 4))])
    assert read_heads(store)[CHAT.name].heads == {0: newest, 1: replace(newest, partition=1, cut=Cut(3, 4))}


def test_heads_count_in_the_epoch_in_use(store: ClickHouseStore, landing: Landing) -> None:
    landing.land(landing.world.records)
    later = replace(landing.epoch, number=1)
    store.claim(later, ready=False)
    store.vouch([replace(landing.task.head, epoch=1)])
    assert read_heads(store)[CHAT.name].heads == {0: landing.task.head}
    store.claim(later)
    assert read_heads(store)[CHAT.name].heads == {0: replace(landing.task.head, epoch=1)}
    store.claim(replace(later, number=2))
    vouched = read_heads(store)[CHAT.name]
    assert (vouched.epoch, vouched.heads) == (2, {})


def test_a_rebuilt_epoch_is_vouched_for_when_it_comes_into_use(store: ClickHouseStore, landing: Landing) -> None:
    landing.land(landing.world.records)
    job(landing).rebuild()
    vouched, before = read_heads(store)[CHAT.name], landing.task.head
    assert vouched.epoch == 1
    assert (vouched.heads[0].next_offset, vouched.heads[0].clock_ms) == (before.next_offset, END_MS)
    landing.again()
    assert read_heads(store)[CHAT.name].heads == {0: landing.task.head}
    assert landing.task.head.cut > vouched.heads[0].cut


def test_each_topic_has_its_own(store: ClickHouseStore, landing: Landing) -> None:
    landing.land(landing.world.records)
    product = Landing(World("UTC", 48, 4_000_000, (said(3),)), store, PRODUCT.name)
    found = read_heads(store)
    assert found[CHAT.name].heads == {0: landing.task.head}
    assert found[PRODUCT.name].heads == {0: product.task.head}
    assert product.task.head.next_offset == 3


def test_nothing_has_run(store: ClickHouseStore) -> None:
    assert read_heads(store) == {}
