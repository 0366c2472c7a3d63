"""What Kafka says about a topic and its workers, asked through an admin client, without joining a group."""

from dataclasses import dataclass

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from schemas.kafka import Kafka
from sinks.contract import Origin
from streams.kafka.admin import described, kafka_admin
from streams.kafka.lag import committed, members
from streams.kafka.topic_settings import STAMPS, actual_settings


@dataclass(frozen=True)
class TopicState:
    """A topic now. By partition: first offset, next offset, newest record's timestamp (absent: none), committed offset.

    `stable` is the next offset that readers of committed records get; below the next offset where a transaction is
    open. `stamps` says whose clock stamps records (`message.timestamp.type`; empty: we may not read it). `workers` are
    the members of the consumer group; `version` is the first broker's.
    """

    origin: Origin
    version: tuple[int, ...]
    stamps: str
    begins: dict[int, int]
    ends: dict[int, int]
    stable: dict[int, int]
    newest_ms: dict[int, int]
    committed: dict[int, int]
    workers: int


def topic_state(kafka: Kafka, topic: str, group: str) -> TopicState | None:
    """Ask; None when there is no such topic. Raises `ServiceError` when Kafka is unreachable."""
    with kafka_admin(kafka) as admin:
        found = described(admin, kafka, topic)
        partitions = [TopicPartition(topic, part["partition_index"]) for part in found["partitions"]]
        if not partitions:
            return None
        cluster = admin.describe_cluster()

        def ask(spec: OffsetSpec, level: str = "read_uncommitted") -> dict[int, tuple[int, int]]:
            offsets = admin.list_partition_offsets(dict.fromkeys(partitions, spec), level)
            return {tp.partition: (at.offset, at.timestamp) for tp, at in offsets.items()}

        begins, stable = ask(OffsetSpec.EARLIEST), ask(OffsetSpec.LATEST, "read_committed")
        ends, newest = ask(OffsetSpec.LATEST), ask(OffsetSpec.MAX_TIMESTAMP)
        return TopicState(
            Origin(cluster["cluster_id"], topic, str(found.get("topic_id", "")), len(partitions)),
            admin.get_broker_version_data(cluster["brokers"][0]["broker_id"]).broker_version,
            actual_settings(admin, [topic]).get(topic, {}).get(STAMPS, ""),
            {partition: offset for partition, (offset, _) in begins.items()},
            {partition: offset for partition, (offset, _) in ends.items()},
            {partition: offset for partition, (offset, _) in stable.items()},
            {partition: ms for partition, (_, ms) in newest.items() if ms > 0},
            committed(admin, group, topic),
            members(admin, group),
        )
