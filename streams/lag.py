"""How far a topic reaches, asked without a consumer group."""

from kafka import KafkaConsumer, TopicPartition

from streams.admin import kafka_faults


def partition_ends(bootstrap: str, topic: str) -> dict[int, int]:
    """Next offset of every partition of a topic; empty when there is no such topic. Raises `ServiceError`."""
    with kafka_faults(bootstrap):
        consumer = KafkaConsumer(bootstrap_servers=bootstrap.split(","), bootstrap_timeout_ms=10_000)
        try:
            partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            return {tp.partition: end for tp, end in consumer.end_offsets(partitions).items()} if partitions else {}
        finally:
            consumer.close()
