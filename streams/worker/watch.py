"""Beside a worker's work: follow the epoch in use."""

import asyncio
import contextlib
import copy
import logging
from collections.abc import Callable

from schemas.agents import AgentSpec
from schemas.errors import BackpressureError, GroupvitalsError
from sinks.clickhouse.store import ClickHouseStore
from streams.checkpoint.processor import Processor

log = logging.getLogger(__name__)
#: Seconds between two looks at the epoch.
_EVERY_S = 3.0


async def watch(
    store: ClickHouseStore, agent: AgentSpec, processor: Processor, assigned: Callable[[], set[int]],
    stop: asyncio.Event,
) -> None:  # fmt: skip
    """Check every few seconds until `stop`; what cannot be checked now is checked the next time."""
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EVERY_S):
                await stop.wait()
        try:
            await follow_epoch(store, agent, processor, assigned)
        except BackpressureError:
            pass  # flushes meet the same, and say so
        except GroupvitalsError as error:
            log.warning("Looking at the epoch in use failed and will be retried: %s", error)


async def follow_epoch(
    store: ClickHouseStore, agent: AgentSpec, processor: Processor, assigned: Callable[[], set[int]]
) -> None:
    """Take the partitions over again when the epoch in use is not the one they are processed in."""
    epoch = await asyncio.to_thread(store.epoch, agent.contract)
    broker, partitions = processor.broker, assigned()
    if broker is None or epoch is None:
        return
    if all(processor.tasks[partition].epoch == epoch.number for partition in processor.running):
        return
    log.info("The numbers moved to epoch %d: taking over again.", epoch.number)
    await processor.revoked()
    if processor.broker is None and assigned() == partitions:  # else Kafka has moved partitions meanwhile
        await processor.assigned(copy.copy(broker), sorted(partitions))
