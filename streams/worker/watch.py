"""A worker's background maintenance: follow the epoch, check that keys are in the right partitions, and once per day of
event time fit the score and write members' states."""

import asyncio
import contextlib
import copy
import logging
from collections.abc import Callable
from datetime import date

from schemas.agents import COMMUNITY, AgentSpec
from schemas.errors import BackpressureError, GroupvitalsError
from sinks.clickhouse.readers.checks import split_groups
from sinks.clickhouse.store import ClickHouseStore
from streams.checkpoint.processor import Processor
from streams.jobs import refit
from streams.jobs.member_days import MemberDays, Tell, due

log = logging.getLogger(__name__)
#: Seconds between two looks at the epoch; every so many looks keys and the score are looked at.
_EVERY_S, _LOOKS = 3.0, 20


async def watch(
    store: ClickHouseStore, agent: AgentSpec, processor: Processor, assigned: Callable[[], set[int]],
    tell: Tell | None, zombie_chance: float, stop: asyncio.Event,
) -> None:  # fmt: skip
    """Check every few seconds until `stop`; what cannot be checked now is checked the next time.

    `tell` sends changes of members' states to those who listen; None: neither close days nor refit the score now.
    `zombie_chance`: silent members with a lower chance are zombies.
    """
    looks, days, evaluator = 0, list[date](), MemberDays(store)
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EVERY_S):
                await stop.wait()
        try:
            await follow_epoch(store, agent, processor, assigned)
            looks += 1
            if agent is COMMUNITY and looks % _LOOKS == 1 and 0 in processor.running:
                for group in await asyncio.to_thread(split_groups, store.native):
                    log.error("%s", group)
                if tell is not None and await asyncio.to_thread(refit.due, store):
                    fitted = await asyncio.to_thread(refit.refit, store, zombie_chance)
                    log.info("The zombie score was refitted.", extra=fitted.summary())
                if tell is not None and await _everything_begun(store, processor):
                    days = await asyncio.to_thread(due, store)
            if 0 not in processor.running:
                evaluator.forget()
            elif tell is not None and days:  # one a look: there is time
                done = await asyncio.to_thread(evaluator.evaluate, days[0], tell)
                log.info("A day of members was closed.", extra=done.summary())
                del days[0]
        except BackpressureError:
            pass  # flushes meet the same, and say so
        except GroupvitalsError as error:
            log.warning("Background maintenance failed and will be retried: %s", error)


async def _everything_begun(store: ClickHouseStore, processor: Processor) -> bool:
    """Whether every partition has landed something; before that the slowest one's progress is unknown."""
    broker, epoch = processor.broker, await asyncio.to_thread(store.epoch)
    if broker is None or epoch is None:
        return False
    _, ends = await broker.all_bounds(list(range(epoch.origin.partitions)))
    begun = await asyncio.to_thread(store.begun, epoch.origin.topic, epoch.number)
    return all(partition in begun for partition, end in ends.items() if end)


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
