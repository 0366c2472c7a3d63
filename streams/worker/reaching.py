"""Checks before a worker joins its consumer group: both servers answer, let it in, and have what it needs."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from schemas.topics import OPERATIONS, TRANSITIONS
from streams.config import WorkerConfig
from streams.kafka.reach import reach
from streams.retry import retrying


async def reach_servers(
    config: WorkerConfig, guard: Callable[[], None], until_caught_up: bool, stop: asyncio.Event
) -> bool:
    """Wait until both servers answer; False when told to stop first.

    Raises what makes it useless to join: a refusal or missing right (`ServiceError`), no topic, or what `guard` raises.
    """

    async def both() -> None:
        await reach(config.kafka, config.topic, config.group, _needs(config, until_caught_up))
        await retrying(lambda: asyncio.to_thread(guard), "checking the tables")

    return await unless_stopped(both(), stop)


async def unless_stopped(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> bool:
    """Do something that may take long; False when told to stop first, which cancels it. Raises what it raises."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in (working, stopping):
        if not task.done():
            task.cancel()
    if stop.is_set():
        return False
    await working
    return True


def _needs(config: WorkerConfig, until_caught_up: bool) -> dict[str, set[str]]:
    """What a worker does with each topic; one that only catches up neither appends ticks nor closes days."""
    operations = config.topic_prefix + OPERATIONS.name  # if unreadable, operators' decisions would be ignored silently
    letters = {f"{config.topic}.dlq": {"WRITE"}} if config.agent.topic.dead_letters else {}
    needs = {config.topic: {"READ"}, **letters, operations: {"READ"}}
    if config.ticks and not until_caught_up:
        needs[config.topic].add("WRITE")
    if config.agent.days and not until_caught_up:
        needs[config.topic_prefix + TRANSITIONS.name] = {"WRITE"}
    return needs
