"""One simulated worker: a process with the project's processor, fed by frames, told of generations in its own time."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from schemas.agents import AGENT_OF
from streams.agents import new_state
from streams.checkpoint.epochs import numbers_settings
from streams.checkpoint.processor import Processor
from streams.checkpoint.task import Task
from streams.dead_letters.limits import DeadLetterLimits
from tests.simulation.cluster import Broker
from tests.simulation.loop import Process

if TYPE_CHECKING:
    from tests.simulation.schedule import Run


@contextmanager
def running(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Things that are made for the running loop are made for this one."""
    asyncio.events._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio.events._set_running_loop(None)


class Worker:
    """One process with a processor, fed frame by frame."""

    def __init__(self, run: "Run", name: str) -> None:
        self.run, self.name = run, name
        self.process = Process(run.clock)
        self.generation, self.share, self.positions = 0, list[int](), dict[int, int]()
        self._news: tuple[int, list[int]] | None = None
        self._frames: list[tuple[int, int, Any]] = []
        self._take: asyncio.Task[None] | None = None
        self._moving: asyncio.Task[None] | None = None
        self.ended: asyncio.Task[None] | None = None
        with running(self.process):
            self.processor = self._new()(
                run.rows, run.letters, self._task, flush_interval_s=0.4, flush_events=run.schedule.flush_events,  # type: ignore[arg-type]
                pool=self.process.pool,
            )  # fmt: skip
            self.stop = asyncio.Event()
            self.flushing = self.process.create_task(self.processor.run(self.stop))

    def _new(self) -> type[Processor]:
        return Processor

    def _task(self, partition: int) -> Task:
        contract, world = self.run.schedule.contract, self.run.schedule.worlds[0]
        numbers, agent = (world.zone, world.lateness_h, world.horizon), AGENT_OF[contract]
        return Task(
            contract, partition, new_state(agent, *numbers), numbers_settings(*numbers, agent.rules), worker=self.name,
            max_rows=self.run.schedule.memberships, limits=DeadLetterLimits(1.0, 1 << 30),
        )  # fmt: skip

    # --- what the group says

    def hear(self, generation: int, share: list[int]) -> None:
        """News of a generation; only the newest counts."""
        if not self.process.dead and (self._news is None or self._news[0] < generation):
            self._news = generation, share
            if self._moving is None or self._moving.done():
                self._moving = self.process.create_task(self._move())

    async def _move(self) -> None:
        while self._news is not None and self._news[0] > self.generation:
            await self.processor.revoked()
            generation, share = self._news
            self.generation, self.share, self.positions = generation, share, {}
            run = self.run
            broker = Broker(
                run.group, run.logs, run.network, self.process, self, generation, run.schedule.unreliable,
                run.schedule.contract,
            )  # fmt: skip
            await self.processor.assigned(broker, share)

    # --- what it reads

    @property
    def steps(self) -> list[Any]:
        """What could happen next in it."""
        found = self.process.steps
        if self.process.dead or self.process.frozen:
            return found
        come, logs = self.run.come, self.run.logs
        ready = [p for p, at in self.positions.items() if logs[p].ready(at, come)]
        if ready and len(self._frames) < 2:
            found.append(lambda choice: self._fetch(ready[choice % len(ready)], choice // 7 % 3 + 1))
        if self._frames and (self._take is None or self._take.done()):
            found.append(lambda choice: self._deliver())
        return found

    def _fetch(self, partition: int, most: int) -> None:
        records = self.run.logs[partition].fetch(self.positions[partition], self.run.come, most)
        self.positions[partition] = records.following
        self._frames.append((partition, self.generation, records))

    def _deliver(self) -> None:
        self._take = self.process.create_task(self.processor.take(*self._frames.pop(0)))

    async def _end(self) -> None:
        self.stop.set()
        await self.flushing
        await self.processor.finish()
        self.run.group.change(self.run.network, leave=self)
        self.process.kill()

    def leave(self) -> None:
        """Stop as one is asked to: flush, leave the group, end."""
        if self.ended is None:
            self.ended = self.process.create_task(self._end())

    def check(self) -> None:
        """Raise what went wrong in it."""
        tasks = (self.flushing, self._take, self._moving, self.ended)
        done = [task.exception() for task in tasks if task is not None and task.done() and not task.cancelled()]
        for failure in [*done, self.processor.failure, *self.process.failures]:
            if failure is not None and not self.process.dead:
                raise failure
