"""Vouching: once Kafka has taken a checkpoint's commit, its task's head lands; no flush waits for that."""

import asyncio
from collections.abc import Awaitable, Callable

from sinks.contract import Head
from streams.retry import retrying


class Vouching:
    """The heads of one worker that have not landed yet.

    `vouch` lands heads; `failed` hears what makes that impossible. While ClickHouse is away, a newer head takes the
    place of the one that waits.
    """

    def __init__(self, vouch: Callable[[list[Head]], Awaitable[object]], failed: Callable[[Exception], None]) -> None:
        self._vouch, self._failed = vouch, failed
        self._waiting: dict[int, Head] = {}
        self._landing: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def committed(self, heads: list[Head]) -> None:
        """Land these heads, of which Kafka has taken the commits, in the background; one insert at a time."""
        self._waiting |= {head.partition: head for head in heads}
        if self._landing is None or self._landing.done():
            self._landing = asyncio.create_task(self._land())

    async def landed(self) -> None:
        """Wait until all have landed."""
        if self._landing is not None:
            await asyncio.wait({self._landing})

    async def _land(self) -> None:
        try:
            while self._waiting:
                await retrying(self._attempt, "vouching for checkpoints")
        except Exception as error:  # nobody awaits this; the worker ends with it
            self._failed(error)

    async def _attempt(self) -> None:
        heads = dict(self._waiting)
        await self._vouch(list(heads.values()))
        self._waiting = {p: head for p, head in self._waiting.items() if head is not heads.get(p)}
