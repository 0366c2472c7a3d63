"""One simulated process: an event loop and its threads, of which somebody else takes every single step.

Nothing runs by itself. `Process.steps` says what could happen next (a callback, the work of a thread); the scheduler
picks one and calls it. Time is a number that only the scheduler moves.
"""

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any


class Clock:
    """Seconds since the simulation began."""

    now = 0.0


class Job(Future[Any]):
    """What a thread was asked to do; asking for its result before its turn does it at once."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        super().__init__()
        self._work = function, args

    def run(self) -> None:
        """Do it, unless that has happened; outside the event loop, as in a thread."""
        if self.done() or self.running() or not self.set_running_or_notify_cancel():
            return
        running = events._get_running_loop()
        events._set_running_loop(None)
        function, args = self._work
        try:
            result = function(*args)
        except Exception as error:  # the waiting side gets it
            self.set_exception(error)
        else:
            self.set_result(result)
        finally:
            events._set_running_loop(running)

    def result(self, timeout: float | None = None) -> Any:
        """What it gave; does it first if need be."""
        self.run()
        return super().result(0)


class Threads(Executor):
    """So many threads, which begin their jobs in order."""

    def __init__(self, count: int) -> None:
        self.count, self.jobs = count, deque[Job]()

    def submit(self, function: Callable[..., Any], /, *args: Any, **_: Any) -> Job:  # type: ignore[override]
        """Have something done when its turn comes."""
        job = Job(function, args)
        self.jobs.append(job)
        return job

    def work(self, choice: int) -> None:
        """One of the jobs in progress ends."""
        place = choice % min(self.count, len(self.jobs))
        job = self.jobs[place]
        del self.jobs[place]
        job.run()


class Process(asyncio.AbstractEventLoop):
    """The event loop of one simulated process, and its threads."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.threads = clock, list[Threads]()
        self.failures: list[BaseException] = []
        self.dead = self.frozen = False
        self._ready, self._timers, self._number = deque[asyncio.Handle](), list[Any](), 0

    def pool(self, count: int, name: str) -> Threads:
        """Threads of this process."""
        self.threads.append(Threads(count))
        return self.threads[-1]

    # --- what the scheduler sees

    @property
    def steps(self) -> list[Callable[[int], None]]:
        """What could happen next in this process."""
        if self.dead or self.frozen:
            return []
        found: list[Callable[[int], None]] = [threads.work for threads in self.threads if threads.jobs]
        self._wake()
        return [*found, self._turn] if self._ready else found

    @property
    def next_timer(self) -> float | None:
        """When the next timer is due."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers and not self.dead and not self.frozen else None

    def kill(self) -> None:
        """Nothing of this process happens any more."""
        self.dead = True
        self._ready.clear()
        self._timers.clear()
        for task in asyncio.all_tasks(self):
            with suppress(RuntimeError, ValueError):  # one that is just running, or does not want to end
                task.get_coro().close()  # type: ignore[union-attr]

    def _wake(self) -> None:
        while (due := self.next_timer) is not None and due <= self.clock.now:
            self._ready.append(heapq.heappop(self._timers)[2])

    def _turn(self, choice: int) -> None:
        """Run what is ready now, in order, as a real loop does in one turn."""
        for _ in range(len(self._ready)):
            handle = self._ready.popleft() if self._ready else None
            if handle is None or handle.cancelled():
                continue
            events._set_running_loop(self)
            try:
                handle._run()
            finally:
                events._set_running_loop(None)

    # --- what asyncio needs

    def time(self) -> float:
        return self.clock.now

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        if not self.dead:
            self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        return self.call_at(self.clock.now + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._number += 1
        heapq.heappush(self._timers, (when, self._number, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        pass

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Any = None) -> asyncio.Task[Any]:
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        return asyncio.wrap_future(executor.submit(func, *args), loop=self)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self.dead and context.get("exception") is not None:
            self.failures.append(context["exception"])
