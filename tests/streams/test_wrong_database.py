"""A database, a topic and settings that do not belong together are refused with a sentence that says what to do."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from kafka import TopicPartition

from groupvitals.connections import kafka_address
from groupvitals.settings import Settings
from schemas.agents import COMMUNITY
from schemas.errors import ConfigError, DataError
from schemas.topics import CHAT, LINKS, OPERATIONS
from sinks.clickhouse.readers.checks import split_groups
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Chain, Epoch
from streams.checkpoint.epochs import check, numbers_settings
from streams.checkpoint.task import Task
from streams.kafka.admin import kafka_admin
from streams.kafka.broker import topic_origin
from streams.kafka.records import read_records
from streams.kafka.topics import TopicLayout, delete_topics, ensure_topics
from streams.state.chat.load import LOADED
from streams.state.chat.state import CommunityState
from tests.conftest import Run
from tests.landing import clear, empty, own_store
from tests.memory import ORIGIN, TOPIC, MemoryBroker, MemoryStore, land, new_task, own, record_batch
from tests.oracle.worlds import encode
from tests.streams.workers import VIEWS, Answers, assert_each_record_once, send, wait_until

SETTINGS, OTHERS = (numbers_settings("UTC", lateness_h, 4_000_000, COMMUNITY.rules) for lateness_h in (48, 24))
EPOCH = Epoch(0, SETTINGS, ORIGIN, CHAT.name)


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
        (replace(ORIGIN, partitions=2), "has 2 partitions; the database was created with 1"),
    ],
)
def test_another_topic_is_refused(origin: type(ORIGIN), words: str) -> None:  # type: ignore[valid-type]
    with pytest.raises(DataError, match=words):
        check(EPOCH, origin, SETTINGS)


def test_other_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="rebuild"):
        check(EPOCH, ORIGIN, OTHERS)


def test_no_settings_matter_where_nothing_is_computed() -> None:
    decisions = replace(ORIGIN, topic="mine.operations")
    check(replace(EPOCH, origin=decisions, contract=OPERATIONS.name), decisions, OTHERS)


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
def test_epochs_are_known_by_the_contract_and_not_by_how_topics_end(store: ClickHouseStore) -> None:
    clear(store)
    mine, other = replace(ORIGIN, topic="mine.chat.events"), replace(ORIGIN, topic="product.events.chat.events")
    store.claim(replace(EPOCH, origin=mine))
    store.claim(replace(EPOCH, number=3, origin=other, contract=LINKS.name))
    assert store.epoch(CHAT.name) == replace(EPOCH, origin=mine)
    assert store.epoch(LINKS.name) == replace(EPOCH, number=3, origin=other, contract=LINKS.name)
    assert store.native.execute(f"SELECT epoch FROM {store.address.database}.epoch") == [(0,)]


@pytest.mark.services
def test_many_sleeping_members_are_read_back_at_once(store: ClickHouseStore) -> None:
    keys = [(f"irc:network:#{'g' * 50}", f"member-{'m' * 50}-{number}") for number in range(30_000)]
    columns = LOADED["membership_states"]
    assert store.load("membership_states", TOPIC, 0, Chain(None, {1: 1}), columns, keys).num_rows == 0


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
            store.insert(table, found)
    (group,) = split_groups(store.native)
    assert (group.group_id, group.partitions) == ("both", (0, 1))
    assert "murmur2" in str(group)


def messages(first: int, count: int) -> list[bytes]:
    """Messages of a few groups, ten minutes apart."""
    event = {"type": "message", "message_id": "m", "kind": "text"}
    return [
        encode(event | {"group_id": f"irc:-:{i % 7}", "member_id": f"u{i % 11}", "event_id": f"e{i}", "ts_ms": ts_ms})
        for i, ts_ms in ((i, 1_735_693_200_000 + i * 600_000) for i in range(first, first + count))
    ]


@pytest.mark.services
def test_real_databases_that_do_not_belong_to_the_topic(
    settings: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka, prefix = kafka_address(settings), settings.kafka.topic_prefix
    layout = TopicLayout(prefix=prefix, chat_partitions=2)
    topic = f"{prefix}{TOPIC}"

    def refused(words: str) -> None:
        found = groupvitals("worker", "--until-caught-up")
        assert (found.returncode, words in found.stderr.splitlines()[-1]) == (DataError.exit_code, True), found.stderr

    ensure_topics(kafka, layout)
    assert groupvitals("migrate").returncode == 0
    first = topic_origin(kafka, topic)
    assert first.partitions == 2 and first.cluster and first.topic_id
    send(settings, messages(0, 300))
    assert groupvitals("worker", "--until-caught-up").returncode == 0

    monkeypatch.setenv("GROUPVITALS_KAFKA__TOPIC_PREFIX", f"other.{prefix}")
    ensure_topics(kafka, replace(layout, prefix=f"other.{prefix}"))
    refused("Two deployments cannot share a database")
    monkeypatch.setenv("GROUPVITALS_KAFKA__TOPIC_PREFIX", prefix)

    with kafka_admin(kafka) as admin:
        admin.create_partitions({topic: 3})
        wait_until(lambda: topic_origin(kafka, topic).partitions == 3, "Kafka tells of the third partition")
    refused("has 3 partitions; the database was created with 2")

    delete_topics(kafka, layout)
    ensure_topics(kafka, layout)
    assert replace(topic_origin(kafka, topic), topic_id=first.topic_id) == first
    refused("was recreated")


@pytest.mark.services
def test_a_real_database_from_an_older_backup(settings: Settings, groupvitals: Run) -> None:
    kafka, prefix = kafka_address(settings), settings.kafka.topic_prefix
    ensure_topics(kafka, TopicLayout(prefix=prefix, chat_partitions=2))
    assert groupvitals("migrate").returncode == 0
    answers, name = Answers(settings), settings.clickhouse.database

    def restore() -> None:
        answers.native.execute(f"DROP DATABASE {name} SYNC")
        answers.native.execute(f"RESTORE DATABASE {name} FROM Memory('{name}')")

    send(settings, messages(0, 300))
    assert groupvitals("worker", "--until-caught-up").returncode == 0
    answers.native.execute(f"BACKUP DATABASE {name} TO Memory('{name}')")
    send(settings, messages(300, 500))
    assert groupvitals("worker", "--until-caught-up").returncode == 0
    before = {view: answers.rows(view) for view in VIEWS}

    restore()
    assert answers.flushed() == 300
    repaired = groupvitals("worker", "--until-caught-up")
    assert repaired.returncode == 0 and "restored from an older backup" in repaired.stderr
    assert_each_record_once(answers, 800)
    assert {view: answers.rows(view) for view in VIEWS} == before

    restore()
    with kafka_admin(kafka) as admin:  # -1: all there are
        admin.delete_records({TopicPartition(f"{prefix}{TOPIC}", partition): -1 for partition in range(2)})
    lost = groupvitals("worker", "--until-caught-up")
    assert lost.returncode == DataError.exit_code
    assert "records in between are gone" in lost.stderr.splitlines()[-1]
