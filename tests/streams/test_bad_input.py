"""Whatever a producer sends: each bad record stands among the dead letters with its reason, each good one lands."""

import asyncio
import json
import time
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from groupvitals.settings import Settings
from tests.conftest import Run
from tests.faults.proxy import Proxy
from tests.streams.workers import Answers, assert_each_record_once

pytestmark = pytest.mark.services
GOOD: dict[str, Any] = {
    "event_id": "e", "type": "message", "ts_ms": 1_750_000_000_000, "platform": "qq", "group_id": "qq:-:g",
    "member_id": "m", "message_id": "x", "kind": "text", "text_len": 3,
}  # fmt: skip


def event(**changes: Any) -> bytes:
    """The good event with some fields changed; None leaves one out."""
    return json.dumps({key: value for key, value in {**GOOD, **changes}.items() if value is not None}).encode()


#: Value, class of the error, what the reason must name.
BAD: list[tuple[bytes | None, str, str]] = [
    (event()[:-7], "invalid_json", ""),
    (b"not json at all", "invalid_json", ""),
    (b"[1, 2]", "invalid_json", "object"),
    (event(text_len="3"), "invalid_field", "text_len"),
    (event(text_len=3.0), "invalid_field", "text_len"),
    (event(mentions="m2"), "invalid_field", "mentions"),
    (event(message_id=None), "missing", "message_id"),
    (event(event_id=None), "missing", "event_id"),
    (event(type=None), "missing", "type"),
    (event(type="shout"), "unknown_type", "shout"),
    (event(ts_ms=1), "invalid_field", "ts_ms"),
    (event(ts_ms=int(time.time() * 1000) + 2 * 3_600_000), "invalid_field", "ts_ms"),
    (event(member_id="m" * 129), "invalid_field", "member_id"),
    (event(member_id="a\x07b"), "invalid_field", "member_id"),
    (event(member_id=""), "invalid_field", "member_id"),
    (event(text="x" * 2_000_000), "too_large", "1,048,576"),
    (b"", "empty", ""),
    (None, "empty", ""),
    (event().replace(b'"m"', b'"\xff\xfe"'), "invalid_utf8", ""),
    (event()[:-1] + b', "group_id": "other"}', "duplicate_key", "group_id"),
    (event(text_len=10**30), "invalid_field", "text_len"),
    (event().replace(b'"text_len": 3', b'"text_len": NaN'), "invalid_json", "NaN"),
    (event(kind="telepathy"), "invalid_field", "kind"),
    (event(schema_version=2), "invalid_field", "schema_version"),
    (b"[" * 100_000, "too_deep", "128"),
    (event()[:-1] + b', "z": ' + b"[" * 300 + b"]" * 300 + b"}", "too_deep", "128"),
]


def test_every_bad_record_becomes_a_dead_letter(settings: Settings, groupvitals: Run) -> None:
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    topic = f"{settings.kafka.topic_prefix}chat.events"
    values = [value for i, (bad, *_) in enumerate(BAD) for value in (event(event_id=f"good{i}"), bad)]
    asyncio.run(_send(settings.kafka.bootstrap or "", topic, values))
    done = groupvitals("worker", "--until-caught-up")
    assert done.returncode == 0, done.stderr
    answers = Answers(settings)
    assert_each_record_once(answers, len(values))
    assert answers.value("SELECT sum(messages) FROM {d}.memberships") == len(BAD)
    letters = {row["offset"]: row for row in answers.rows("dead_letters")}
    for i, (value, error, names) in enumerate(BAD):
        letter = letters[2 * i + 1]
        assert letter["error"] == error, (value[:80] if value else value, letter)
        assert names in str(letter["reason"]), letter
    records = asyncio.run(_read(settings.kafka.bootstrap or "", f"{topic}.dlq", len(BAD)))
    for record in records:
        headers = {name: content.decode() for name, content in record.headers}
        offset = int(headers["dlq.offset"])
        assert record.value == values[offset] and record.key == b"qq:-:g"
        assert headers["dlq.topic"] == topic and headers["dlq.partition"] == "0"
        assert headers["dlq.error"] == letters[offset]["error"] and headers["dlq.reason"] == letters[offset]["reason"]
    listed = json.loads(groupvitals("dlq", "list", "--json").stdout)
    assert listed, "the dead letters can be listed"


def test_records_that_no_client_sends_and_huge_ones_become_dead_letters(settings: Settings, groupvitals: Run) -> None:
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    topic, huge = f"{settings.kafka.topic_prefix}chat.events", b"x" * (9 << 20)

    async def send() -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=settings.kafka.bootstrap, compression_type="gzip", max_batch_size=16 << 20,
            max_request_size=16 << 20,
        )  # fmt: skip
        async with producer:
            for value in (None, huge, event()):
                batch = producer.create_batch()
                assert batch.append(key=None, value=value, timestamp=None)
                await (await producer.send_batch(batch, topic, partition=0))

    asyncio.run(send())
    done = groupvitals("worker", "--until-caught-up")
    assert done.returncode == 0, done.stderr
    assert_each_record_once(Answers(settings), 3)
    nothing, cut = asyncio.run(_read(settings.kafka.bootstrap or "", f"{topic}.dlq", 2))
    assert (nothing.key, nothing.value, dict(nothing.headers)["dlq.error"]) == (None, b"", b"empty")
    assert huge.startswith(cut.value) and dict(cut.headers)["dlq.error"] == b"too_large"
    assert dict(cut.headers)["dlq.original_bytes"] == b"0, 9437184", "length of key and value"


def test_a_producer_that_sends_only_rubbish_stops_its_partition_loudly(
    settings: Settings, clickhouse: tuple[str, int, int], groupvitals: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that came before is landed, also when that takes longer than the worker needs to see that it must end."""
    monkeypatch.setenv("GROUPVITALS_WORKER__DEAD_LETTER_RUN", "100")
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    topic = f"{settings.kafka.topic_prefix}chat.events"
    asyncio.run(_send(settings.kafka.bootstrap or "", topic, [event(event_id="first")] + [b"rubbish"] * 500))
    slow = Proxy((clickhouse[0], clickhouse[2]), False, 0, 0, 0.5)
    slow.fault = "slow"
    monkeypatch.setenv("GROUPVITALS_CLICKHOUSE__HTTP_PORT", str(slow.port))
    done = groupvitals("worker", "--until-caught-up")
    slow.close()
    assert slow.harmed
    assert done.returncode == 4
    assert "invalid records in a row" in done.stderr and "dlq list" in done.stderr
    answers = Answers(settings)
    assert answers.value("SELECT count() FROM {d}.events FINAL") == 1
    assert answers.value("SELECT count() FROM {d}.dead_letters FINAL") == 100, "only what the limit allows"


async def _send(bootstrap: str, topic: str, values: list[bytes | None]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=4 << 20, acks="all") as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"qq:-:g", partition=0)


async def _read(bootstrap: str, topic: str, count: int) -> list[Any]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, max_partition_fetch_bytes=16 << 20)
    async with consumer:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        return [await asyncio.wait_for(consumer.getone(), 20) for _ in range(count)]
