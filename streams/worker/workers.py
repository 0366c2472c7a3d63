"""The workers of one process, one per agent: they share an event loop and end together.

Agents depend on each other through Kafka and ClickHouse alone. What a process has once is here: signals, pages, the
order in which agents catch up, and the error that ends it.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence

from schemas.errors import GroupvitalsError
from streams.config import WorkerConfig
from streams.observability.naming import AGENT
from streams.observability.web import serving
from streams.worker.background import in_background
from streams.worker.closing import within
from streams.worker.shared import Shared
from streams.worker.ticks import level
from streams.worker.worker import Worker

log = logging.getLogger(__name__)
_REPORT_EVERY_S = 0.2


class Workers:
    """A worker per configuration; they differ by agent alone."""

    def __init__(self, configs: Sequence[WorkerConfig]) -> None:
        self._shared = Shared(configs)
        self.workers = [Worker(config, self._shared) for config in configs]
        self._running: dict[Worker, asyncio.Task[None]] = {}
        self._failures: list[Exception] = []
        self._level = False

    @property
    def caught_up(self) -> bool:
        """Whether all have landed everything there was."""
        return all(worker.caught_up for worker in self.workers)

    def stop(self) -> None:
        """Tell all to land what they have applied, and to end."""
        for worker in self.workers:
            worker.stop.set()

    async def run(
        self, until_caught_up: bool = False, report: Callable[[], None] = lambda: None,
        complete: Callable[[], bool] = lambda: True, leveling: bool = False,
    ) -> None:  # fmt: skip
        """Work until told to stop, or until all is landed (`caught_up`).

        If one fails, the others land what they have applied; then what it failed with is raised. `report` is called a
        few times a second; `complete` says whether all input is in the topics. `leveling`: once it has landed, every
        partition's clock moves on to the furthest, so that the same days close in all of them.
        """
        loop, config = asyncio.get_running_loop(), self.workers[0].config
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        async with serving(self.workers, config.web_host, config.web_port):
            beside = [in_background(self._shared.following.run(asyncio.Event()))]
            if leveling:
                beside.append(asyncio.create_task(self._level_clocks(complete)))
            self._level = not leveling
            try:
                for worker in self.workers:
                    self._running[worker] = asyncio.create_task(self._run(worker, until_caught_up, complete))
                while any(not task.done() for task in self._running.values()):
                    await asyncio.wait(self._running.values(), timeout=_REPORT_EVERY_S)
                    report()
            finally:
                self.stop()
                await asyncio.wait(self._running.values())
                for task in beside:
                    task.cancel()
                await within(self._shared.close)
        for later in list(dict.fromkeys(map(str, self._failures)))[1:]:
            log.error("%s", later)
        if self._failures:
            raise self._failures[0]

    async def _run(self, worker: Worker, until_caught_up: bool, complete: Callable[[], bool]) -> None:
        if len(self.workers) > 1:
            AGENT.set(worker.config.agent.name)
        try:
            await worker.run(until_caught_up, lambda: complete() and self._level and self._input_landed(worker))
        except Exception as error:
            self._failures.append(error)
            self.stop()

    async def _level_clocks(self, complete: Callable[[], bool]) -> None:
        """Once all input has landed, move clocks that are behind."""
        sources = [worker for worker in self.workers if worker.config.agent.ticks]
        try:
            while not complete() or not all([await worker.landed() for worker in sources]):  # noqa: ASYNC110 - polls
                await asyncio.sleep(_REPORT_EVERY_S)
            clocks = {worker.config.topic: worker.clocks for worker in sources}
            await level(self.workers[0].config.kafka, clocks)
        except GroupvitalsError as error:
            self._failures.append(error)
            self.stop()
        self._level = True

    def _input_landed(self, worker: Worker) -> bool:
        """Whether nothing more can come to a worker.

        An agent whose topic has no records of its own reads what the others land. It is asked whether it has caught up
        (`CatchingUp.done`) only after they have ended here, with all their heads landed: what it finds then is all.
        """
        sources = [other for other in self.workers if other.config.agent.topic.events]
        return worker in sources or all(self._running[source].done() for source in sources)
