"""How far a topic reaches and how far a consumer group has come, asked without being one of the group."""

from kafka import KafkaConsumer, TopicPartition

from streams.admin import kafka_admin, kafka_faults


def partition_ends(bootstrap: str, topic: str) -> dict[int, int]:
    """Next offset of every partition of a topic; empty when there is no such topic. Raises `ServiceError`."""
    with kafka_faults(bootstrap):
        consumer = KafkaConsumer(bootstrap_servers=bootstrap.split(","), bootstrap_timeout_ms=10_000)
        try:
            partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            return {tp.partition: end for tp, end in consumer.end_offsets(partitions).items()} if partitions else {}
        finally:
            consumer.close()


def committed_offsets(bootstrap: str, group: str, topic: str) -> dict[int, int]:
    """Committed offset of every partition that has one. Raises `ServiceError`."""
    with kafka_admin(bootstrap) as admin:
        found = admin.list_group_offsets({group: None}).get(group, {})
        return {tp.partition: kept.offset for tp, kept in found.items() if tp.topic == topic and kept.offset >= 0}
