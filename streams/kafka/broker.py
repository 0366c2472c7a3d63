"""Ownership over Kafka: commits bound to one generation of the consumer group, bounds and the id of a topic."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from schemas.errors import BackpressureError, ConfigError, ServiceError
from schemas.kafka import Kafka
from sinks.contract import Origin
from streams.kafka.admin import described, kafka_admin
from streams.kafka.frames import FrameConsumer
from streams.kafka.transactions import high_watermarks
from streams.retry import retrying


class KafkaBroker:
    """`streams.checkpoint.takeover.Broker` for one topic, in the generation in which it was created."""

    def __init__(self, consumer: FrameConsumer, topic: str, generation: int, kafka: Kafka) -> None:
        self.consumer, self.topic, self.generation, self._kafka = consumer, topic, generation, kafka
        self._origin: asyncio.Future[Origin] | None = None

    @property
    def member_id(self) -> str:
        """This worker's id in the consumer group."""
        return str(self.consumer.thread._ensure_consumer()._coordinator.member_id)

    async def _call(self, method: Any, *args: Any) -> Any:
        return await self.consumer.thread.call_thread(method, *args)

    async def committed(self, partition: int) -> tuple[int, int]:
        """(offset, term) last committed; (0, 0) when there is none."""
        thread = self.consumer.thread
        found: tuple[int, int] = await retrying(
            lambda: self._call(thread.committed_frames, self.topic, partition), "reading committed offsets"
        )
        return found

    async def commit(self, cuts: dict[int, tuple[int, int]]) -> bool:
        """Commit (offset, term) per partition; False when this generation is over."""
        thread = self.consumer.thread
        return bool(
            await retrying(
                lambda: self._call(thread.commit_frames, self.topic, cuts, self.generation), "committing offsets"
            )
        )

    async def bounds(self, partition: int) -> tuple[int, int]:
        """First offset that Kafka still has, and the next one it will give."""
        begin, end = await self.all_bounds([partition])
        return begin[partition], end[partition]

    async def all_bounds(self, partitions: list[int]) -> tuple[dict[int, int], dict[int, int]]:
        """First and next offsets of several partitions, whatever is committed."""
        consumer = self.consumer.thread._ensure_consumer()
        begin = await self._offsets(consumer.beginning_offsets, partitions)
        return begin, await self._offsets(partial(high_watermarks, consumer), partitions)

    async def stable_ends(self, partitions: list[int]) -> dict[int, int]:
        """The last stable offset of several partitions: that record and what follows may yet be aborted."""
        return await self._offsets(self.consumer.thread._ensure_consumer().end_offsets, partitions)

    async def _offsets(self, ask: Callable[[list[TopicPartition]], Any], partitions: list[int]) -> dict[int, int]:
        tps = [TopicPartition(self.topic, partition) for partition in partitions]

        async def asked() -> dict[int, int]:
            try:
                found = await self._call(ask, tps)
            except KafkaError as error:
                raise BackpressureError(f"Kafka did not return the topic's offsets: {error!r}.") from error
            return {tp.partition: at for tp, at in found.items()}

        return await retrying(asked, "reading the topic's offsets")

    async def seek(self, positions: dict[int, int]) -> None:
        """Continue reading partitions from these offsets."""
        await self._call(self.consumer.thread.seek_frames, self.topic, positions)

    async def origin(self) -> Origin:
        """What the topic is; asked once."""
        if self._origin is None:
            self._origin = asyncio.ensure_future(retrying(self._ask_origin, "reading the topic's id"))
        return await asyncio.shield(self._origin)

    async def _ask_origin(self) -> Origin:
        try:
            return await asyncio.to_thread(topic_origin, self._kafka, self.topic)
        except ServiceError as error:
            raise BackpressureError(str(error)) from error


def topic_origin(kafka: Kafka, topic: str) -> Origin:
    """A topic's cluster, id and size. Raises `ServiceError` when Kafka is unreachable, `ConfigError` without the
    topic."""
    with kafka_admin(kafka) as admin:
        found = described(admin, kafka, topic)
        if not found["partitions"]:
            raise ConfigError(f"{kafka} has no topic {topic}: run `groupvitals topics`.")
        cluster = admin.describe_cluster()["cluster_id"]
        return Origin(cluster, topic, str(found.get("topic_id", "")), len(found["partitions"]))
