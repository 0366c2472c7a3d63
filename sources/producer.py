"""Sends chunks of records to Kafka, as fast as one core builds record batches.

The partition of a key is murmur2's, as in Java, aiokafka and kafka-python: a group keeps its partition whoever sends.
Batches are not compressed: with lz4 the producer takes twice the CPU a record, and an import half as long again.
The producer is not idempotent: a refused record would break its sequence, and a batch sent twice does no harm, its
event ids are the same.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import murmur2

from schemas.errors import ConfigError, ServiceError
from schemas.kafka import Kafka
from sources.chunks import Chunk

BATCH_BYTES = 1_000_000
#: Chunks that are being read or sent at once.
IN_FLIGHT = 3
#: The broker's own limit lies in the topic (`max.message.bytes`); nothing is held back here.
MAX_REQUEST_BYTES = 64 * 2**20
#: A topic just made is known to all brokers after this many seconds at most.
APPEAR_S = 3.0
#: Keys whose partition is remembered; random ids must not fill the memory.
KNOWN_KEYS = 1_000_000


@dataclass
class Sent:
    """Records acknowledged so far, by (topic, partition), and those the broker refused as too large."""

    acknowledged: Counter[tuple[str, int]] = field(default_factory=Counter)
    refused: Counter[tuple[str, int]] = field(default_factory=Counter)


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, as Java's default partitioner has it."""
    partition: int = (murmur2(key) & 0x7FFFFFFF) % partitions
    return partition


class _Topic:
    """One topic's partitions: which one a key belongs to, and the batch that is being filled for each."""

    def __init__(self, name: str, partitions: int, producer: AIOKafkaProducer) -> None:
        self.name, self._partitions, self._producer = name, partitions, producer
        self._partition_of: dict[bytes, int] = {}
        self._turn = 0

    def _partition(self, key: bytes) -> int:
        if len(self._partition_of) >= KNOWN_KEYS:
            self._partition_of.clear()
        partition = self._partition_of[key] = partition_of(key, self._partitions)
        return partition

    def batches(self, chunk: Chunk) -> list[tuple[int, Any]]:
        """The records of a chunk as (partition, batch), in order within each partition. Keyless ones go round robin."""
        known, create = self._partition_of, self._producer.create_batch
        now_ms = time.time_ns() // 1_000_000
        full: list[tuple[int, Any]] = []
        filling: dict[int, Any] = {}
        for key, value in zip(chunk.keys, chunk.values, strict=True):
            if key is None:
                partition = self._turn = (self._turn + 1) % self._partitions
            else:
                found = known.get(key)
                partition = self._partition(key) if found is None else found
            batch = filling.get(partition)
            if batch is None:
                batch = filling[partition] = create()
            if batch.append(timestamp=now_ms, key=key, value=value) is None:
                full.append((partition, batch))
                batch = filling[partition] = create()
                batch.append(timestamp=now_ms, key=key, value=value)
        return full + list(filling.items())


class Producer:
    """An asynchronous producer of chunks; use as a context manager.

    `prefix` is put before every topic name. Raises `ServiceError` when the broker cannot be reached, and `ConfigError`
    when a topic does not exist.
    """

    def __init__(self, kafka: Kafka, prefix: str = "") -> None:
        self.sent = Sent()
        self._kafka, self._prefix = kafka, prefix
        self._topics: dict[str, _Topic] = {}
        self._producer = AIOKafkaProducer(
            **kafka.for_aiokafka(), acks="all", max_batch_size=BATCH_BYTES,
            max_request_size=MAX_REQUEST_BYTES, request_timeout_ms=60_000,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
        except KafkaError as error:
            await self._producer.stop()
            raise ServiceError(f"{self._kafka} cannot be reached: {error}.") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def _topic(self, name: str) -> _Topic:
        if name not in self._topics:
            full = self._prefix + name
            self._topics[name] = _Topic(full, await self._partitions(full), self._producer)
        return self._topics[name]

    async def _partitions(self, topic: str) -> int:
        """How many partitions a topic has; asks for all topics, since asking for one could make it."""
        deadline = time.monotonic() + APPEAR_S
        while time.monotonic() < deadline:
            cluster = await self._producer.client.fetch_all_metadata()
            if partitions := cluster.partitions_for_topic(topic):
                return len(partitions)
            await asyncio.sleep(0.1)
        raise ConfigError(f"Kafka has no topic {topic}: make the topics with `groupvitals topics`.")

    async def send(self, chunk: Chunk) -> list[tuple[str, int, int, "asyncio.Future[Any]"]]:
        """Hand over one chunk; returns (topic, partition, records, acknowledgement) of its batches."""
        topic = await self._topic(chunk.topic)
        handed = []
        try:
            for partition, batch in topic.batches(chunk):
                future = await self._producer.send_batch(batch, topic.name, partition=partition)
                handed.append((chunk.topic, partition, batch.record_count(), future))
        except KafkaError as error:
            raise ServiceError(f"Kafka did not take records of {topic.name}: {error}.") from None
        return handed

    async def acknowledged(self, handed: list[tuple[str, int, int, "asyncio.Future[Any]"]]) -> None:
        """Wait until all batches of a chunk are acknowledged by all replicas."""
        for topic, partition, count, future in handed:
            try:
                await future
                self.sent.acknowledged[topic, partition] += count
            except MessageSizeTooLargeError:
                self.sent.refused[topic, partition] += count
            except KafkaError as error:
                raise ServiceError(f"Kafka did not take records of {topic}, partition {partition}: {error}.") from None


async def produce(producer: Producer, chunks: Iterable[Chunk], done: Callable[[Chunk], None]) -> None:
    """Send chunks, few at a time; `done` is called with each one when it and all before it are acknowledged.

    When reading or sending fails, the chunks handed over before are still waited for.
    """
    waiting: deque[tuple[Chunk, list[tuple[str, int, int, asyncio.Future[Any]]]]] = deque()

    async def settle(most: int) -> None:
        while len(waiting) > most:
            chunk, handed = waiting.popleft()
            await producer.acknowledged(handed)
            done(chunk)

    try:
        for chunk in chunks:
            waiting.append((chunk, await producer.send(chunk)))
            await settle(IN_FLIGHT - 1)
    finally:
        await settle(0)
