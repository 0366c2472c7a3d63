"""A processor: frames of one input topic into tasks, tasks into flushes, flushes into ClickHouse and Kafka.

One flush at a time, for all tasks of the worker together: rows and dead letters first, in any order; once all are
acknowledged, the checkpoints; then the commit. Only then does anything count as flushed, and is vouched for.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from schemas.errors import DataError, GroupvitalsError
from schemas.frame import Records
from sinks.contract import Head, Store
from streams.checkpoint.flush import Flush
from streams.checkpoint.landing import Landing
from streams.checkpoint.progress import Progress
from streams.checkpoint.takeover import Broker, take_over
from streams.checkpoint.task import Task, confirmed
from streams.checkpoint.vouching import Vouching
from streams.dead_letters.producer import DeadLetterProducer
from streams.decode.decoder import decode

log = logging.getLogger(__name__)


class Processor:
    """All tasks of one worker, and the loops that drive them.

    `check` runs before every take-over and every flush, and raises when the tables are not as they must be; `decided`
    runs before every take-over, and returns once all of the operators' decisions are known. `inserts` are threads that
    several processors share to talk to ClickHouse; whoever gives them closes them.
    """

    def __init__(
        self, store: Store, letters: DeadLetterProducer, new_task: Callable[[int], Task], *, flush_interval_s: float,
        flush_events: int, pool: Callable[[int, str], Executor] = ThreadPoolExecutor, inserts: Executor | None = None,
        moved: Callable[[], None] = lambda: None, check: Callable[[], None] = lambda: None,
        decided: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0),
    ) -> None:  # fmt: skip
        self.store, self._new_task, self._moved, self._decided = store, new_task, moved, decided
        self._interval, self._enough_events = flush_interval_s, flush_events
        self.tasks: dict[int, Task] = {}
        self.running: set[int] = set()
        self.stopped: dict[int, str] = {}
        self.failure: Exception | None = None
        self.progress = Progress()
        self._broker: Broker | None = None
        self._taking_over: asyncio.Task[None] | None = None
        self._applying: asyncio.Task[None] | None = None
        self._flush_lock = asyncio.Lock()
        self._enough, self._drained = asyncio.Event(), asyncio.Condition()
        self._decoder, self._kernels = pool(1, "decoder"), pool(1, "kernels")
        self._inserts = inserts or pool(4, "inserts")
        self._threads = [self._decoder, self._kernels, *([] if inserts else [self._inserts])]
        self._landing = Landing(store, letters, check, self._in_inserts, self.progress)
        self.vouching = Vouching(self._vouch, self._fail)

    def positions(self) -> dict[int, int]:
        """Where to read on in each running partition."""
        return {partition: self.tasks[partition].next_offset for partition in self.running}

    @property
    def broker(self) -> Broker | None:
        """Kafka in the generation that owns the partitions; None while they move."""
        return self._broker

    async def revoked(self) -> None:
        """Any partition may belong to another worker now: take no more frames; let a running flush end if quick."""
        self.running.clear()
        self._broker = None
        if self._taking_over is not None:
            self._taking_over.cancel()
        try:
            async with asyncio.timeout(3):
                await self._flush_lock.acquire()
            self._flush_lock.release()
        except TimeoutError:
            log.warning("A flush is still running while partitions move; its rows will be flushed again.")

    async def assigned(self, broker: Broker, partitions: list[int]) -> None:
        """Take over these partitions, in the background."""
        self._broker = broker
        self._taking_over = asyncio.create_task(self._take_over(broker, partitions))

    async def _take_over(self, broker: Broker, partitions: list[int]) -> None:
        async with self._flush_lock:
            pass  # the last generation's flush must have ended: it may still confirm
        for partition in self.tasks.keys() - set(partitions):
            del self.tasks[partition]
        try:
            await self._landing.check(lambda: self._broker is not broker)
            await self._decided()
            await asyncio.gather(*(self._own(broker, partition) for partition in partitions))
            await self._in_kernels(self._moved)
        except asyncio.CancelledError:
            log.info("Take-over interrupted by a new assignment.")
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Keep what makes it impossible to go on: nobody awaits it but the worker, which asks for `failure`."""
        self.failure = error

    async def _own(self, broker: Broker, partition: int) -> None:
        task = self.tasks[partition] = self.tasks.get(partition) or self._new_task(partition)
        threads = self._in_kernels, self._in_inserts
        while self._broker is broker and not await take_over(task, broker, self.store, *threads):
            self.progress.refused_commits += 1
            await asyncio.sleep(0.5)
        if self._broker is broker:
            self.running.add(partition)
            self.progress.taken_over(partition)
            self.vouching.committed([task.head])
            fields = {"partition": partition, "term": task.cut.term, "offset": task.next_offset}
            log.info("%s partition %d taken over", broker.topic, partition, extra=fields)
            await broker.seek({partition: task.next_offset})

    async def _in_inserts(self, function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._inserts, function, *args)

    async def _in_kernels(self, function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._kernels, function, *args)

    async def take(self, partition: int, generation: int, records: Records) -> None:
        """Decode one frame while the previous one is applied, then queue it to be applied next.

        A frame of another generation, or of a partition that is not ours, is dropped.
        """
        broker = self._broker
        if broker is None or generation != broker.generation or partition not in self.running - self.stopped.keys():
            return
        began = time.perf_counter()
        decoded = await asyncio.get_running_loop().run_in_executor(
            self._decoder, decode, self.tasks[partition].state.agent.contract, records
        )
        self.progress.seconds["decode"] += time.perf_counter() - began
        self.progress.frames += 1
        await self.applied()
        async with self._drained:
            await self._drained.wait_for(lambda: self.waiting < 2 * self._enough_events or self._broker is not broker)
        self._applying = asyncio.create_task(self._apply(broker, partition, records, decoded))

    async def applied(self) -> None:
        """Wait until the frame that was taken last is applied or dropped."""
        if self._applying is not None:
            await asyncio.wait({self._applying})

    async def _apply(self, broker: Broker, partition: int, records: Records, decoded: Any) -> None:
        if self._broker is not broker or partition not in self.running or partition in self.stopped:
            return
        task, began, before = self.tasks[partition], time.perf_counter(), self.tasks[partition].next_offset
        later = lambda make: self._decoder.submit(make).result  # noqa: E731 - rows are made while kernels go on
        try:
            if not await self._in_kernels(task.apply, records, decoded, later) and self._broker is broker:
                await broker.seek({partition: task.next_offset})
        except DataError as error:
            log.error("%s", error, extra={"partition": partition, "offset": task.next_offset})  # noqa: TRY400
            self.stopped[partition] = str(error)
        except Exception as error:
            self._fail(error)
        self.progress.seconds["apply"] += time.perf_counter() - began
        self.progress.events += task.next_offset - before
        if self.waiting >= self._enough_events:
            self._enough.set()

    @property
    def waiting(self) -> int:
        """Records applied that no flush has taken yet; only running partitions are flushed."""
        return sum(self.tasks[partition].waiting for partition in self.running)

    async def settled(self) -> bool:
        """Whether nothing that has come is left to land."""
        return not self.waiting

    def close(self) -> None:
        """Let the threads finish what they are doing; nothing new begins."""
        for threads in self._threads:
            threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, flush when enough events wait or an interval has passed since the last flush began."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._enough.set())
        while not stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(began + self._interval):
                    await self._enough.wait()
            self._enough.clear()
            began = loop.time()
            await self.flush()

    async def flush(self) -> bool:
        """Land everything that waits. Returns False when the broker refused or partitions moved meanwhile."""
        async with self._flush_lock:
            broker = self._broker
            if broker is None:
                return False
            began = time.perf_counter()
            tasks = [self.tasks[partition] for partition in sorted(self.running)]
            flushes = await self._in_kernels(lambda: [f for task in tasks if (f := task.begin_flush()) is not None])
            self.progress.seconds["collect"] += time.perf_counter() - began
            async with self._drained:
                self._drained.notify_all()
            return await self._land(broker, flushes) if flushes else True

    async def finish(self) -> None:
        """Land everything that waits, and the heads that vouch for it. Raises what made it impossible."""
        await self.flush()
        await self.vouching.landed()
        if self.failure is not None:
            raise self.failure

    async def _vouch(self, heads: list[Head]) -> None:
        await self._in_inserts(self.store.vouch, heads)

    async def _land(self, broker: Broker, flushes: list[Flush]) -> bool:
        try:
            await self._landing.land(flushes, lambda: self._broker is not broker)
        except GroupvitalsError as error:
            if self._broker is broker:
                raise
            log.warning("Flush abandoned because partitions moved: %s", error)
            return False
        cuts = {f.checkpoint.partition: (f.checkpoint.offsets[broker.topic], f.checkpoint.cut.term) for f in flushes}
        began = time.perf_counter()
        committed = await broker.commit(cuts)
        self.progress.seconds["commit"] += time.perf_counter() - began
        if not committed:
            self.running -= cuts.keys()
            self.progress.refused_commits += 1
            log.warning("Kafka refused a commit: others own these partitions now.", extra={"partitions": sorted(cuts)})
            return False
        self.vouching.committed(await self._in_kernels(confirmed, [self.tasks[p] for p in cuts]))  # it moves arrays
        self.progress.flushed(flushes)
        return True
