"""A Kafka admin client whose faults are our errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from schemas.errors import ServiceError

#: How long to look for a broker, milliseconds.
FIND_MS = 10_000


@contextmanager
def kafka_admin(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """Open an admin client on the brokers `host:port[,host:port]`; raises `ServiceError` when it cannot."""
    client = None
    with kafka_faults(bootstrap):
        try:
            client = KafkaAdminClient(bootstrap_servers=bootstrap.split(","), bootstrap_timeout_ms=FIND_MS)
            yield client
        finally:
            if client is not None:
                client.close()


@contextmanager
def kafka_faults(bootstrap: str) -> Iterator[None]:
    """Turn the client library's errors into `ServiceError`."""
    try:
        yield
    except KafkaError as error:
        raise ServiceError(f"Kafka at {bootstrap} is away or refuses ({error}): see `groupvitals doctor`.") from error
