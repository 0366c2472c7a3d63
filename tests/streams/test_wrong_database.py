"""A database, a topic and settings that do not belong together are refused with a sentence that says what to do."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from groupvitals.settings import Settings
from schemas.errors import ConfigError, DataError
from sinks.clickhouse.checks import split_groups
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Epoch
from streams.community_state import CommunityState
from streams.epochs import check
from streams.kafka_broker import topic_origin
from streams.records import read_records
from streams.task import TOPIC, Task
from streams.topics import TopicLayout, delete_topics, ensure_topics
from tests.conftest import Run
from tests.landing import clear, empty, own_store
from tests.memory import ORIGIN, MemoryBroker, MemoryStore, land, new_task, own, record_batch
from tests.oracle.worlds import encode

EPOCH = Epoch(0, "settings", ORIGIN)


def records(count: int, group: str = "g") -> bytes:
    """So many messages from offset 0 on."""
    event = {"type": "message", "message_id": "m", "kind": "text", "group_id": group, "member_id": "a"}
    times = [1_735_693_200_000 + i for i in range(count)]
    return record_batch(
        [(i, ts, None, encode(event | {"event_id": f"{group}{i}", "ts_ms": ts})) for i, ts in enumerate(times)]
    )


def checkpointed(count: int) -> tuple[MemoryStore, MemoryBroker]:
    """A store whose checkpoint stands behind so many records."""
    store, broker, task = MemoryStore(), MemoryBroker(0, count), new_task()
    own(task, broker, store)
    task.apply(read_records(records(count), 0))
    land(task, store, broker)
    return store, broker


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (replace(ORIGIN, cluster="other"), "Two deployments cannot share a database"),
        (replace(ORIGIN, topic="mine.chat.events"), "Two deployments cannot share a database"),
        (replace(ORIGIN, topic_id="newer"), "was recreated"),
        (replace(ORIGIN, partitions=2), "has 2 partitions; the database was made with 1"),
    ],
)
def test_another_topic_is_refused(origin: type(ORIGIN), words: str) -> None:  # type: ignore[valid-type]
    with pytest.raises(DataError, match=words):
        check(EPOCH, origin, "settings")


def test_other_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="rebuild"):
        check(EPOCH, ORIGIN, "others")


def test_reset_offsets_are_refused() -> None:
    store, broker = checkpointed(9)
    broker.end = 4
    with pytest.raises(DataError, match=r"checkpoint is at offset 9, Kafka ends at 4.*reset"):
        own(new_task(), broker, store)


def test_an_older_database_goes_on_while_kafka_has_the_records(caplog: pytest.LogCaptureFixture) -> None:
    store, broker = checkpointed(9)
    broker.kept, broker.end = (20, 7), 30
    with caplog.at_level(logging.WARNING):
        task = new_task()
        own(task, broker, store)
    assert task.next_offset == 9
    assert task.cut.term == 8, "terms go on from Kafka's, whatever the database remembers"
    assert "11 records behind what was committed" in caplog.text


def test_an_older_database_is_refused_when_kafka_lost_the_records() -> None:
    store, broker = checkpointed(9)
    broker.kept, broker.begin, broker.end = (20, 7), 15, 30
    with pytest.raises(DataError, match="6 records in between are gone"):
        own(new_task(), broker, store)


# --- on the real servers ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        empty(store, "UTC")
        yield store


@pytest.mark.services
def test_the_first_of_two_claims_counts(store: ClickHouseStore) -> None:
    clear(store)
    other = replace(EPOCH, origin=replace(ORIGIN, cluster="other"))
    for claim in (EPOCH, other, EPOCH):
        store.claim(claim)
    assert store.epochs() == [(EPOCH, True)]


@pytest.mark.services
def test_a_group_in_two_partitions_is_found(store: ClickHouseStore) -> None:
    clear(store)
    for partition, groups in ((0, ("here", "both")), (1, ("both",))):
        task = Task(TOPIC, partition, CommunityState(), new_task().settings)
        broker = MemoryBroker(0, 4)
        own(task, broker, store)
        for number, group in enumerate(groups):
            data = read_records(records(2, group), 0)
            task.apply(data._replace(offsets=data.offsets + 2 * number, first=2 * number, following=2 * number + 2))
        flush = task.begin_flush()
        assert flush is not None
        for table, found in flush.tables.items():
            store.insert(table.partition(":")[0], found)
    (group,) = split_groups(store.native)
    assert (group.group_id, group.partitions) == ("both", (0, 1))
    assert "murmur2" in str(group)


@pytest.mark.services
def test_real_topics_are_told_apart(settings: Settings, groupvitals: Run) -> None:
    bootstrap, prefix = settings.kafka.bootstrap, settings.kafka.topic_prefix
    assert bootstrap
    ensure_topics(bootstrap, TopicLayout(prefix=prefix, chat_partitions=2))
    assert groupvitals("migrate").returncode == 0
    first = topic_origin(bootstrap, f"{prefix}{TOPIC}")
    assert first.partitions == 2 and first.cluster and first.topic_id
    assert groupvitals("worker", "--until-caught-up").returncode == 0
    delete_topics(bootstrap, TopicLayout(prefix=prefix))
    ensure_topics(bootstrap, TopicLayout(prefix=prefix, chat_partitions=2))
    assert replace(topic_origin(bootstrap, f"{prefix}{TOPIC}"), topic_id=first.topic_id) == first
    refused = groupvitals("worker", "--until-caught-up")
    assert refused.returncode == DataError.exit_code
    assert "was recreated" in refused.stderr.splitlines()[-1]
