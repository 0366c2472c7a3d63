"""How far a consumer group has come and how many are in it, asked without joining it."""

import time
from collections.abc import Callable
from typing import TypeVar

from kafka import KafkaAdminClient
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError

from schemas.kafka import Kafka
from streams.kafka.admin import kafka_admin

T = TypeVar("T")
#: What brokers say while they agree on which of them coordinates a group, and how long that may take, seconds.
_APPOINTING = (CoordinatorNotAvailableError, NotCoordinatorError, CoordinatorLoadInProgressError)
_COORDINATOR_S = 15


def committed_offsets(kafka: Kafka, group: str, topic: str) -> dict[int, int]:
    """Committed offset of every partition that has one. Raises `ServiceError`."""
    with kafka_admin(kafka) as admin:
        return committed(admin, group, topic)


def committed(admin: KafkaAdminClient, group: str, topic: str) -> dict[int, int]:
    """The same, through a client that is open."""
    found = _coordinated(lambda: admin.list_group_offsets({group: None})).get(group, {})
    return {tp.partition: kept.offset for tp, kept in found.items() if tp.topic == topic and kept.offset >= 0}


def members(admin: KafkaAdminClient, group: str) -> int:
    """How many workers are in the group."""
    return len(_coordinated(lambda: admin.describe_groups([group]))[group]["members"])


def _coordinated(ask: Callable[[], T]) -> T:
    """Ask a group's coordinator. A cluster appoints it at the first question, and anew when a broker starts."""
    deadline = time.monotonic() + _COORDINATOR_S
    while True:
        try:
            return ask()
        except _APPOINTING:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)
