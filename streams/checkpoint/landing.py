"""Landing flushes: their rows and dead letters in parallel, then their checkpoints. The commit is the caller's."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from sinks.contract import Store
from streams.checkpoint.flush import Flush, merge, targets
from streams.checkpoint.progress import Progress
from streams.dead_letters.producer import DeadLetterProducer
from streams.landing.event_rows import Target
from streams.retry import retrying

GiveUp = Callable[[], bool]


class Landing:
    """Where the flushes of one worker land; `thread` runs what blocks, `check` raises when tables have changed."""

    def __init__(
        self, store: Store, letters: DeadLetterProducer, check: Callable[[], None],
        thread: Callable[..., Awaitable[Any]], progress: Progress,
    ) -> None:  # fmt: skip
        self._store, self._letters, self._check, self._thread = store, letters, check, thread
        self._seconds, self._rows = progress.seconds, progress.rows

    async def land(self, flushes: list[Flush], give_up: GiveUp) -> None:
        """Land them together, as often as it takes until `give_up`. Raises what made it impossible."""
        began = time.perf_counter()
        landing = await self._thread(targets, flushes)
        await self.check(give_up)
        await asyncio.gather(
            self._letters.send([letter for flush in flushes for letter in flush.letters], give_up),
            *(self._insert(target, flushes, give_up) for target in landing),
        )
        self._seconds["land"] += (landed := time.perf_counter()) - began
        made = [flush.checkpoint for flush in flushes]
        await self._retrying(give_up, "writing checkpoints", self._store.write_checkpoints, made)
        self._seconds["commit"] += time.perf_counter() - landed

    async def check(self, give_up: GiveUp) -> None:
        """Raise when the tables are not as they must be."""
        await self._retrying(give_up, "checking the tables", self._check)

    async def _insert(self, target: Target, flushes: list[Flush], give_up: GiveUp) -> None:
        began, table = time.perf_counter(), target.table
        rows = await self._thread(merge, flushes, target)
        await self._retrying(give_up, f"landing {table}", self._store.insert, table, rows)
        self._rows[table] += rows.num_rows
        self._seconds[f"land {table}"] += time.perf_counter() - began

    async def _retrying(self, give_up: GiveUp, doing: str, action: Callable[..., None], *args: Any) -> None:
        await retrying(lambda: self._thread(action, *args), doing, give_up)
