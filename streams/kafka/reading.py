"""Reads records one by one, whatever their compression, for code that reads topics without joining a consumer group.

Only what is committed is read: records of aborted transactions are skipped, those of open ones are not visible yet.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition

from schemas.errors import ServiceError
from schemas.kafka import Kafka
from sources.preflight import find
from streams.kafka.consumer import partitions_of, started

#: Seconds after which a broker that sends nothing while records are left is given up.
STALL_S = 30


class CommittedReader:
    """Calls block; they raise `ServiceError` when Kafka is unreachable or refuses."""

    def __init__(self, kafka: Kafka, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._kafka, self._run = kafka, run
        self._consumer: AIOKafkaConsumer | None = None

    def _ask(self, question: Callable[[AIOKafkaConsumer], Coroutine[Any, Any, Any]]) -> Any:
        async def asked() -> Any:
            if self._consumer is None:
                await find(self._kafka)
                self._consumer = await started(self._kafka)
            return await question(self._consumer)

        try:
            return self._run(asked())
        except KafkaError as error:
            raise ServiceError(
                f"{self._kafka} is unreachable or refuses access ({error!r}): see `groupvitals doctor`."
            ) from error

    def partitions(self, topic: str) -> list[TopicPartition]:
        """The partitions of a topic; none when it does not exist."""
        found: list[TopicPartition] = self._ask(lambda consumer: partitions_of(consumer, topic))
        return found

    def bounds(self, partitions: list[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """First offset that Kafka still has, and the last stable one, of each partition."""

        async def ask(consumer: AIOKafkaConsumer) -> dict[TopicPartition, tuple[int, int]]:
            consumer.assign(partitions)
            begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
            return {place: (begins[place], ends[place]) for place in partitions}

        found: dict[TopicPartition, tuple[int, int]] = self._ask(ask)
        return found

    def read(self, spans: dict[TopicPartition, tuple[int, int]], most: int | None = None) -> Iterator[ConsumerRecord]:
        """The records of ranges of offsets, [first, end); fetches at most `most` at a time."""
        left = {place: span for place, span in spans.items() if span[0] < span[1]}
        if not left:
            return

        async def begin(consumer: AIOKafkaConsumer) -> None:
            consumer.assign(list(left))
            for place, (first, _) in left.items():
                consumer.seek(place, first)

        async def go_on(consumer: AIOKafkaConsumer) -> tuple[list[ConsumerRecord], bool]:
            found = await consumer.getmany(timeout_ms=500, max_records=most)
            rows = [row for place, rows in found.items() for row in rows if row.offset < left[place][1]]
            at = {place: await consumer.position(place) for place in left}  # also past offsets that hold no records
            return rows, any(at[place] < end for place, (_, end) in left.items())

        self._ask(begin)
        heard, more = time.monotonic(), True
        while more:
            rows, more = self._ask(go_on)
            heard = time.monotonic() if rows else heard
            if more and time.monotonic() - heard > STALL_S:
                topics = ", ".join(sorted({place.topic for place in left}))
                raise ServiceError(f"{self._kafka} stopped sending records of {topics}: see `groupvitals doctor`.")
            yield from rows

    def first_in(self, place: TopicPartition, begin: int, end: int) -> int | None:
        """Offset of the first record in [begin, end); None when there is none; transaction markers do not count."""
        first = next(self.read({place: (begin, end)}, 1), None)
        return None if first is None else int(first.offset)

    def close(self) -> None:
        """Close the connections."""
        if self._consumer is not None:
            self._run(self._consumer.stop())


@contextmanager
def committed_reader(kafka: Kafka) -> Iterator[CommittedReader]:
    """A reader with connections of its own."""
    with asyncio.Runner() as runner:
        reader = CommittedReader(kafka, runner.run)
        try:
            yield reader
        finally:
            reader.close()
