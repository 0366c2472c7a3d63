"""A worker: the Faust app, its agent, and the loops alongside it, from start to a clean stop."""

import asyncio
import contextlib
import logging
import os
import socket
import uuid
from collections.abc import Callable
from typing import Any

from schemas.agents import PEOPLE
from schemas.errors import DataError, ServiceError
from schemas.wording import number_of
from sinks.clickhouse.guard import Guard
from streams.agents import new_state
from streams.allocator import give_back
from streams.checkpoint.processor import Processor
from streams.checkpoint.takeover import Broker
from streams.checkpoint.task import Task
from streams.config import WorkerConfig
from streams.dead_letters.limits import DeadLetterLimits
from streams.dead_letters.producer import DeadLetterProducer
from streams.kafka.app import FrameApp
from streams.kafka.broker import KafkaBroker
from streams.kafka.credentials import credentials
from streams.kafka.membership import Membership
from streams.people.closed_days.transitions import sender
from streams.people.processor import PeopleProcessor
from streams.people.state import PeopleState
from streams.people.task import PeopleTask
from streams.retry import waits
from streams.worker.background import in_background
from streams.worker.catching_up import CatchingUp
from streams.worker.closing import within
from streams.worker.reaching import reach_servers, unless_stopped
from streams.worker.shared import Shared
from streams.worker.ticks import tick
from streams.worker.watch import watch

log = logging.getLogger(__name__)


def _app(config: WorkerConfig, positions: Callable[[], dict[int, int]]) -> FrameApp:
    return FrameApp(
        config.group,
        broker=";".join(f"kafka://{host}" for host in config.kafka.hosts), broker_credentials=credentials(config.kafka),
        store="memory://", datadir=str(config.data), web_enabled=False, topic_allow_declare=False,
        topic_disable_leader=True, stream_wait_empty=False, stream_buffer_maxsize=config.buffered_frames,
        stream_recovery_delay=0.0, consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=config.max_fetch_mb << 20, broker_session_timeout=config.session_timeout_s,
        broker_heartbeat_interval=config.session_timeout_s / 3,
        broker_request_timeout=max(30.0, config.session_timeout_s * 2), broker_commit_interval=30.0,
        worker_redirect_stdouts=False, consumer_metadata_max_age_ms=10_000,
        frame_topics={config.topic}, positions=lambda topic: positions(),
    )  # fmt: skip


