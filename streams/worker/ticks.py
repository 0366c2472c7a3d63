"""Ticks: while input pauses, records that the owner of partition 0 appends to every idle partition advance time."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable

from schemas.errors import GroupvitalsError
from schemas.kafka import Kafka
from sources.producer import Producer, Record
from streams.checkpoint.takeover import Broker

log = logging.getLogger(__name__)


async def tick(
    kafka: Kafka, topic: str, every_s: float, leading: Callable[[], Broker | None], stop: asyncio.Event
) -> None:
    """Append a tick to every partition that is idle for `every_s`, empty or not, while `leading` returns a broker.

    Ends with `stop`. While Kafka is unreachable no tick is appended, as no other record is either.
    """
    while not stop.is_set():
        try:
            async with Producer(kafka) as producer:
                await _tick(producer, topic, every_s, leading, stop)
        except GroupvitalsError as error:
            log.warning("Ticks paused: %s", error)
            await _pause(stop, every_s)


async def _tick(
    producer: Producer, topic: str, every_s: float, leading: Callable[[], Broker | None], stop: asyncio.Event
) -> None:
    seen: dict[int, tuple[int, float]] = {}
    while not stop.is_set():
        await _pause(stop, every_s)
        broker = leading()
        if broker is None:
            continue
        _, ends = await broker.all_bounds([*range(await producer.partitions(topic))])
        for partition, end in ends.items():
            known, since = seen.get(partition, (-1, 0.0))
            if end != known:
                seen[partition] = (end, time.monotonic())
            elif time.monotonic() - since >= every_s:
                await producer.deliver([Record(topic, _event(partition, _now()), partition=partition)])
                seen[partition] = (end + 1, time.monotonic())


async def level(kafka: Kafka, clocks: dict[str, dict[int, int]]) -> None:
    """Append a tick with the furthest of all clocks, but not beyond the present, to every partition that is behind it.

    clocks: by topic and partition. Raises `GroupvitalsError` when Kafka does not take them.
    """
    furthest = max((clock for partitions in clocks.values() for clock in partitions.values()), default=0)
    furthest = min(furthest, _now())
    behind = [
        Record(topic, _event(partition, furthest), partition=partition)
        for topic, partitions in clocks.items()
        for partition, clock in partitions.items()
        if clock < furthest
    ]
    if behind:
        async with Producer(kafka) as producer:
            await producer.deliver(behind)


async def _pause(stop: asyncio.Event, every_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(every_s / 4, 0.25)):
            await stop.wait()


def _now() -> int:
    return int(time.time() * 1000)


def _event(partition: int, ts_ms: int) -> bytes:
    return json.dumps({"event_id": f"tick:{partition}:{ts_ms}", "type": "tick", "ts_ms": ts_ms}).encode()
