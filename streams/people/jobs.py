"""What the owner of people's first share does beside its readings: jobs, one step at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import monotonic
from typing import Any, Protocol

from sinks.clickhouse.journeys import Journeys
from sinks.clickhouse.readers.checks import split_groups
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.store import ClickHouseStore
from streams.retry import retrying

log = logging.getLogger(__name__)
#: Seconds between two checks of where groups are.
_CHECK_EVERY_S = 60.0


class Job(Protocol):
    """Work that readings do not wait for, done by one process of a deployment: the owner of the first share.

    Every term has jobs of its own, which know nothing yet. Once the share has moved, no step begins; one that is under
    way runs to its end beside the new owner's, so what a step lands must not depend on who lands it, or how often.
    """

    doing: str
    """What a step does, for the log."""

    def due(self, marks: Marks) -> bool:
        """Whether there is anything to do for what people have read. Asked often, in the event loop: no waiting."""

    def run(self, marks: Marks) -> object:
        """One step, in a thread; may block. `BackpressureError` has it tried again, any other error ends the worker."""


class CopiedActs:
    """Copies what accounts did to where one account's acts stand together."""

    doing = "copying what accounts did"

    def __init__(self, store: ClickHouseStore) -> None:
        self._journeys = Journeys(store)

    def due(self, marks: Marks) -> bool:
        """Whether people have read acts that are not copied."""
        return bool(self._journeys.behind(marks))

    def run(self, marks: Marks) -> None:
        """Copy some of them."""
        self._journeys.land(marks)


class GroupPlaces:
    """Checks that no group has events in several partitions, and logs an error per group that has."""

    doing = "checking where groups are"

    def __init__(self, store: ClickHouseStore) -> None:
        self._store, self._checked = store, Marks()
        self._next = float("-inf")

    def due(self, marks: Marks) -> bool:
        """Whether anything has landed since the last check, a while ago."""
        return marks.offsets != self._checked.offsets and monotonic() >= self._next

    def run(self, marks: Marks) -> None:
        """Look at all groups."""
        self._checked, self._next = marks, monotonic() + _CHECK_EVERY_S
        for group in split_groups(self._store.native):
            log.error("%s", group)


def jobs(store: ClickHouseStore) -> list[Job]:
    """All jobs, for a term that begins."""
    return [CopiedActs(store), GroupPlaces(store)]


class Beside:
    """Runs the jobs of one term. `in_thread` calls a function in a thread; `moved` says that the term has ended."""

    def __init__(
        self, found: Sequence[Job], in_thread: Callable[..., Awaitable[Any]], moved: Callable[[], bool],
        fail: Callable[[Exception], None],
    ) -> None:  # fmt: skip
        self._jobs, self._in_thread, self._moved, self._fail = found, in_thread, moved, fail
        self._running: asyncio.Task[None] | None = None
        self._ending = False

    def due(self, marks: Marks) -> bool:
        """Whether any job has something to do."""
        return any(job.due(marks) for job in self._jobs)

    def begin(self, marks: Marks) -> None:
        """Have due jobs run for these marks, unless jobs run already."""
        if (self._running is None or self._running.done()) and self.due(marks):
            self._running = asyncio.create_task(self._run(marks))

    async def end(self) -> None:
        """Let the step that is under way end, and begin no other."""
        self._ending = True
        if self._running is not None:
            await self._running

    def _over(self) -> bool:
        return self._ending or self._moved()

    async def _run(self, marks: Marks) -> None:
        try:
            for job in self._jobs:
                while not self._over() and job.due(marks):
                    await retrying(partial(self._in_thread, job.run, marks), job.doing, self._over)
        except Exception as error:
            if not self._over():
                self._fail(error)
