"""A Kafka admin client whose faults are our errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from schemas.errors import ServiceError
from schemas.kafka import Kafka

#: How long to look for a broker, milliseconds.
FIND_MS = 10_000


@contextmanager
def kafka_admin(kafka: Kafka) -> Iterator[KafkaAdminClient]:
    """Open an admin client; raises `ServiceError` when it cannot."""
    client = None
    with kafka_faults(kafka):
        try:
            client = KafkaAdminClient(**kafka.for_kafka_python(), bootstrap_timeout_ms=FIND_MS)
            yield client
        finally:
            if client is not None:
                client.close()


@contextmanager
def kafka_faults(kafka: Kafka) -> Iterator[None]:
    """Turn the client library's errors into `ServiceError`."""
    try:
        yield
    except KafkaError as error:
        raise ServiceError(f"{kafka} is away or refuses ({error}): see `groupvitals doctor`.") from error
