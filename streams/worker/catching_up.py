"""Whether a worker has landed everything there is, for workers that end then."""

import asyncio
import logging

from schemas.errors import ServiceError
from schemas.kafka import Kafka
from streams.checkpoint.processor import Processor
from streams.checkpoint.takeover import Broker
from streams.kafka.transactions import open_transactions

log = logging.getLogger(__name__)


class CatchingUp:
    """Polled until everything that is committed has landed.

    What an open transaction holds back is reported, not waited for.
    """

    def __init__(self, kafka: Kafka, topic: str, processor: Processor) -> None:
        self._kafka, self._topic, self._processor = kafka, topic, processor
        self._open: set[tuple[int, int, int]] = set()

    async def done(self, assigned: set[int] | None) -> bool:
        """Whether all is landed of the partitions that are assigned to this worker (None: none are yet)."""
        processor = self._processor
        broker = processor.broker
        if broker is None or assigned is None or processor.running != assigned or not await processor.settled():
            return False
        if not assigned:
            return True  # more workers than partitions: there is nothing to do here
        stable = await broker.stable_ends(sorted(assigned))
        landed = all(
            processor.tasks[p].flushed_offset >= stable[p]
            or (p in processor.stopped and not processor.tasks[p].unflushed)
            for p in assigned
            if p in processor.tasks
        )
        return landed and await self._nothing_ends(broker, stable)

    async def _nothing_ends(self, broker: Broker, stable: dict[int, int]) -> bool:
        """Whether the same transactions, or none, are open as at the previous poll: one may have just ended."""
        _, ends = await broker.all_bounds(sorted(stable))
        waiting = {partition: ends[partition] - at for partition, at in stable.items() if ends[partition] > at}
        try:
            found = await asyncio.to_thread(open_transactions, self._kafka, self._topic, waiting)
        except ServiceError as error:
            log.warning("Open transactions of unknown producers hold back partitions %s: %s", sorted(waiting), error)
            return True
        known = {(one.partition, one.first_offset, one.producer_id) for one in found}
        same, self._open = known == self._open, known
        if not same or {one.partition for one in found} != waiting.keys():
            return False
        for one in found:
            log.warning("Only committed records have landed: %s", one)
        return True
