"""How far a consumer group has come, asked without joining it."""

from schemas.kafka import Kafka
from streams.kafka.admin import kafka_admin


def committed_offsets(kafka: Kafka, group: str, topic: str) -> dict[int, int]:
    """Committed offset of every partition that has one. Raises `ServiceError`."""
    with kafka_admin(kafka) as admin:
        found = admin.list_group_offsets({group: None}).get(group, {})
        return {tp.partition: kept.offset for tp, kept in found.items() if tp.topic == topic and kept.offset >= 0}
