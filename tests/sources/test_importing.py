"""Imports into a real Kafka: everything arrives, in its partition, once; interrupted ones go on."""

import gzip
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic
from kafka.partitioner.default import murmur2

from schemas.errors import BackpressureError, ConfigError
from schemas.kafka import Kafka
from sources.chunks import Options
from sources.importing import Import, Progress, run
from sources.producer import partition_of
from sources.simulator import Plan
from sources.simulator.files import write

PARTITIONS = 4
END_MS = 1_767_225_600_000


@given(key=st.binary(min_size=0, max_size=200), partitions=st.integers(1, 100))
def test_keys_go_where_other_clients_send_them(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions


@pytest.fixture
def prefix(kafka: Kafka) -> Iterator[str]:
    """A topic prefix with a `chat.events` and a `product.events` of its own."""
    name = f"t{uuid.uuid4().hex[:12]}."
    admin = KafkaAdminClient(**kafka.for_clients())
    config = {"max.message.bytes": "4194304"}
    topics = [f"{name}{topic}" for topic in ("chat.events", "product.events")]
    admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=config) for topic in topics])
    yield name
    admin.delete_topics(topics)
    admin.close()


def consume(kafka: Kafka, topic: str) -> list[Any]:
    """Every record of a topic, partition by partition."""
    consumer = KafkaConsumer(**kafka.for_clients(), enable_auto_commit=False, max_partition_fetch_bytes=8 * 2**20)
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(places)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(places)
    found = []
    while any(consumer.position(place) < ends[place] for place in places):
        for rows in consumer.poll(timeout_ms=1_000).values():
            found += rows
    consumer.close()
    return sorted(found, key=lambda record: (record.partition, record.offset))


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated `chat.events` file with every kind of broken record."""
    folder = tmp_path_factory.mktemp("events")
    write(Plan(end_ms=END_MS, groups=8, members=300, days=14, broken=0.02), folder)
    return folder / "chat.events.ndjson"


def job(kafka: Kafka, prefix: str, home: Path, *paths: Path, format_: str | None = "ndjson", **options: Any) -> Import:
    return Import(format_, list(paths), kafka, home, prefix=prefix, **options)


def interrupted() -> Progress:
    """Somebody presses Ctrl-C, once, after the first million bytes."""
    pressed: list[int] = []

    def interrupt(path: Path, offset: int) -> None:
        if offset > 1_000_000 and not pressed:
            pressed.append(offset)
            raise KeyboardInterrupt

    return interrupt


@pytest.mark.services
def test_every_line_arrives_once_in_the_partition_of_its_key(
    kafka: Kafka, prefix: str, events: Path, tmp_path: Path
) -> None:
    report = run(job(kafka, prefix, tmp_path, events))
    found = consume(kafka, f"{prefix}chat.events")
    lines = events.read_bytes().split(b"\n")[:-1]
    assert Counter(record.value for record in found) == Counter(lines)
    assert report.records == len(lines) == report.files[0].lines == report.files[0].records
    assert any(len(line) > 2**20 for line in lines)
    for record in found:
        if record.key is not None:
            assert record.key.decode() == json.loads(record.value)["group_id"]  # orjson refuses lone surrogates
            assert record.partition == (murmur2(record.key) & 0x7FFFFFFF) % PARTITIONS
    keyless = [record.value for record in found if record.key is None]
    assert len(keyless) == report.problems > 0
    by_partition = Counter(("chat.events", record.partition) for record in found)
    assert report.sent.acknowledged == by_partition
    for number in range(PARTITIONS):
        sent = [record.value for record in found if record.partition == number and record.key is not None]
        mine = iter(lines)
        assert all(value in mine for value in sent)  # in the file's order


@pytest.mark.services
def test_an_interrupted_import_goes_on_where_it_stopped(
    kafka: Kafka, prefix: str, events: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.chunks.CHUNK_BYTES", 200_000)
    lines = Counter(events.read_bytes().split(b"\n")[:-1])

    with pytest.raises(KeyboardInterrupt):
        run(job(kafka, prefix, tmp_path, events), interrupted())  # what was handed over is still waited for
    first = consume(kafka, f"{prefix}chat.events")
    assert 0 < len(first) < lines.total()
    report = run(job(kafka, prefix, tmp_path, events))
    assert 0 < report.files[0].resumed_line < lines.total()
    assert Counter(record.value for record in consume(kafka, f"{prefix}chat.events")) == lines


@pytest.mark.services
def test_a_finished_file_is_sent_again_only_on_request(kafka: Kafka, prefix: str, tmp_path: Path) -> None:
    path = tmp_path / "product.events.ndjson"
    path.write_bytes(b'{"user_id":"u1"}\n')
    assert run(job(kafka, prefix, tmp_path, path)).records == 1
    again = run(job(kafka, prefix, tmp_path, path))
    assert (again.records, again.files[0].skipped) == (0, True)
    assert run(job(kafka, prefix, tmp_path, path, restart=True)).records == 1
    with path.open("ab") as more:
        more.write(b'{"user_id":"u2"}\n{"user_id":"u3"}\n')
    grown = run(job(kafka, prefix, tmp_path, path))
    assert (grown.records, grown.files[0].resumed_line, grown.files[0].lines) == (2, 1, 3)
    assert len(consume(kafka, f"{prefix}product.events")) == 4


@pytest.mark.services
def test_importing_twice_gives_the_same_event_ids(kafka: Kafka, prefix: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("a b 1100000000\nb a 1100000000\na b 1100000000\n")
    for restart in (False, True):
        run(job(kafka, prefix, tmp_path, path, format_="edges", restart=restart))
    ids = Counter(orjson.loads(record.value)["event_id"] for record in consume(kafka, f"{prefix}chat.events"))
    assert (len(ids), set(ids.values())) == (5, {2})


@pytest.mark.services
def test_problems_are_listed_on_request(kafka: Kafka, prefix: str, tmp_path: Path) -> None:
    path, problems = tmp_path / "events.ndjson", tmp_path / "problems.jsonl"
    path.write_bytes(b'nonsense\n{"group_id":"a:b:c"}\n' * 30)
    report = run(job(kafka, prefix, tmp_path, path, problems_to=problems))
    listed = [orjson.loads(line) for line in problems.read_bytes().splitlines()]
    assert [row["line"] for row in listed] == list(range(1, 60, 2))
    assert {(row["file"], row["kind"]) for row in listed} == {(str(path), "invalid_json")}
    assert report.files[0].problems == {"invalid_json": 30}
    assert len(report.files[0].shown) == 10


@pytest.mark.services
def test_records_that_kafka_refuses_as_too_large_are_counted_and_the_rest_arrives(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    admin = KafkaAdminClient(**kafka.for_clients())
    topic = f"{prefix}identity.links"
    admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs={"max.message.bytes": "1100000"})])
    path = tmp_path / "identity.links.ndjson"
    small = [b'{"account_id":"a","n":%d}' % number for number in range(2_000)]
    huge = b'{"account_id":"a","filler":"' + b"x" * 1_500_000 + b'"}'
    path.write_bytes(b"\n".join([*small[:1_000], huge, *small[1_000:]]))
    report = run(job(kafka, prefix, tmp_path, path))
    found = [record.value for record in consume(kafka, topic)]
    admin.delete_topics([topic])
    assert sum(report.sent.refused.values()) == 1
    assert found == small


@pytest.mark.services
def test_nothing_is_sent_of_a_file_that_is_something_else_nor_of_those_beside_it(
    kafka: str, prefix: str, events: Path, tmp_path: Path
) -> None:
    export = tmp_path / "result.json"
    message = {"id": 1, "type": "message", "date_unixtime": "1788256800", "from": "N", "from_id": "user1", "text": "x"}
    chat = {"name": "big", "type": "private_supergroup", "id": 1, "messages": [message] * 2_000}
    export.write_text(json.dumps(chat, indent=1))
    with pytest.raises(ConfigError, match=r"result\.json looks like a Telegram export: use --format telegram"):
        run(job(kafka, prefix, tmp_path, events, export))
    assert consume(kafka, f"{prefix}chat.events") == []
    report = run(job(kafka, prefix, tmp_path, events, export, format_=None))
    assert [file.format for file in report.files] == ["ndjson", "telegram"]


@pytest.mark.services
def test_a_compressed_file_goes_on_where_it_stopped(
    kafka: str, prefix: str, events: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.chunks.CHUNK_BYTES", 200_000)
    path = tmp_path / "chat.events.ndjson.gz"
    path.write_bytes(gzip.compress(events.read_bytes(), 1))

    with pytest.raises(KeyboardInterrupt):
        run(job(kafka, prefix, tmp_path, path), interrupted())
    report = run(job(kafka, prefix, tmp_path, path))
    assert report.files[0].resumed_line > 0
    lines = Counter(events.read_bytes().split(b"\n")[:-1])
    assert Counter(record.value for record in consume(kafka, f"{prefix}chat.events")) == lines
    assert run(job(kafka, prefix, tmp_path, path)).files[0].skipped


@pytest.mark.services
def test_a_missing_topic_is_named(kafka: Kafka, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b'{"group_id":"a:b:c"}\n')
    nowhere = f"t{uuid.uuid4().hex[:12]}."
    for _ in range(2):  # asking does not make it
        with pytest.raises(ConfigError, match=rf"{nowhere}chat\.events"):
            run(job(kafka, nowhere, tmp_path, path))


def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b'{"group_id":"a:b:c"}\n')
    with pytest.raises(BackpressureError, match=r"127\.0\.0\.1:1 does not answer"):
        run(job(Kafka("127.0.0.1:1"), "", tmp_path, path))


def test_what_cannot_be_imported_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ndjson, edges, irc"):
        Import("csv", [], Kafka(""), tmp_path, Options())
    with pytest.raises(ConfigError, match="nothing-here"):
        Import("ndjson", [tmp_path / "nothing-here"], Kafka(""), tmp_path)
