"""A worker: the Faust app, its agent, and the loops beside it, from start to a clean stop."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.errors import DataError, ServiceError
from sinks.clickhouse.connection import Address
from sinks.clickhouse.store import ClickHouseStore
from streams.community import CommunityProcessor
from streams.community_state import CommunityState
from streams.dead_letters import DeadLetterProducer
from streams.epochs import numbers_settings
from streams.frames import FrameApp
from streams.kafka_broker import KafkaBroker, reach
from streams.limits import DeadLetterLimits
from streams.task import TOPIC, Task
from streams.watch import watch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerConfig:
    """Everything a worker needs to know; times in the unit their name says."""

    bootstrap: str
    address: Address
    data: Path
    topic_prefix: str = ""
    time_zone: str = "UTC"
    lateness_h: int = 48
    duplicate_horizon: int = 4_000_000
    flush_interval_s: float = 0.4
    flush_events: int = 250_000
    buffered_frames: int = 2
    max_memberships: int = 5_000_000
    tick_s: float = 60
    dead_letter_ratio: float = 0.5
    dead_letter_run: int = 10_000
    store_text: bool = False
    session_timeout_s: float = 10
    max_fetch_mb: int = 8

    @property
    def topic(self) -> str:
        """Name of the chat topic on this broker."""
        return self.topic_prefix + TOPIC

    @property
    def group(self) -> str:
        """Name of the consumer group."""
        return f"{self.topic_prefix}groupvitals-{self.address.database}"

    @property
    def numbers(self) -> str:
        """The settings that the numbers depend on, as they stand in an epoch."""
        return numbers_settings(self.time_zone, self.lateness_h, self.duplicate_horizon)


def _app(config: WorkerConfig) -> FrameApp:
    app = FrameApp(
        config.group,
        broker=";".join(f"kafka://{host}" for host in config.bootstrap.split(",")),
        store="memory://", datadir=str(config.data), web_enabled=False, topic_allow_declare=False,
        topic_disable_leader=True, stream_wait_empty=False, stream_buffer_maxsize=config.buffered_frames,
        stream_recovery_delay=0.0, consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=config.max_fetch_mb << 20, broker_session_timeout=config.session_timeout_s,
        broker_heartbeat_interval=config.session_timeout_s / 3,
        broker_request_timeout=max(30.0, config.session_timeout_s * 2), broker_commit_interval=30.0,
        worker_redirect_stdouts=False,
    )  # fmt: skip
    app.frame_topics = {config.topic}
    return app


class Worker:
    """One process's share of the community processor."""

    def __init__(self, config: WorkerConfig) -> None:
        self.config = config
        config.data.mkdir(parents=True, exist_ok=True)
        self.store = ClickHouseStore(config.address)
        self.letters = DeadLetterProducer(config.bootstrap, config.topic)
        name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

        def new_task(partition: int) -> Task:
            return Task(
                config.topic,
                partition,
                CommunityState(config.time_zone, config.lateness_h, config.duplicate_horizon),
                settings=config.numbers,
                worker=name,
                store_text=config.store_text,
                limits=DeadLetterLimits(config.dead_letter_ratio, config.dead_letter_run),
                max_memberships=config.max_memberships,
            )

        self.processor = CommunityProcessor(
            self.store, self.letters, new_task, flush_interval_s=config.flush_interval_s,
            flush_events=config.flush_events,
        )  # fmt: skip
        self.app = _app(config)
        self.app.positions = lambda topic: self.processor.positions()
        self.stop = asyncio.Event()
        self._assigned: set[int] = set()
        self._wire()

    def _wire(self) -> None:
        app, config, processor = self.app, self.config, self.processor
        channel = app.topic(config.topic, acks=False, value_serializer="raw", key_serializer="raw")

        async def community(stream: Any) -> None:
            async for event in stream.noack().events():
                await processor.take(event.message.partition, event.message.generation_id, event.value)

        app.agent(channel, name="community")(community)

        async def on_revoked(_app: Any, _revoked: Any, **_: Any) -> None:
            self._assigned = set()
            await processor.revoked()

        async def on_assigned(_app: Any, assigned: Any, **_: Any) -> None:
            self._assigned = {tp.partition for tp in assigned if tp.topic == config.topic}
            broker = KafkaBroker(app.consumer, config.topic, app.consumer_generation_id, config.bootstrap)
            await processor.assigned(broker, sorted(self._assigned))

        app.on_partitions_revoked.connect(on_revoked, weak=False)
        app.on_partitions_assigned.connect(on_assigned, weak=False)

    async def run(
        self, until_caught_up: bool = False, report: Callable[["Worker"], None] | None = None,
        complete: Callable[[], bool] | None = None,
    ) -> None:  # fmt: skip
        """Work until told to stop, or until everything in the topic is landed. Raises what made it impossible.

        `report` is called a few times a second; `complete` says whether all input is in the topic (None: it is).
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop.set)
        if not await self._reach_kafka():
            return
        self.app.finalize()
        await self.app.start()
        flushing = asyncio.create_task(self.processor.run(self.stop))
        watching = asyncio.create_task(self._watch(until_caught_up, report, complete or (lambda: True)))
        beside = [asyncio.create_task(watch(self.store, self.processor, lambda: self._assigned, self.stop))]
        if self.config.tick_s and not until_caught_up:
            beside.append(asyncio.create_task(self._tick()))
        try:
            await asyncio.wait({flushing, watching}, return_when=asyncio.FIRST_COMPLETED)
            self.stop.set()
            for task in (flushing, watching):
                await task
            await self.processor.flush()
        finally:
            self.stop.set()
            for task in beside:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.app.stop()
            await self.letters.stop()

    async def _reach_kafka(self) -> bool:
        """Wait until Kafka answers; False when told to stop before. Raises `ConfigError` when the topic is missing."""
        reaching = asyncio.create_task(reach(self.config.bootstrap, self.config.topic))
        stopping = asyncio.create_task(self.stop.wait())
        await asyncio.wait({reaching, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (reaching, stopping):
            if not task.done():
                task.cancel()
        if self.stop.is_set():
            return False
        await reaching
        return True

    async def _watch(
        self, until_caught_up: bool, report: Callable[["Worker"], None] | None, complete: Callable[[], bool]
    ) -> None:
        processor = self.processor
        while not self.stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await self.stop.wait()
            if report is not None:
                report(self)
            if processor.failure is not None:
                raise processor.failure
            fatal = getattr(self.app.consumer, "thread", None) and self.app.consumer.thread.fatal
            if fatal is not None:
                raise ServiceError(f"Kafka does not let this worker in: {fatal!r}.")
            if self.app.crashed:
                raise ServiceError(f"The Kafka client gave up: {self.app.crash_reason!r}. Start the worker again.")
            if until_caught_up and complete() and await self._caught_up():
                if processor.stopped:
                    raise DataError(next(iter(processor.stopped.values())))
                return

    async def _caught_up(self) -> bool:
        processor, broker = self.processor, self.processor.broker
        if broker is None or processor.running != self._assigned or processor.waiting:
            return False
        if not self._assigned:
            return True  # more workers than partitions: there is nothing to do here
        _, end = await broker.all_bounds(sorted(self._assigned))
        return all(
            processor.tasks[p].flushed_offset >= end[p] or (p in processor.stopped and not processor.tasks[p].waiting)
            for p in self._assigned
            if p in processor.tasks
        )

    async def _tick(self) -> None:
        """While partition 0 is ours: append a tick to every partition in which nothing came for `tick_s`."""
        seen: dict[int, tuple[int, float]] = {}
        async with AIOKafkaProducer(bootstrap_servers=self.config.bootstrap, acks="all") as producer:
            while not self.stop.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(self.config.tick_s / 4, 0.25)):
                        await self.stop.wait()
                broker = self.processor.broker
                if broker is None or 0 not in self.processor.running:
                    continue
                partitions = sorted(await producer.partitions_for(self.config.topic))
                _, ends = await broker.all_bounds(partitions)
                for partition, end in ends.items():
                    known, since = seen.get(partition, (-1, 0.0))
                    if end != known:
                        seen[partition] = (end, time.monotonic())
                    elif end and time.monotonic() - since >= self.config.tick_s:
                        await producer.send_and_wait(self.config.topic, _tick_event(partition), partition=partition)
                        seen[partition] = (end + 1, time.monotonic())


def _tick_event(partition: int) -> bytes:
    now = int(time.time() * 1000)
    return json.dumps({"event_id": f"tick:{partition}:{now}", "type": "tick", "ts_ms": now}).encode()
