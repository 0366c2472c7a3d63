"""The doctor on a real deployment: nothing is wrong with a healthy one, and each fault, made for real, is found."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from groupvitals.checks import servers, workers
from groupvitals.checks.examine import examine
from groupvitals.checks.finding import ERROR, OK, WARNING, Deployment, Finding
from groupvitals.settings import Settings, load_settings
from sinks.clickhouse.connection import Native
from streams.kafka.admin import kafka_admin
from streams.kafka.topic_settings import actual_settings
from streams.kafka.topics import TopicLayout, delete_topics
from tests.conftest import Run
from tests.streams.test_bad_input import event
from tests.streams.workers import ROOT

pytestmark = pytest.mark.services
HORIZON = 1000


def some_events(first: int, count: int, **changes: Any) -> list[bytes]:
    now = int(time.time() * 1000)
    return [
        event(**{"event_id": f"e{i}", "message_id": f"x{i}", "ts_ms": now - 60_000 + i, "group_id": "qq:-:g"} | changes)
        for i in range(first, first + count)
    ]


def send(settings: Settings, partition: int, values: list[bytes], ahead_s: float = 0) -> None:
    """Send records in one transaction, whose mark takes an offset; stamped `ahead_s` in the future."""

    async def produce() -> None:
        topic = f"{settings.kafka.topic_prefix}chat.events"
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap, transactional_id=f"{topic}.test")
        async with producer, producer.transaction():
            for value in values:
                stamp = int((time.time() + ahead_s) * 1000)
                await producer.send(topic, value, key=b"qq:-:g", partition=partition, timestamp_ms=stamp)

    asyncio.run(produce())


def faults(settings: Settings, *whats: str, deep: bool = False) -> list[Finding]:
    """What is found and not well, of these kinds."""
    return [f for f in examine(settings, deep) if f.severity != OK and (not whats or f.what in whats)]


def one(findings: list[Finding], severity: str, text: str) -> None:
    """Exactly one finding, of this severity, says the text; and it says what to do."""
    matching = [finding for finding in findings if text in finding.found]
    assert [finding.severity for finding in matching] == [severity], findings
    assert matching[0].do.strip(), "a finding says what to do"


@pytest.fixture
def deployment(settings: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two partitions with landed records, each ending in the mark of a transaction."""
    for name, value in {
        "KAFKA__CHAT_PARTITIONS": 2, "WORKER__DUPLICATE_HORIZON": HORIZON, "WORKER__TICK_S": 0,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"GROUPVITALS_{name}", str(value))
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    send(settings, 0, some_events(0, 20))
    send(settings, 1, some_events(100, 20, group_id="qq:-:h"))
    send(settings, 0, some_events(20, 20))
    land(groupvitals)
    return load_settings()


def land(groupvitals: Run) -> None:
    done = groupvitals("worker", "--until-caught-up")
    assert done.returncode == 0, done.stderr


