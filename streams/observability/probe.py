"""Whether Kafka and ClickHouse answer now, how far topics reach and what holds them back, over connections of its own.

The data path's connections are left alone: a server that hangs delays only the probe.
"""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from schemas.errors import GroupvitalsError, ServiceError
from schemas.kafka import Kafka
from sinks.clickhouse.connection import Address, Native
from sources.preflight import preflight
from streams.kafka.consumer import started
from streams.kafka.transactions import OpenTransaction, high_watermarks, open_transactions

#: A server that takes longer counts as unreachable; younger answers are reused. Seconds.
_PATIENCE_S, _FRESH_S = 2.0, 1.0


@dataclass(frozen=True)
class TopicLook:
    """What was seen of each partition of a topic: the next offset that can be read, how many offsets an open
    transaction holds back, and which one."""

    ends: dict[int, int] = field(default_factory=dict)
    held_back: dict[int, int] = field(default_factory=dict)
    open: tuple[OpenTransaction, ...] = ()


@dataclass(frozen=True)
class Look:
    """What was seen: why a server is unreachable (`kafka`, `clickhouse`; absent: it answers), and the topics."""

    away: dict[str, str] = field(default_factory=dict)
    topics: dict[str, TopicLook] = field(default_factory=dict)


class Probe:
    """Asks both servers, at most once a second."""

    def __init__(self, kafka: Kafka, topics: Iterable[str], address: Address) -> None:
        self._kafka, self._topics = kafka, tuple(topics)
        self._native = Native(replace(address, timeout_s=_PATIENCE_S))
        self._thread = ThreadPoolExecutor(1, "probe")
        self._consumer: AIOKafkaConsumer | None = None
        self._lock, self._at = asyncio.Lock(), float("-inf")
        self._last = Look(topics=dict.fromkeys(self._topics, TopicLook()))

    async def look(self) -> Look:
        """What is seen now. While Kafka is unreachable, its last answer about the topics stands."""
        async with self._lock:
            loop = asyncio.get_running_loop()
            if loop.time() - self._at >= _FRESH_S:
                clickhouse, kafka = await asyncio.gather(self._ask_clickhouse(), self._ask_kafka())
                away = {name: why for name, why in (("clickhouse", clickhouse), ("kafka", kafka)) if why}
                self._last, self._at = replace(self._last, away=away), loop.time()
            return self._last

    async def _ask_clickhouse(self) -> str:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await asyncio.get_running_loop().run_in_executor(self._thread, self._native.execute, "SELECT 1")
        except TimeoutError:
            return f"{self._native.address} does not answer within {_PATIENCE_S:g} s."
        except GroupvitalsError as error:
            return str(error)
        return ""

    async def _ask_kafka(self) -> str:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                if self._consumer is None:
                    await preflight(self._kafka)
                    self._consumer = await started(self._kafka)
                await self._consumer._client.set_topics(self._topics)  # asks only the first time
                places = [TopicPartition(topic, n) for topic in self._topics for n in self._numbers(topic)]
                ends = await self._consumer.end_offsets(places)
                high = await high_watermarks(self._consumer, places)
        except (TimeoutError, KafkaError) as error:
            await self._forget()
            return f"{self._kafka} does not answer ({error!r})."
        except GroupvitalsError as error:
            return str(error)
        seen = {}
        for topic in self._topics:
            own = [place for place in places if place.topic == topic]
            held_back = {place.partition: high[place] - ends[place] for place in own}
            found = {place.partition: ends[place] for place in own}
            seen[topic] = TopicLook(found, held_back, await self._transactions(topic, held_back))
        self._last = Look({}, seen)
        return ""

    def _numbers(self, topic: str) -> list[int]:
        assert self._consumer is not None
        return sorted(self._consumer.partitions_for_topic(topic) or ())

    async def _transactions(self, topic: str, held_back: dict[int, int]) -> tuple[OpenTransaction, ...]:
        """The open transactions; none when Kafka does not answer in time."""
        with suppress(TimeoutError, ServiceError):
            async with asyncio.timeout(_PATIENCE_S):
                return tuple(await asyncio.to_thread(open_transactions, self._kafka, topic, held_back))
        return ()

    async def _forget(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def close(self) -> None:
        """Close the connections."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        await self._forget()
