"""What Kafka says of a topic and its workers, asked by an admin client, without joining anything."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec

from schemas.errors import ServiceError
from schemas.kafka import Kafka
from sinks.contract import Origin
from streams.kafka.admin import FIND_MS, kafka_admin, kafka_faults
from streams.kafka.lag import committed_offsets

#: How long to wait for records that should be there, seconds.
_PATIENCE_S = 5.0


@dataclass(frozen=True)
class TopicState:
    """A topic now. By partition: first offset, next offset, newest record's time (absent: none), committed offset.

    `workers` are the members of the consumer group; `version` is the first broker's.
    """

    origin: Origin
    version: tuple[int, ...]
    begins: dict[int, int]
    ends: dict[int, int]
    newest_ms: dict[int, int]
    committed: dict[int, int]
    workers: int


def topic_state(kafka: Kafka, topic: str, group: str) -> TopicState | None:
    """Ask; None when there is no such topic. Raises `ServiceError` when Kafka is away."""
    with kafka_admin(kafka) as admin:
        described = admin.describe_topics([topic])[0]
        partitions = [TopicPartition(topic, part["partition_index"]) for part in described["partitions"]]
        if not partitions:
            return None
        cluster = admin.describe_cluster()

        def ask(spec: OffsetSpec) -> dict[int, tuple[int, int]]:
            found = admin.list_partition_offsets(dict.fromkeys(partitions, spec))
            return {tp.partition: (at.offset, at.timestamp) for tp, at in found.items()}

        begins, ends, newest = ask(OffsetSpec.EARLIEST), ask(OffsetSpec.LATEST), ask(OffsetSpec.MAX_TIMESTAMP)
        return TopicState(
            Origin(cluster["cluster_id"], topic, str(described.get("topic_id", "")), len(partitions)),
            admin.get_broker_version_data(cluster["brokers"][0]["broker_id"]).broker_version,
            {partition: offset for partition, (offset, _) in begins.items()},
            {partition: offset for partition, (offset, _) in ends.items()},
            {partition: ms for partition, (_, ms) in newest.items() if ms > 0},
            committed_offsets(kafka, group, topic),
            len(admin.describe_groups([group])[group]["members"]),
        )


class RecordFinder:
    """Looks whether Kafka has records at given offsets."""

    def __init__(self, consumer: KafkaConsumer, topic: str) -> None:
        self._consumer, self._topic = consumer, topic

    def first_in(self, partition: int, begin: int, end: int) -> int | None:
        """Offset of the first record in [begin, end); None when there is none, as marks of transactions are not."""
        tp = TopicPartition(self._topic, partition)
        self._consumer.assign([tp])
        self._consumer.seek(tp, begin)
        deadline = time.monotonic() + _PATIENCE_S
        while self._consumer.position(tp) < end:  # it moves past marks, too
            if records := self._consumer.poll(timeout_ms=100, max_records=1).get(tp):
                return int(records[0].offset) if records[0].offset < end else None
            if time.monotonic() > deadline:
                raise ServiceError(f"Kafka does not send {self._topic} partition {partition} from offset {begin:,}.")
        return None


@contextmanager
def record_finder(kafka: Kafka, topic: str) -> Iterator[RecordFinder]:
    """A finder over a connection of its own. Raises `ServiceError` when Kafka is away."""
    with kafka_faults(kafka):
        consumer = KafkaConsumer(**kafka.for_kafka_python(), bootstrap_timeout_ms=FIND_MS, enable_auto_commit=False)
        try:
            yield RecordFinder(consumer, topic)
        finally:
            consumer.close()
