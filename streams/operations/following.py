"""A worker follows the topic `operations`: it knows all decisions when it takes over, and later ones soon after."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from schemas.errors import BackpressureError
from schemas.kafka import Kafka
from schemas.topics import OPERATIONS
from streams.kafka.consumer import partitions_of, started
from streams.operations.exclusions import Exclusions
from streams.retry import retrying

log = logging.getLogger(__name__)
#: Seconds between two reads.
_EVERY_S = 2.0


class Following:
    """The exclusions of topics of the contract, by their names, kept up to date in the worker's event loop."""

    def __init__(self, kafka: Kafka, prefix: str, contracts: Iterable[str]) -> None:
        self.exclusions = {contract: Exclusions(contract) for contract in contracts}
        self._kafka, self._topic = kafka, prefix + OPERATIONS.name
        self._consumer: AIOKafkaConsumer | None = None
        self._lock = asyncio.Lock()

    async def caught_up(self) -> None:
        """Return when all decisions so far are known; waits while Kafka is unreachable."""
        await retrying(self._read, "reading operators' decisions")

    async def run(self, stop: asyncio.Event) -> None:
        """Read again every few seconds until `stop`; while Kafka is unreachable no other records come either."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_S):
                    await stop.wait()
            known = self._in_force
            with contextlib.suppress(BackpressureError):
                await self._read()
            if known != self._in_force:
                log.info("Excluded records now: %d.", self._in_force)

    @property
    def _in_force(self) -> int:
        return sum(len(one.in_force) for one in self.exclusions.values())

    async def _read(self) -> None:
        try:
            async with self._lock:
                if self._consumer is None:
                    self._consumer = await started(self._kafka, fetch_max_wait_ms=1_000)
                await self._read_on(self._consumer)
        except KafkaError as error:
            raise BackpressureError(f"{self._kafka} did not return operators' decisions: {error!r}.") from error

    async def _read_on(self, consumer: AIOKafkaConsumer) -> None:
        if not consumer.assignment():  # before `groupvitals topics` runs there is no such topic, and no decision
            consumer.assign(await partitions_of(consumer, self._topic))
        if not (places := list(consumer.assignment())):
            return
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for exclusions in self.exclusions.values():
                    exclusions.take(records)

    async def close(self) -> None:
        """Close the connections."""
        if self._consumer is not None:
            await self._consumer.stop()