def test_a_healthy_deployment_is_well_and_each_fault_is_found(
    deployment: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = Native(Deployment(deployment).config.address)
    _well(groupvitals)
    _thresholds(deployment, monkeypatch)
    _settings(deployment)
    _workers(deployment, monkeypatch)
    _records(deployment, groupvitals)
    _stamps(deployment, groupvitals)
    _links(deployment, native)
    _tables(deployment, native, monkeypatch)
    _topic(deployment, native)


def _links(settings: Settings, native: Native) -> None:
    """What people have worked out of accounts."""
    d, version = settings.clickhouse.database, 1 << 32
    rows = [
        ("u2", "qq:-:ann", version, "u2", 0, 1), ("qq:-:bob", "qq:-:bob", version, "u3", 1, 0),
        ("u3", "u3", version, "qq:-:bob", 1, 0),
    ]  # fmt: skip
    columns = "person_id, account_id, version, user_id, quarantined, conflicts"
    native.execute(f"INSERT INTO {d}.people_terms (version) VALUES", [(version,)])
    native.execute(f"INSERT INTO {d}.people_accounts ({columns}) VALUES", rows)
    found = faults(settings, "links")
    one(found, WARNING, "1 account was linked to a user while belonging to another: qq:-:ann")
    one(found, WARNING, "2 accounts are linked in a cycle, or to a user with too many")
    for table in ("people_accounts", "people_terms"):
        native.execute(f"TRUNCATE TABLE {d}.{table}")


def _well(groupvitals: Run) -> None:
    done = groupvitals("doctor", "--json", "--deep")
    findings = [Finding(**row) for row in json.loads(done.stdout)]
    assert [finding for finding in findings if finding.severity != OK] == []
    assert done.returncode == 0
    looked = {finding.what for finding in findings}
    assert looked == {
        "clickhouse", "kafka", "migrations", "disk", "clocks", "parts", "origin", "lag", "transactions", "event time",
        "vouched",
        "stamps", "wrong clocks", "exclusions", "dead letters", "landed", "placement", "repeats", "links", "tables",
        "views", "late",
    }  # fmt: skip
    page = (ROOT / "docs" / "operations.md").read_text()
    assert [what for what in looked if not re.search(rf"^\|.*\b{what}\b.*\|.*\|$", page, re.MULTILINE)] == []
    [marks] = [finding.found for finding in findings if finding.what == "landed"]
    assert marks.startswith("3 offsets hold no record: transaction markers"), "one per transaction"


def _thresholds(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be made here without harm is found when what is usual counts as too much."""
    with monkeypatch.context() as changed:
        changed.setattr(servers, "MANY_PARTS", 0)
        changed.setattr(servers, "DISK_LOW", 1.1)
        changed.setattr(servers, "SKEW_S", -60)
        found = faults(settings)
        assert {finding.what for finding in found} == {"parts", "disk", "clocks"}
        assert {finding.severity for finding in found} == {WARNING}
        changed.setattr(servers, "DISK_FULL", 1.1)
        one(faults(settings, "disk"), ERROR, "GiB free")


def _settings(settings: Settings) -> None:
    other = settings.model_copy(update={"worker": settings.worker.model_copy(update={"lateness_h": 24})})
    one(faults(other, "origin"), ERROR, '"lateness_h": 24')
    other = settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"chat_partitions": 3})})
    one(faults(other, "kafka"), WARNING, "kafka.chat_partitions is 3")
    other = settings.model_copy(update={"clickhouse": settings.clickhouse.model_copy(update={"tcp_port": 1})})
    found = faults(other)
    one(found, ERROR, "cannot be reached")
    assert len(found) == 1, "what needs the server that is away is not looked at"


@contextmanager
def a_member(settings: Settings) -> Iterator[None]:
    """Somebody in the workers' consumer group who does nothing."""
    config = Deployment(settings).config
    loop = asyncio.new_event_loop()

    async def join() -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            config.topic, **config.kafka.for_clients(), group_id=config.group, enable_auto_commit=False
        )
        await consumer.start()
        while not consumer.assignment():
            await consumer.getmany(timeout_ms=100)
        return consumer

    consumer = loop.run_until_complete(join())
    try:
        yield
    finally:
        loop.run_until_complete(consumer.stop())
        loop.close()


def _workers(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(workers, "OLD_S", 0)
        changed.setattr(workers, "BEHIND_S", 0)
        assert faults(settings, "lag", "event time") == [], "nothing waits, nobody works"
        send(settings, 0, some_events(40, 1))
        one(faults(settings, "lag"), WARNING, "no worker runs")
        with a_member(settings):
            found = faults(settings, "lag", "event time")
        one(found, ERROR, "1 workers run")
        one(found, WARNING, "the clock of partition 0")


def _records(settings: Settings, groupvitals: Run) -> None:
    """What producers do wrong."""
    send(settings, 0, [b'{"group_id": "qq:-:g"}', *some_events(200, HORIZON), *some_events(0, 1)])
    send(settings, 1, some_events(5000, 1))
    land(groupvitals)
    one(faults(settings, "dead letters"), WARNING, "1 missing, 1 of them in the last 24 h; the newest: ")
    one(faults(settings, "placement"), ERROR, "The group qq:-:g has events in partitions 0 and 1")
    assert faults(settings, "repeats", "landed") == [], "event ids are looked at with --deep only"
    one(faults(settings, "repeats", deep=True), WARNING, "1 event ids were repeated more than 1,000 records later")


def _stamps(settings: Settings, groupvitals: Run) -> None:
    """A topic that takes the stamps of its producers, of whom one is a month ahead."""
    config = Deployment(settings).config
    month = 30 * 86_400
    with kafka_admin(config.kafka) as admin:
        stamped = {"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": str(month * 2000)}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, config.topic, stamped)])
        while actual_settings(admin, [config.topic])[config.topic]["message.timestamp.type"] != "CreateTime":
            pass
    ahead = some_events(5001, 1, ts_ms=int((time.time() + month) * 1000), group_id="qq:-:ahead")
    send(settings, 1, ahead, ahead_s=month)
    land(groupvitals)
    one(faults(settings, "clocks"), WARNING, "in the future")
    one(faults(settings, "stamps"), WARNING, "takes its timestamps from producers (CreateTime)")
    one(
        faults(settings, "wrong clocks"),
        WARNING,
        "the time of 1 groups is ahead of the present: qq:-:ahead by 30.0 days",
    )
    assert groupvitals("topics").returncode == 0
    assert faults(settings, "stamps") == []


