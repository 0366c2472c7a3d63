"""Sends records to Kafka: chunks, as fast as one core builds record batches, and single records.

Keys are partitioned by murmur2, as in Java, aiokafka and kafka-python: a group keeps its partition whoever sends it.
Batches are not compressed unless asked for: with lz4 the producer takes twice the CPU per record, and an import half as
long again; zstd takes a fifth more, and leaves a sixth of the bytes.
The producer is not idempotent: a refused record would break its sequence, and a batch sent twice does no harm, since
its event ids are the same.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from aiokafka.partitioner import murmur2

from schemas.errors import BackpressureError, ConfigError, ServiceError
from schemas.kafka import Kafka
from sources.chunks import Chunk
from sources.preflight import preflight

BATCH_BYTES = 1_000_000
#: How many chunks may be read or sent at once.
IN_FLIGHT = 3
#: The limit that applies is the topic's (`max.message.bytes`); nothing is held back here.
MAX_REQUEST_BYTES = 64 * 2**20
#: How long workers wait for a transaction whose producer was killed.
TRANSACTION_MS = 30_000
#: After at most this many seconds, all brokers know a new topic.
APPEAR_S = 3.0
#: How many keys' partitions are remembered; random ids must not fill the memory.
KNOWN_KEYS = 1_000_000
_FORBIDDEN = (TopicAuthorizationFailedError, ClusterAuthorizationFailedError)


@dataclass
class Sent:
    """Records acknowledged so far, by (topic, partition), and those the broker refused as too large."""

    acknowledged: Counter[tuple[str, int]] = field(default_factory=Counter)
    refused: Counter[tuple[str, int]] = field(default_factory=Counter)


class Record(NamedTuple):
    """A single record; `topic` is its full name. Without a partition the key decides; without a key, any will do."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: Mapping[str, bytes] = MappingProxyType({})


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
    """Sends all that this project sends to Kafka; use it as a context manager, or call `start` and `stop`.

    `prefix` is put before the topic names of chunks. With a `transactional_id` all is sent in transactions: an
    earlier user of the id is fenced, its open transaction aborted. Methods raise `BackpressureError` when Kafka is
    away or does not take records now, `ServiceError` when it refuses, and `ConfigError` when a topic does not exist.
    """

    def __init__(
        self, kafka: Kafka, prefix: str = "", transactional_id: str | None = None, compression: str | None = None
    ) -> None:
        self.sent = Sent()
        self._compression = compression
        self._kafka, self._prefix, self._transactional_id = kafka, prefix, transactional_id
        self._topics: dict[str, _Topic] = {}
        self._client: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect."""
        await preflight(self._kafka)
        client = AIOKafkaProducer(
            **self._kafka.for_clients(), acks="all", max_batch_size=BATCH_BYTES, compression_type=self._compression,
            max_request_size=MAX_REQUEST_BYTES, request_timeout_ms=60_000, transactional_id=self._transactional_id,
            transaction_timeout_ms=TRANSACTION_MS,
        )  # fmt: skip
        try:
            await client.start()
        except KafkaError as error:
            await client.stop()
            if isinstance(error, TransactionalIdAuthorizationFailed):
                who, what = self._kafka.who, f"WRITE as the transactional id {self._transactional_id}"
                raise ServiceError(f"{self._kafka} does not let {who} {what}: grant this right.") from None
            raise BackpressureError(f"{self._kafka} cannot be reached: {error}.") from None
        self._client = client

    async def stop(self) -> None:
        """Send what is waiting, and disconnect."""
        if self._client is not None:
            await self._client.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def _producer(self) -> AIOKafkaProducer:
        assert self._client is not None, "not started"
        return self._client

    def _fault(self, error: KafkaError, topic: str) -> ServiceError | BackpressureError:
        if isinstance(error, _FORBIDDEN):
            return ServiceError(f"{self._kafka} does not let {self._kafka.who} write to {topic}: grant that right.")
        return BackpressureError(f"{self._kafka} did not accept records of {topic}: {error!r}.")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All that is sent in the block becomes visible when it ends, or none of it."""
        try:
            async with self._producer.transaction():
                yield
        except KafkaError as error:
            raise BackpressureError(f"{self._kafka} did not end a transaction: {error!r}.") from error

    async def deliver(self, records: Sequence[Record]) -> None:
        """Send single records in their order, and return when all are acknowledged by all replicas."""
        topics = ", ".join(sorted({record.topic for record in records}))
        try:
            handed = [
                await self._producer.send(topic, value, key, partition, headers=list(headers.items()))
                for topic, value, key, partition, headers in records
            ]
            await asyncio.gather(*handed)
        except KafkaError as error:
            raise self._fault(error, topics) from error

    async def _topic(self, name: str) -> _Topic:
        if name not in self._topics:
            full = self._prefix + name
            self._topics[name] = _Topic(full, await self.partitions(full), self._producer)
        return self._topics[name]

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has; asks for all topics, since asking for one could create it."""
        deadline = time.monotonic() + APPEAR_S
        while time.monotonic() < deadline:
            cluster = await self._producer.client.fetch_all_metadata()
            if partitions := cluster.partitions_for_topic(topic):
                return len(partitions)
            await asyncio.sleep(0.1)
        raise ConfigError(f"Kafka has no topic {topic}: create the topics with `groupvitals topics`.")

    async def send(self, chunk: Chunk) -> list[tuple[str, int, int, "asyncio.Future[Any]"]]:
        """Hand over one chunk; returns (topic, partition, records, acknowledgement) of its batches."""
        topic = await self._topic(chunk.topic)
        handed = []
        try:
            for partition, batch in topic.batches(chunk):
                future = await self._producer.send_batch(batch, topic.name, partition=partition)
                handed.append((chunk.topic, partition, batch.record_count(), future))
        except KafkaError as error:
            raise self._fault(error, topic.name) from error
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
                raise self._fault(error, f"{self._prefix}{topic}, partition {partition}") from error


async def produce(producer: Producer, chunks: Iterable[Chunk], done: Callable[[Chunk], None]) -> None:
    """Send chunks, a few at a time; `done` is called with each chunk once it and all before it are acknowledged.

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