class Worker:
    """One process's share of an agent."""

    def __init__(self, config: WorkerConfig, shared: Shared) -> None:
        self.config, self.store = config, shared.store
        config.data.mkdir(parents=True, exist_ok=True)
        self.guard = Guard(self.store.native, config.agent)
        self.letters = DeadLetterProducer(config.kafka, config.topic)
        name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

        numbers = config.time_zone, config.lateness_h, config.duplicate_horizon
        people = config.agent is PEOPLE

        def new_task(partition: int) -> Task:
            if people:
                state = PeopleState(*numbers, config.zombie_chance, config.nickname, config.credit)
                return PeopleTask(config.topic, partition, state, config.numbers, name)
            return Task(
                config.topic,
                partition,
                new_state(config.agent, *numbers),
                settings=config.numbers,
                worker=name,
                store_text=config.store_text,
                store_names=config.store_names,
                limits=DeadLetterLimits(config.dead_letter_ratio, config.dead_letter_run),
                max_rows=config.max_memberships,
                excluded=shared.following.exclusions[config.agent.contract].rows,
            )

        self.processor: Processor = (PeopleProcessor if people else Processor)(
            self.store, self.letters, new_task, flush_interval_s=config.flush_interval_s,
            flush_events=config.flush_events, inserts=shared.inserts, moved=give_back, check=self.guard,
            decided=shared.following.caught_up,
        )  # fmt: skip
        if isinstance(self.processor, PeopleProcessor):
            self.processor.tell = sender(config.kafka, config.topic_prefix)
        self.app = _app(config, self.processor.positions)
        self.membership = Membership(config.data, self.app.conf.id, config.kafka)
        self._catching_up = CatchingUp(config.kafka, config.topic, self.processor)
        self.stop = asyncio.Event()
        self.assigned: set[int] | None = None
        self.caught_up = False
        self._wire()

    def _wire(self) -> None:
        app, config, processor = self.app, self.config, self.processor
        channel = app.topic(config.topic, acks=False, value_serializer="raw", key_serializer="raw")

        async def take(stream: Any) -> None:
            async for event in stream.noack().events():
                await processor.take(event.message.partition, event.message.generation_id, event.value)

        app.agent(channel, name=config.agent.contract)(take)

        async def on_revoked(_app: Any, _revoked: Any, **_: Any) -> None:
            self.assigned = None
            await processor.revoked()

        async def on_assigned(_app: Any, assigned: Any, **_: Any) -> None:
            self.assigned = {tp.partition for tp in assigned if tp.topic == config.topic}
            log.info("%s: taking over partitions %s", config.topic, sorted(self.assigned))
            broker = KafkaBroker(app.consumer, config.topic, app.consumer_generation_id, config.kafka)
            self.membership.joined(broker.member_id)
            await processor.assigned(broker, sorted(self.assigned))

        app.on_partitions_revoked.connect(on_revoked, weak=False)
        app.on_partitions_assigned.connect(on_assigned, weak=False)

    @property
    def clocks(self) -> dict[int, int]:
        """The clock of every partition that is ours."""
        return {partition: self.processor.tasks[partition].state.clock_ms for partition in self.processor.running}

    async def landed(self) -> bool:
        """Whether all that is committed in the topic has landed."""
        return await self._catching_up.done(self.assigned)

    async def run(self, until_caught_up: bool = False, complete: Callable[[], bool] = lambda: True) -> None:
        """Work until told to stop, or until all that is committed in the topic has landed (`caught_up`).

        Raises what made it impossible. `complete` says whether all input is there.
        """
        if await reach_servers(self.config, self.guard, until_caught_up, self.stop):
            await asyncio.to_thread(self.membership.leave_for_the_dead)
            await self._work(until_caught_up, complete)

    async def _work(self, until_caught_up: bool, complete: Callable[[], bool]) -> None:
        self.app.finalize()
        try:
            if await unless_stopped(self.app.start(), self.stop):
                await self._alongside(until_caught_up, complete)
        finally:
            self.stop.set()
            try:
                await asyncio.gather(*map(within, (self.processor.vouching.landed, self.app.stop, self.letters.stop)))
            finally:
                self.processor.close()

    async def _alongside(self, until_caught_up: bool, complete: Callable[[], bool]) -> None:
        """All that runs next to the app, until told to stop or caught up; then lands what was applied."""
        flushing = asyncio.create_task(self.processor.run(self.stop))
        watching = asyncio.create_task(self._watch(until_caught_up, complete))
        assigned, agent = (lambda: self.assigned or set()), self.config.agent
        background = [in_background(watch(self.store, agent, self.processor, assigned, self.stop))]
        if self.config.ticks and not until_caught_up:
            background.append(in_background(self._tick()))
        try:
            await asyncio.wait({flushing, watching}, return_when=asyncio.FIRST_COMPLETED)
            self.stop.set()
            await self._finish(flushing, watching)
        finally:
            for task in background:
                task.cancel()

    async def _finish(self, flushing: asyncio.Task[None], watching: asyncio.Task[None]) -> None:
        """Land and commit what was applied. Raises `ServiceError` when the servers do not accept it in time."""
        try:
            async with asyncio.timeout(self.config.stop_timeout_s):
                await watching
                await flushing
                await self.processor.finish()
        except TimeoutError:
            left = sum(task.unflushed for task in self.processor.tasks.values())
            why = "; ".join(f"{doing}: {error}" for doing, error in waits().items()) or "no server answered in time."
            raise ServiceError(
                f"Stopped after {self.config.stop_timeout_s:g} s without landing {number_of(left, 'record')}: {why} "
                "Nothing is lost: Kafka has the records, and the next worker lands them."
            ) from None

    async def _watch(self, until_caught_up: bool, complete: Callable[[], bool]) -> None:
        processor = self.processor
        while not self.stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await self.stop.wait()
            if processor.failure is not None:
                raise processor.failure
            fatal = getattr(self.app.consumer, "thread", None) and self.app.consumer.thread.fatal
            if fatal is not None:
                raise ServiceError(f"Kafka does not let this worker join: {fatal!r}.")
            if self.app.crashed:
                raise ServiceError(f"The Kafka client gave up: {self.app.crash_reason!r}. Start the worker again.")
            if until_caught_up and complete() and await self.landed():
                if processor.stopped:
                    raise DataError(next(iter(processor.stopped.values())))
                self.caught_up = True
                return

    async def _tick(self) -> None:
        def leading() -> Broker | None:
            return self.processor.broker if 0 in self.processor.running else None

        await tick(self.config.kafka, self.config.topic, self.config.tick_s, leading, self.stop)
