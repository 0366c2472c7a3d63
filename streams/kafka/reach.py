"""Waits until Kafka answers, and finds what is missing before the consumer group is joined: a topic, or rights."""

import asyncio
from collections.abc import Mapping

from kafka import KafkaAdminClient
from kafka.errors import CoordinatorNotAvailableError, GroupAuthorizationFailedError, UnknownTopicOrPartitionError

from schemas.errors import BackpressureError, ConfigError, ServiceError
from schemas.kafka import Kafka
from sources.preflight import preflight
from streams.kafka.admin import kafka_admin
from streams.retry import retrying

_UNKNOWN = UnknownTopicOrPartitionError.errno


async def reach(kafka: Kafka, topic: str, group: str, needs: Mapping[str, set[str]]) -> None:
    """Wait until Kafka answers.

    `needs` are operations by topic, such as `{"chat.events": {"READ"}}`; reading as `group` is always needed.
    Raises `ConfigError` when there is no `topic`, `ServiceError` when Kafka does not let us in or a right is missing.
    """

    async def ask() -> list[str] | None:
        await preflight(kafka)
        try:
            return await asyncio.to_thread(missing_rights, kafka, topic, group, needs)
        except ServiceError as error:
            raise BackpressureError(str(error)) from error

    missing = await retrying(ask, "reaching Kafka")
    if missing is None:
        raise ConfigError(f"{kafka} has no topic {topic}: run `groupvitals topics`.")
    if missing:
        raise ServiceError(f"{kafka} does not let {kafka.who} {', '.join(missing)}: grant these rights.")


def missing_rights(kafka: Kafka, topic: str, group: str, needs: Mapping[str, set[str]]) -> list[str] | None:
    """Rights that are needed but not granted, such as `WRITE the topic chat.events.dlq`; None: there is no `topic`."""
    with kafka_admin(kafka) as admin:
        found = {one["name"]: one for one in admin.describe_topics(list({topic, *needs}))}
        if found[topic]["error_code"] == _UNKNOWN:
            return None
        return [
            f"{operation} the topic {name}"
            for name, operations in needs.items()
            if found[name]["error_code"] != _UNKNOWN
            for operation in sorted(operations - set(found[name]["authorized_operations"] or ()))
        ] + _missing_of_group(admin, group)


def _missing_of_group(admin: KafkaAdminClient, group: str) -> list[str]:
    """What Kafka does not grant; for a group that nobody has joined yet it only says whether we may see it."""
    try:
        granted = admin.describe_groups([group], include_authorized_operations=True)[group]["authorized_operations"]
    except GroupAuthorizationFailedError:
        granted = ()
    except CoordinatorNotAvailableError:  # no group of this cluster has ever been joined
        granted = None
    return [] if granted is None or "READ" in granted else [f"READ the group {group}"]
