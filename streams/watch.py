"""What a worker does beside its work: follow the epoch, look whether keys are well placed, fit the score every day."""

import asyncio
import contextlib
import copy
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from schemas.errors import BackpressureError, GroupvitalsError
from sinks.clickhouse.checks import split_groups
from sinks.clickhouse.store import CHAT, ClickHouseStore
from streams.refit import due, refit

if TYPE_CHECKING:
    from streams.processor import Processor

log = logging.getLogger(__name__)
#: Seconds between two looks at the epoch; every so many looks keys and the score are looked at.
_EVERY_S, _LOOKS = 3.0, 20


async def watch(
    store: ClickHouseStore, contract: str, processor: "Processor", assigned: Callable[[], set[int]], stop: asyncio.Event
) -> None:
    """Look every few seconds until `stop`; what cannot be asked now is asked the next time."""
    looks = 0
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EVERY_S):
                await stop.wait()
        try:
            await follow_epoch(store, contract, processor, assigned)
            looks += 1
            if contract == CHAT and looks % _LOOKS == 1 and 0 in processor.running:
                for group in await asyncio.to_thread(split_groups, store.native):
                    log.error("%s", group)
                if await asyncio.to_thread(due, store):
                    fitted = await asyncio.to_thread(refit, store)
                    log.info("The zombie score is fitted anew.", extra=fitted.summary())
        except BackpressureError:
            pass  # flushes meet the same, and say so
        except GroupvitalsError as error:
            log.warning("Looked in vain whether numbers have moved to another epoch: %s", error)


async def follow_epoch(
    store: ClickHouseStore, contract: str, processor: "Processor", assigned: Callable[[], set[int]]
) -> None:
    """Take the partitions over again when another epoch is in use than the one they are worked on in."""
    epoch = await asyncio.to_thread(store.epoch, contract)
    broker, partitions = processor.broker, assigned()
    if broker is None or epoch is None:
        return
    if all(processor.tasks[partition].epoch == epoch.number for partition in processor.running):
        return
    log.info("The numbers have moved to epoch %d: taking over again.", epoch.number)
    await processor.revoked()
    if processor.broker is None and assigned() == partitions:  # else Kafka has moved partitions meanwhile
        await processor.assigned(copy.copy(broker), sorted(partitions))
