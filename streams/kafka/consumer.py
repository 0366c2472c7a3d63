"""Consumers outside any consumer group, for those who only look at a topic. They read what is committed."""

from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from schemas.kafka import Kafka


async def started(kafka: Kafka, **options: Any) -> AIOKafkaConsumer:
    """Connect a consumer, which the caller stops. Raises `KafkaError`; then, or when cancelled, nothing stays open."""
    consumer = AIOKafkaConsumer(
        **kafka.for_clients(), enable_auto_commit=False, isolation_level="read_committed",
        auto_offset_reset="earliest", **options,
    )  # fmt: skip
    try:
        await consumer.start()
    except BaseException:
        await consumer.stop()
        raise
    return consumer


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    """A topic's partitions, none if it does not exist; asks for all topics, since asking for one could create it."""
    metadata = await consumer._client.fetch_all_metadata()
    return [TopicPartition(topic, number) for number in sorted(metadata.partitions_for_topic(topic) or ())]
