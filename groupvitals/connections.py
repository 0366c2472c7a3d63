"""Where Kafka and ClickHouse are: the settings' addresses first, else the local services of `groupvitals up`."""

from typing import TYPE_CHECKING

from groupvitals.settings import Settings
from schemas.errors import ServiceError
from schemas.kafka import Kafka

if TYPE_CHECKING:
    from deploy.services import Endpoints
    from sinks.clickhouse.connection import Address


def kafka_address(settings: Settings) -> Kafka:
    """Where Kafka is; raises `ServiceError` when neither a setting nor a local broker names one."""
    return Kafka(settings.kafka.bootstrap or _local(settings, "Kafka", "GROUPVITALS_KAFKA__BOOTSTRAP").kafka)


def clickhouse_address(settings: Settings) -> tuple[str, int, int]:
    """Return (host, native port, HTTP port); raises `ServiceError` when there is none."""
    if settings.clickhouse.host:
        return settings.clickhouse.host, settings.clickhouse.tcp_port, settings.clickhouse.http_port
    local = _local(settings, "ClickHouse", "GROUPVITALS_CLICKHOUSE__HOST")
    return local.clickhouse_host, local.clickhouse_tcp, local.clickhouse_http


def _local(settings: Settings, service: str, variable: str) -> "Endpoints":
    from deploy.services import endpoints

    found = endpoints(settings.home)
    if found is None:
        raise ServiceError(f"No {service} is known: run `groupvitals up` or set {variable}.")
    return found


def clickhouse(settings: Settings) -> "Address":
    """The address of the database with all that a connection needs; raises `ServiceError` when there is none."""
    from sinks.clickhouse.connection import Address

    host, tcp, http = clickhouse_address(settings)
    ch = settings.clickhouse
    return Address(host, tcp, http, ch.user, ch.password, ch.database, ch.secure, ch.cluster, ch.timeout_s)
