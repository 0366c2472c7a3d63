"""Frames: a Faust transport whose consumer hands an agent one message per fetch and partition, its records still raw
bytes.

Everything else stays Faust's: the worker, group membership, rebalancing, flow control, ordinary agents on other topics.
Frame topics are declared with `acks=False`: Faust never commits them. Their offsets move only by `commit_frames`, bound
to the generation in which the partitions were assigned; their positions come from `positions`, not from Kafka's
offsets.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from aiokafka.errors import (
    IllegalGenerationError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from schemas.errors import BackpressureError
from streams.kafka import responses  # noqa: F401 - the fetcher must keep the bytes of record batches
from streams.kafka.records import read_records
from streams.retry import retrying

_REFUSED = (IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)

#: Kafka answers a fetch once it has this many bytes, or after this long: many small frames cost more than a few.
_FETCH_BYTES, _FETCH_WAIT_MS = 1 << 20, 100
#: While ClickHouse is away nothing is fetched; a worker that does so for longer than this leaves the consumer group for
#: ever.
_LONGEST_IDLE_MS = 7 * 24 * 3_600_000


def take_frames(fetcher: Any, partitions: Iterable[TP], topics: set[str]) -> dict[TP, Any]:
    """Take what the fetcher holds for these partitions of frame topics: `Records` per partition."""
    found: dict[TP, Any] = {}
    wanted = set(partitions)
    for tp in list(fetcher._records):
        result = fetcher._records[tp]
        if (
            tp.topic not in topics
            or TP(tp.topic, tp.partition) not in wanted
            or not hasattr(result, "check_assignment")
        ):
            continue
        del fetcher._records[tp]
        fetcher._notify(fetcher._wait_consume_future)
        if not result.check_assignment(tp) or not result.has_more():
            continue
        fetched = result._partition_records
        records = read_records(fetched._records.data, fetched.next_fetch_offset, aborted=fetched._aborted_transactions)
        fetched.next_fetch_offset = records.following
        result._update_position()
        if records.following > records.first:
            found[TP(tp.topic, tp.partition)] = records
    return found


class FrameConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Fetches frames, and commits them within a generation.

    `fatal` is what made joining the consumer group impossible, such as a refused session time-out or a missing right.
    """

    fatal: Exception | None = None

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms, consumer._fetch_min_bytes = _FETCH_WAIT_MS, _FETCH_BYTES  # Faust sets neither
        consumer._max_poll_interval_ms = _LONGEST_IDLE_MS
        consumer._isolation_level = "read_committed"  # Faust asks for it only when it is itself in transactions
        return consumer

    async def on_start(self) -> None:
        """Start the consumer, and watch for errors that its coordinator cannot recover from."""
        await retrying(self._connect, "connecting to Kafka")
        if self.should_stop:
            return
        coordinator = self._ensure_consumer()._coordinator
        push = coordinator._push_error_to_user

        def keep_fatal(error: Exception) -> Any:
            self.fatal = error
            return push(error)

        coordinator._push_error_to_user = keep_fatal

    async def _connect(self) -> None:
        """Kafka may have gone away since the worker reached it. Does nothing once the worker is told to stop."""
        if self.should_stop:
            return
        try:
            await super().on_start()
        except KafkaError as error:
            await self._ensure_consumer().stop()
            raise BackpressureError(f"{error}.") from error

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: float | None = None,  # noqa: ASYNC109 - Faust passes it
        max_records: int | None = None,
    ) -> Any:
        topics, frames = self.app.frame_topics, dict[TP, Any]()
        deadline = time.monotonic() + (timeout or 0)
        while not frames and self.consumer.flow_active and active_partitions:
            fetcher = consumer._fetcher
            if consumer._closed or fetcher._closed:
                raise driver.ConsumerStoppedError
            if fetcher._subscriptions.reassignment_in_progress:
                break
            with fetcher._subscriptions.fetch_context():  # tells the coordinator that this consumer is not idle
                frames = take_frames(fetcher, active_partitions, topics)
            stock = {tp for tp in active_partitions if tp.topic not in topics}
            others = await super()._fetch_records(consumer, stock, 0, max_records) if stock else {}
            if others or frames:
                return {**others, **frames}
            left = deadline - time.monotonic()
            if left <= 0:
                break
            await asyncio.wait([fetcher._create_fetch_waiter()], timeout=left)
        return frames

    async def commit_frames(self, topic: str, cuts: dict[int, tuple[int, int]], generation: int) -> bool:
        """Commit (next offset, term) per partition in `generation`; `consumer.commit` would carry on in a later one.

        The term stands in the offset's metadata. False: refused. Raises `BackpressureError` when Kafka is unreachable.
        """
        coordinator = self._ensure_consumer()._coordinator
        offsets = {TopicPartition(topic, p): OffsetAndMetadata(at, str(term)) for p, (at, term) in cuts.items()}
        try:
            async with asyncio.timeout(self.app.conf.broker_session_timeout):
                await coordinator.ensure_coordinator_known()
                async with coordinator._commit_lock:
                    if coordinator.generation != generation:
                        return False
                    await coordinator._do_commit_offsets(None, offsets)
        except _REFUSED:
            return False
        except (KafkaError, TimeoutError) as error:
            raise BackpressureError(f"Kafka did not accept a commit: {error!r}.") from error
        return bool(coordinator.generation == generation)

    async def committed_frames(self, topic: str, partition: int) -> tuple[int, int]:
        """(offset, term) last committed for a partition; (0, 0) when there is none."""
        tp = TopicPartition(topic, partition)
        try:
            found = await asyncio.wait_for(
                self._ensure_consumer()._coordinator.fetch_committed_offsets([tp]), self.app.conf.broker_session_timeout
            )
        except (KafkaError, TimeoutError) as error:
            raise BackpressureError(f"Kafka did not return the committed offset: {error!r}.") from error
        kept = found.get(tp)
        if kept is None or kept.offset < 0:
            return 0, 0
        return kept.offset, int(kept.metadata) if kept.metadata.isdigit() else 0

    async def seek_to_committed(self) -> Any:
        """Seek as Faust does; partitions revoked meanwhile are sought by the worker that gets them next."""
        try:
            return await super().seek_to_committed()
        except IllegalStateError:
            return {}

    async def seek_frames(self, topic: str, positions: dict[int, int]) -> None:
        """Fetch these partitions from these offsets on; anything prefetched is dropped."""
        consumer = self._ensure_consumer()
        for partition, offset in positions.items():
            tp = TopicPartition(topic, partition)
            if tp in consumer.assignment():
                consumer.seek(tp, offset)


