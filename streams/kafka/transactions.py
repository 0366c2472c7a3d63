"""Transactions of producers: batches of aborted ones, and partitions held back by open ones.

Kafka gives a reader of committed records nothing at or after the last stable offset, where the first open transaction
begins. What it gives includes aborted batches, with a list of their producers.
"""

import copy
import time
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka.consumer.fetcher import READ_UNCOMMITTED
from aiokafka.structs import TopicPartition as Place
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import TransactionState

from schemas.kafka import Kafka
from streams.kafka.admin import kafka_admin

_OPEN = (TransactionState.ONGOING, TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)


class AbortedTransactions:
    """Which batches of one fetch response were aborted, asked batch by batch in the order of offsets.

    `listed` is the response's own list: producer id and first offset. A transaction ends with its producer's marker.
    """

    def __init__(self, listed: Iterable[tuple[int, int]]) -> None:
        self._coming = deque(sorted(listed, key=lambda one: one[1]))
        self._producers: set[int] = set()

    def holds(self, producer: int, last_offset: int) -> bool:
        """Whether a producer's transactional batch, which ends at `last_offset`, was aborted."""
        while self._coming and self._coming[0][1] <= last_offset:
            self._producers.add(self._coming.popleft()[0])
        return producer in self._producers

    def ended(self, producer: int) -> None:
        """A producer's marker: its next transaction was not aborted unless it is listed too."""
        self._producers.discard(producer)


async def high_watermarks(consumer: Any, partitions: Collection[Place]) -> dict[Place, int]:
    """The next offset of each partition, whatever is committed; a consumer's `end_offsets` are the last stable ones."""
    fetcher = copy.copy(consumer._fetcher)  # only the isolation level differs
    fetcher._isolation_level = READ_UNCOMMITTED
    found: dict[Place, int] = await fetcher.end_offsets(partitions, consumer._request_timeout_ms)
    return found


@dataclass(frozen=True)
class OpenTransaction:
    """The transaction at whose first record a partition stands.

    `since_ms` is its beginning, or, when its coordinator does not know it, its producer's last record.
    `transactional_id` is empty when Kafka does not tell it. `waiting` offsets from its first one on are not read yet.
    """

    partition: int
    first_offset: int
    waiting: int
    since_ms: int
    producer_id: int
    transactional_id: str = ""

    @property
    def age_s(self) -> float:
        """For how long it has been open."""
        return time.time() - self.since_ms / 1000

    def __str__(self) -> str:
        whose = f"producer {self.producer_id}, " + (
            f"transactional id {self.transactional_id}" if self.transactional_id else "of unknown transactional id"
        )
        since = datetime.fromtimestamp(self.since_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return (
            f"partition {self.partition} is held back by a transaction open since {since} ({whose}): "
            f"{self.waiting:,} offsets from {self.first_offset:,} on wait for its end"
        )


def open_transactions(kafka: Kafka, topic: str, waiting: dict[int, int]) -> list[OpenTransaction]:
    """The oldest open transaction of each partition that has one.

    `waiting` holds the offsets at and after the last stable one, by partition; those without any are not asked about.
    Raises `ServiceError` when Kafka is unreachable or refuses to tell.
    """
    asked = [TopicPartition(topic, partition) for partition, offsets in waiting.items() if offsets > 0]
    if not asked:
        return []
    with kafka_admin(kafka) as admin:
        found = []
        for place, state in sorted(admin.describe_producers(asked).items()):
            producers = [one for one in state.active_producers if one.current_transaction_start_offset >= 0]
            if producers:
                first = min(producers, key=lambda one: one.current_transaction_start_offset)
                whose, since_ms = _coordinated(admin, first.producer_id, place)
                begins, partition = first.current_transaction_start_offset, place.partition
                since_ms = since_ms or first.last_timestamp
                found.append(OpenTransaction(partition, begins, waiting[partition], since_ms, first.producer_id, whose))
        return found


def _coordinated(admin: KafkaAdminClient, producer_id: int, place: TopicPartition) -> tuple[str, int]:
    """A producer's transactional id, and when its transaction in a partition began; empty and 0 where unknown."""
    for listed in admin.list_transactions(producer_id_filters=[producer_id]).values():
        for one in listed:
            known = admin.describe_transactions([one.transactional_id])[one.transactional_id]
            ours = known.state in _OPEN and place in known.topic_partitions
            return one.transactional_id, known.transaction_start_time_ms if ours else 0
    return "", 0
