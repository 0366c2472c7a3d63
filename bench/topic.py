"""The topic of the bench: made, filled from an events file, and removed. Touches only topics of the given prefix."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic

_BATCH_BYTES = 131_072
KEYS = {name: re.compile(rb'"%b":"([^"]+)"' % name.encode()) for name in ("group_id", "user_id")}
_MAX_WAIT_S = 30.0


def partitioned(file: Path, partitions: int, field: str = "group_id") -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (partition, key, value) of every line of `file`: key `field`, Kafka's default partitioner (murmur2).

    The n-th value of a partition is the record at offset n of the topic that `fill` writes.
    """
    placed: dict[bytes, int] = {}
    with file.open("rb") as lines:
        for line in lines:
            match = KEYS[field].search(line)
            if match is None:
                raise ValueError(f"{file.name}: a line without {field}: {line[:80]!r}")
            key = match[1]
            partition = placed.get(key)
            if partition is None:
                partition = placed[key] = (murmur2(key) & 0x7FFFFFFF) % partitions
            yield partition, key, line.rstrip(b"\n")


def create(bootstrap: str, name: str, partitions: int) -> None:
    """Create the topic; its records are kept until it is removed."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        kept = {"retention.ms": "-1"}
        admin.create_topics([NewTopic(name, num_partitions=partitions, replication_factor=1, topic_configs=kept)])
        deadline = time.monotonic() + _MAX_WAIT_S
        while name not in admin.list_topics():
            if time.monotonic() > deadline:
                raise TimeoutError(f"Kafka at {bootstrap} did not show the topic {name} within {_MAX_WAIT_S:.0f} s")
            time.sleep(0.1)
    finally:
        admin.close()


async def fill(bootstrap: str, name: str, file: Path, partitions: int, field: str = "group_id") -> list[int]:
    """Write the file's events to the topic, uncompressed, in the file's order; return how many per partition."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=_BATCH_BYTES, enable_idempotence=True)
    await producer.start()
    try:
        batches = [producer.create_batch() for _ in range(partitions)]
        counts = [0] * partitions
        sent = []
        for partition, key, value in partitioned(file, partitions, field):
            if batches[partition].append(key=key, value=value, timestamp=None) is None:
                sent.append(await producer.send_batch(batches[partition], name, partition=partition))
                batches[partition] = producer.create_batch()
                batches[partition].append(key=key, value=value, timestamp=None)
            counts[partition] += 1
        for partition, batch in enumerate(batches):
            if batch.record_count():
                sent.append(await producer.send_batch(batch, name, partition=partition))
        for future in sent:
            await future
    finally:
        await producer.stop()
    return counts


def keep(bootstrap: str, name: str, size: int) -> None:
    """Have Kafka drop the oldest records of each partition beyond so many bytes."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        settings = {"retention.bytes": str(size), "segment.bytes": str(size // 4)}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, settings)])
    finally:
        admin.close()


def remove(bootstrap: str, prefix: str) -> None:
    """Delete every topic whose name begins with `prefix`."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        names = [name for name in admin.list_topics() if name.startswith(prefix)]
        if names:
            admin.delete_topics(names)
    finally:
        admin.close()
