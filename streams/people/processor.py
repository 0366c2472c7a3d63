"""The people agent's loop: look at what the sources have landed, work out what follows, land it."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from functools import partial
from typing import Any, cast

from schemas.errors import BackpressureError
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Head
from streams.checkpoint.processor import Processor
from streams.people.closed_days.day_rows import Tell, landing
from streams.people.jobs import Beside, Job, jobs
from streams.people.task import PeopleTask, Reading, WentBackError
from streams.retry import retrying

log = logging.getLogger(__name__)
#: Seconds between two looks at the sources.
LOOK_S = 0.25


def _to_nobody(_: list[dict[str, Any]]) -> None:
    """Nobody listens."""


class PeopleProcessor(Processor):
    """A processor whose tasks take readings instead of frames, one reading and one flush at a time.

    What follows from a reading lands while the next one is read, which touches no memory.
    """

    #: Takes changes of members' states on closed days.
    tell: Tell = staticmethod(_to_nobody)
    #: What the owner of the first share does beside its readings, for a term that begins.
    new_jobs: Callable[[ClickHouseStore], list[Job]] = staticmethod(jobs)
    _beside: Beside | None = None
    _read_all = False
    _flushing: asyncio.Task[None] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, look and land."""
        while not stop.is_set():
            began = asyncio.get_running_loop().time()
            try:
                await self._work(began + LOOK_S)
            except BackpressureError:  # the share moved while ClickHouse was away: whoever owns it now reads all
                log.info("A reading of people ended because their share moves.")
            with suppress(TimeoutError):
                async with asyncio.timeout_at(began + LOOK_S):
                    await stop.wait()

    async def _work(self, until: float) -> None:
        """Look once, begin to land, and close days until a given time."""
        at = time.time()
        await self.look()
        if beside := self._jobs():
            beside.begin(self._first.state.marks)
        await self._landed()
        self._flushing = asyncio.create_task(self._flush(at))
        if self._read_all:  # which took much more memory than what is kept of it
            self._read_all = False
            await self._landed()
            await self._in_kernels(self._moved)
        if 0 in self.running and self._first.state.days.due:
            await self._landed()
            try:
                await self._close_days(until)
            except WentBackError as error:
                await self._begin_anew(error)

    async def _flush(self, at: float) -> None:
        """Land what waits, all that had been landed of sources at a given time."""
        broker = self.broker
        if await self.flush() and self.running and self.broker is broker:
            self.progress.counted_at = at

    async def _landed(self) -> None:
        """Wait until what follows from the reading before has landed. Raises what made it impossible."""
        flushing, self._flushing = self._flushing, None
        if flushing is not None:
            await flushing

    async def _vouch(self, heads: list[Head]) -> None:
        await super()._vouch(heads)
        if 0 in self.tasks:  # else the share has an owner whose term is newer
            await self._in_inserts(self._first.publish, self.store, heads)

    @property
    def _first(self) -> PeopleTask:
        """The first share, whose owner does what concerns all of people."""
        return cast(PeopleTask, self.tasks[0])

    async def revoked(self) -> None:
        """As every processor; and the term's jobs end with it."""
        self._beside = None
        await super().revoked()

    def _jobs(self) -> Beside | None:
        """The jobs of this term; None when the first share is not ours."""
        broker = self.broker
        if 0 not in self.running or broker is None:
            return None
        if self._beside is None:
            found = self.new_jobs(cast(ClickHouseStore, self.store))
            self._beside = Beside(found, self._in_inserts, lambda: self.broker is not broker, self._fail)
        return self._beside

    async def _close_days(self, until: float) -> None:
        """Close the days that are due, one after the other; at least one, and no more of them at a given time."""
        broker, loop = self.broker, asyncio.get_running_loop()

        def moved() -> bool:
            return self.broker is not broker or 0 not in self.running

        while not moved():
            task = self._first
            batch = await retrying(partial(self._in_inserts, task.read_days, self.store), "reading a closed day", moved)
            if batch is None or moved():
                return
            days = await self._in_kernels(task.close_days, batch, LOOK_S)
            complete: object = False
            for write in landing(cast(ClickHouseStore, self.store), days, self.tell):
                complete = await retrying(partial(self._in_inserts, write), "landing closed days", moved)
                if moved():
                    return
            if not complete:
                raise WentBackError("The database is an older backup, without days that had been closed.")
            await self._in_kernels(task.days_landed, days)
            log.info(
                "Days of members were closed.", extra={"days": len(days), "changed": sum(len(d.told) for d in days)}
            )
            if loop.time() > until:
                return

    async def finish(self) -> None:
        """Let what runs beside end, too."""
        await self._landed()
        await super().finish()
        if self._beside is not None:
            await self._beside.end()

    def close(self) -> None:
        """As every processor; and no reading that has not begun yet does."""
        super().close()
        for task in self.tasks.values():
            cast(PeopleTask, task).state.close()

    async def settled(self) -> bool:
        """Whether everything that the sources have landed by now is worked out and landed."""
        tasks, store = [cast(PeopleTask, self.tasks[partition]) for partition in self.running], self.store
        current = [await self._in_inserts(task.up_to_date, store) for task in tasks]
        beside = self._jobs()
        return all(current) and not (beside and beside.due(self._first.state.marks))

    async def _look(self, task: PeopleTask) -> Reading | None:
        found: Reading | None = await self._in_inserts(task.look, cast(ClickHouseStore, self.store))
        return found

    async def _begin_anew(self, why: WentBackError) -> bool:
        """Take the shares over again."""
        log.warning("%s Beginning a new term.", why)
        broker, partitions = self.broker, sorted(self.tasks)
        if broker is not None:
            await self.revoked()
            await self.assigned(copy(broker), partitions)
        return True

    async def _more(self, task: PeopleTask) -> Any:
        return await self._in_inserts(task.more, cast(ClickHouseStore, self.store))

    async def _finish(self, task: PeopleTask, moved: Callable[[], bool]) -> None:
        """Read by keys what is needed to work a reading out, until it is."""
        while (found := await retrying(partial(self._more, task), "reading by keys", moved)) is not None:
            if moved():
                return
            await self._in_kernels(task.state.answer, found)

    async def look(self) -> bool:
        """Read and work out what is new of the shares that are ours. Returns whether anything was."""
        broker, found = self.broker, False
        for partition in sorted(self.running):
            task, began = cast(PeopleTask, self.tasks[partition]), time.perf_counter()
            moved: Callable[[], bool] = lambda: self.broker is not broker  # noqa: E731
            try:
                reading = await retrying(partial(self._look, task), "reading what has landed", moved)
                self.progress.seconds["read"] += time.perf_counter() - began
                if reading is None or moved() or partition not in self.running:
                    continue
                await self._landed()
                if moved() or partition not in self.running:
                    continue
                began, found = time.perf_counter(), True
                self._read_all |= reading.loaded is not None
                await self._in_kernels(task.take, reading)
                await self._finish(task, moved)
                self.progress.seconds["work out"] += time.perf_counter() - began
            except WentBackError as error:
                return await self._begin_anew(error)
        return found
