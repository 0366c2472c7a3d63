"""Dead letters on a real broker: counted once, shown whole and safely, sent back once to where they came from."""

import json
import subprocess
import sys

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from groupvitals.connections import kafka_address
from groupvitals.settings import Settings
from schemas.kafka import Kafka
from streams.kafka.topics import TopicLayout, ensure_topics
from tests.conftest import Run
from tests.streams.workers import ROOT

pytestmark = pytest.mark.services

NASTY = b'{"text": "\x1b[2J\xff\xe2\x80\xae"}'


@pytest.fixture
def topic(settings: Settings) -> str:
    """`chat.events` of a deployment of its own with three refused records, one of them written twice."""
    prefix = settings.kafka.topic_prefix
    ensure_topics(kafka_address(settings), TopicLayout(prefix, chat_partitions=4))
    topic = f"{prefix}chat.events"
    with KafkaProducer(bootstrap_servers=settings.kafka.bootstrap) as producer:
        for partition, offset, error, key, value in [
            (2, 7, "invalid_json", b"g", NASTY),
            (0, 4, "unknown_type", b"h", b"{}"),
            (2, 7, "invalid_json", b"g", NASTY),
            (3, 1, "empty", b"i", None),
        ]:
            headers = {
                "topic": topic, "partition": partition, "offset": offset, "error": error, "reason": "[bold]why",
                "schema_version": 1, "first_seen_ms": 1_700_000_000_000 + offset,
            }  # fmt: skip
            encoded = [(f"dlq.{name}", str(text).encode()) for name, text in headers.items()]
            producer.send(f"{topic}.dlq", value, key, headers=encoded)
    return topic


def _records(kafka: Kafka, topic: str) -> list[tuple[int, bytes | None, bytes | None]]:
    """Every record of the topic as (partition, key, value)."""
    with KafkaConsumer(**kafka.for_clients(), isolation_level="read_committed") as consumer:
        parts = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        found = []
        while any(consumer.position(part) < ends[part] for part in parts):
            for part, records in consumer.poll(timeout_ms=1000).items():
                found += [(part.partition, record.key, record.value) for record in records]
    return sorted(found, key=str)


def test_a_letter_written_twice_counts_once(topic: str, groupvitals: Run) -> None:
    rows = json.loads(groupvitals("dlq", "list", "--json").stdout)
    assert {(row["topic"], row["error"], row["waiting"], row["replayed"]) for row in rows} == {
        ("chat.events", "invalid_json", 1, 0), ("chat.events", "unknown_type", 1, 0), ("chat.events", "empty", 1, 0),
    }  # fmt: skip
    json_row = next(row for row in rows if row["error"] == "invalid_json")
    assert (json_row["partition"], json_row["offset"], json_row["newest_ms"]) == (2, 7, 1_700_000_000_007)
    assert json_row["reason"] == "[bold]why"


def test_the_table_prints_reasons_as_they_are(topic: str, groupvitals: Run) -> None:
    assert "[bold]why" in groupvitals("dlq", "list").stdout


def test_show_prints_all_headers_and_no_control_characters(topic: str, groupvitals: Run) -> None:
    shown = groupvitals("dlq", "show", "chat.events", "2", "7").stdout
    assert "dlq.error: invalid_json" in shown
    assert "dlq.first_seen_ms: 1700000000007" in shown
    assert "key: g" in shown
    assert r'{"text": "\x1b[2J\xff\u202e"}' in shown
    assert all(char.isprintable() or char == "\n" for char in shown)


def test_show_of_an_unknown_record_says_where_to_look(topic: str, groupvitals: Run) -> None:
    result = groupvitals("dlq", "show", "chat.events", "1", "1")
    assert result.returncode == 4
    assert "groupvitals dlq list" in result.stderr


def test_replay_sends_original_bytes_once_to_the_original_partition(kafka: Kafka, topic: str, groupvitals: Run) -> None:
    assert json.loads(groupvitals("dlq", "replay", "--dry-run", "--json").stdout)
    assert _records(kafka, topic) == []

    one = json.loads(groupvitals("dlq", "replay", "--error", "invalid_json", "--json").stdout)
    assert one == [{"topic": "chat.events", "error": "invalid_json", "count": 1}]
    assert _records(kafka, topic) == [(2, b"g", NASTY)]

    rest = json.loads(groupvitals("dlq", "replay", "--json").stdout)
    assert {(row["error"], row["count"]) for row in rest} == {("unknown_type", 1), ("empty", 1)}
    everything = [(0, b"h", b"{}"), (2, b"g", NASTY), (3, b"i", None)]
    assert _records(kafka, topic) == everything

    assert json.loads(groupvitals("dlq", "replay", "--json").stdout) == []
    assert _records(kafka, topic) == everything
    rows = json.loads(groupvitals("dlq", "list", "--json").stdout)
    assert [(row["waiting"], row["replayed"]) for row in rows] == [(0, 1)] * 3


@pytest.mark.parametrize("before", ["commit_transaction", "begin_transaction"])
def test_a_killed_replay_sends_each_letter_once_with_the_next(
    kafka: Kafka, topic: str, groupvitals: Run, before: str
) -> None:
    program = (
        "import os; from aiokafka import AIOKafkaProducer; from schemas.kafka import Kafka; from streams.dead_letters "
        f"import replay; replay.BATCH = 2; count = iter(range(9)); real = AIOKafkaProducer.{before}\n"
        f"AIOKafkaProducer.{before} = lambda self: os.kill(os.getpid(), 9) if next(count) else real(self)\n"
        f"replay.replay_letters(Kafka({kafka.bootstrap!r}), [{topic!r}])"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert killed.returncode == -9
    assert len(_records(kafka, topic)) == 2, "one batch went back whole, nothing of the other did"
    (left,) = json.loads(groupvitals("dlq", "replay", "--json").stdout)
    assert left["count"] == 1
    assert _records(kafka, topic) == [(0, b"h", b"{}"), (2, b"g", NASTY), (3, b"i", None)]


def test_an_unknown_topic_lists_those_that_have_dead_letters(topic: str, groupvitals: Run) -> None:
    result = groupvitals("dlq", "list", "--topic", "chat.event")
    assert result.returncode == 2
    assert "chat.events, product.events" in result.stderr
