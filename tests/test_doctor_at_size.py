"""The doctor on a partition of real size: full blocks are whole, and the gaps inside them are told apart."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer

from groupvitals.checks.examine import examine
from groupvitals.checks.finding import ERROR, OK, Deployment
from groupvitals.settings import Settings, load_settings
from sinks.clickhouse.connection import Native
from sinks.clickhouse.readers.health import BLOCK
from tests.conftest import Run
from tests.test_doctor import land, some_events

pytestmark = pytest.mark.services
#: Records per transaction, and whether it is committed: all but the second block of offsets have records throughout.
SENT = ((BLOCK + 10_000, True), (3_000, False), (4 * BLOCK, True))
#: What Kafka has nothing to read for: the aborted records, and a mark per transaction.
EMPTY = (OK, "3,003 offsets hold no record: transaction markers, aborted transactions, or compaction")


async def send(settings: Settings) -> None:
    """Send one transaction after the other to one partition; the mark of each takes an offset, too."""
    topic = f"{settings.kafka.topic_prefix}chat.events"
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka.bootstrap, transactional_id=topic, max_batch_size=1 << 18
    )
    async with producer:
        first = 0
        for size, committed in SENT:
            await producer.begin_transaction()
            await _send(producer, topic, some_events(first, size))
            await (producer.commit_transaction() if committed else producer.abort_transaction())
            first += size


async def _send(producer: AIOKafkaProducer, topic: str, values: list[bytes]) -> None:
    batch = producer.create_batch()
    for value in values:
        if batch.append(key=b"qq:-:g", value=value, timestamp=None) is None:
            await producer.send_batch(batch, topic, partition=0)
            batch = producer.create_batch()
            batch.append(key=b"qq:-:g", value=value, timestamp=None)
    await producer.send_batch(batch, topic, partition=0)


def landed(settings: Settings) -> list[tuple[str, str]]:
    """Severity and text of what is found about landed offsets."""
    return [(f.severity, f.found) for f in examine(settings) if f.what == "landed"]


def test_full_blocks_have_landed_and_each_gap_is_found(
    settings: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"KAFKA__CHAT_PARTITIONS": "1", "WORKER__TICK_S": "0"}.items():
        monkeypatch.setenv(f"GROUPVITALS_{name}", value)
    settings = load_settings()
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    asyncio.run(send(settings))
    land(groupvitals)
    assert landed(settings) == [EMPTY]

    native, d = Native(Deployment(settings).config.address), settings.clickhouse.database
    lost = [(5, 5), (BLOCK - 2, BLOCK - 1), (2 * BLOCK, 3 * BLOCK - 1), (4 * BLOCK - 1, 4 * BLOCK)]
    for first, last in lost:
        native.execute(
            f"ALTER TABLE {d}.events DELETE WHERE offset BETWEEN {first} AND {last} SETTINGS mutations_sync = 2"
        )
    assert landed(settings) == [
        *(
            (ERROR, f"partition 0: offsets {first:,} to {last:,} have not landed, Kafka has a record at {first:,}")
            for first, last in lost
        ),
        EMPTY,
    ]