class FrameConsumer(driver.Consumer):  # type: ignore[misc]
    """Yields one message per fetch and partition of the frame topics; other topics go the stock way."""

    def _new_consumer_thread(self) -> FrameConsumerThread:
        return FrameConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def thread(self) -> FrameConsumerThread:
        """The thread that talks to Kafka; call it with `call_thread`."""
        return self._thread  # type: ignore[no-any-return]

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109 - Faust passes it
        """Fetch; a frame of a generation that is over, or of a partition no longer active, is dropped."""
        records, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if records is None or self.should_stop:
            return
        if not self.flow_active:
            await self.perform_seek()
            return
        stock = {tp: batch for tp, batch in records.items() if tp.topic not in self.app.frame_topics}
        for tp, frame in records.items():
            if tp in stock:
                continue
            if not self.flow_active or generation != self.app.consumer_generation_id:
                return
            if active is None or tp in active or tp in self._buffered_partitions:
                # Faust would take the distance to the last offset for a gap; a frame begins where the previous one
                # ended
                self._read_offset[tp] = None
                yield tp, _message(tp, frame, generation)
        for tp, record in self.scheduler.iterate(stock):
            if not self.flow_active or generation != self.app.consumer_generation_id:
                return
            yield tp, self._to_message(tp, record)

    def on_buffer_full(self, tp: TP) -> None:
        """Keep fetching frame topics: a full stream makes the next frame wait, and a pause would last a second."""
        if tp.topic not in self.app.frame_topics:
            super().on_buffer_full(tp)

    async def perform_seek(self) -> None:
        """Seek to the committed offsets, but in frame topics to where their tasks are."""
        await super().perform_seek()
        for topic in self.app.frame_topics:
            await self.thread.call_thread(self.thread.seek_frames, topic, self.app.positions(topic))

    def _new_offset(self, tp: TP) -> int | None:
        """Faust has nothing to commit for frame topics."""
        return None if tp.topic in self.app.frame_topics else super()._new_offset(tp)


def _message(tp: TP, records: Any, generation: int) -> ConsumerMessage:
    return ConsumerMessage(
        tp.topic, tp.partition, records.following - 1, time.time(), 0, [], None, records, None, 0, 0, tp,
        generation_id=generation,
    )  # fmt: skip
