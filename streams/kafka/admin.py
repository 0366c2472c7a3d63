"""A Kafka admin client that checks access first and raises our own errors."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from schemas.errors import ServiceError
from schemas.kafka import Kafka
from sources.preflight import FIND_S, find

_FIND_MS = FIND_S * 1000


@contextmanager
def kafka_admin(kafka: Kafka) -> Iterator[KafkaAdminClient]:
    """Open an admin client; raises `ServiceError` when Kafka is unreachable or refuses."""
    with _faults(kafka), closing(KafkaAdminClient(**kafka.for_clients(), bootstrap_timeout_ms=_FIND_MS)) as admin:
        yield admin


@contextmanager
def _faults(kafka: Kafka) -> Iterator[None]:
    """Check that Kafka lets us in, then turn the client library's errors into `ServiceError`."""
    asyncio.run(find(kafka))
    try:
        yield
    except KafkaError as error:
        raise ServiceError(f"{kafka} is unreachable or refuses access ({error}): see `groupvitals doctor`.") from error


def described(admin: KafkaAdminClient, kafka: Kafka, topic: str) -> dict[str, Any]:
    """Kafka's description of a topic; no partitions if there is none. Raises `ServiceError` when we may not describe
    it."""
    found: dict[str, Any] = admin.describe_topics([topic])[0]
    if found["error_code"] == TopicAuthorizationFailedError.errno:
        raise ServiceError(f"{kafka} does not let {kafka.who} see the topic {topic}: grant the right to describe it.")
    return found