def _tables(settings: Settings, native: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens to a database."""
    d = settings.clickhouse.database
    now = "SETTINGS mutations_sync = 2"
    native.execute(f"ALTER TABLE {d}.events DELETE WHERE partition = 0 AND offset IN (5, 6, 30) {now}")
    found = faults(settings, "landed")
    one(found, ERROR, "partition 0: offsets 5 to 6 have not landed, Kafka has a record at 5")
    one(found, ERROR, "partition 0: offsets 30 to 30 have not landed, Kafka has a record at 30")
    native.execute(
        f"INSERT INTO {d}.events SELECT * REPLACE (event_hash + 1 AS event_hash) FROM {d}.events "
        "WHERE partition = 1 AND offset = 3"
    )
    one(faults(settings, "repeats"), ERROR, "partition 1: two different records landed at offset 3")
    native.execute(f"INSERT INTO {d}.checkpoints (topic, partition, term) VALUES", [("other.chat.events", 0, 1)])
    one(faults(settings, "origin"), ERROR, "the database also holds checkpoints of other.chat.events")
    native.execute(f"ALTER TABLE {d}.checkpoints DELETE WHERE topic = 'other.chat.events' {now}")
    native.execute(f"ALTER TABLE {d}.heads DELETE WHERE partition = 1 {now}")
    with monkeypatch.context() as changed:
        changed.setattr(workers, "OLD_S", 0)
        one(faults(settings, "vouched"), WARNING, "checkpoints are not vouched for: partition 1: nothing yet")
    native.execute(f"ALTER TABLE {d}.checkpoints DELETE WHERE partition = 0 AND term > 1 {now}")
    one(faults(settings, "checkpoint"), WARNING, "behind the offset committed to Kafka")


def _topic(settings: Settings, native: Native) -> None:
    """What happens to a topic; at last to the tables that say so."""
    config = Deployment(settings).config
    with kafka_admin(config.kafka) as admin:
        admin.delete_records({TopicPartition(config.topic, 0): 500})
    one(faults(settings, "checkpoint"), ERROR, "records are gone")
    layout = TopicLayout(settings.kafka.topic_prefix, 2)
    delete_topics(config.kafka, layout)
    one(faults(settings), ERROR, f"there is no topic {config.topic}")
    native.execute(f"INSERT INTO {settings.clickhouse.database}.migrations (name) VALUES", [("9999_later.sql",)])
    one(faults(settings, "migrations"), ERROR, "9999_later.sql")
