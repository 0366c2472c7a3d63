"""Where Kafka and ClickHouse are: the addresses in the settings, else the local services of `groupvitals up`."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from groupvitals.settings import Settings
from schemas.errors import ConfigError, ServiceError
from schemas.kafka import Kafka, tls

if TYPE_CHECKING:
    from deploy.endpoints import Endpoints
    from sinks.clickhouse.connection import Address


def kafka_address(settings: Settings) -> Kafka:
    """Where Kafka is; raises `ServiceError` when no setting names it and no local broker runs."""
    k = settings.kafka
    if not k.bootstrap:
        return Kafka(_local(settings, "Kafka", "GROUPVITALS_KAFKA__BOOTSTRAP").kafka)
    password = _secret("kafka.password_file", k.password_file) or k.password
    return Kafka(
        k.bootstrap, k.security_protocol, k.sasl_mechanism, k.user, password, k.ca_file, k.cert_file, k.key_file,
        k.key_password,
    )  # fmt: skip


def clickhouse_address(settings: Settings) -> tuple[str, int, int]:
    """Return (host, native port, HTTP port); raises `ServiceError` when there is none."""
    if settings.clickhouse.host:
        return settings.clickhouse.host, settings.clickhouse.tcp_port, settings.clickhouse.http_port
    local = _local(settings, "ClickHouse", "GROUPVITALS_CLICKHOUSE__HOST")
    return local.clickhouse_host, local.clickhouse_tcp, local.clickhouse_http


def _secret(setting: str, path: Path | None) -> SecretStr | None:
    """The file's content without its line end. Raises `ConfigError` when it cannot be read or is empty."""
    if path is None:
        return None
    try:
        text = path.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{setting} {path} cannot be read: {error}.") from None
    if not text:
        raise ConfigError(f"{setting} {path} is empty.")
    return SecretStr(text)


def _local(settings: Settings, service: str, variable: str) -> "Endpoints":
    from deploy.endpoints import endpoints

    found = endpoints(settings.home)
    if found is None:
        raise ServiceError(f"No {service} is known: run `groupvitals up`, or set {variable}.")
    return found


def clickhouse(settings: Settings) -> "Address":
    """The address of the database and all that a connection needs; raises `ServiceError` when there is none."""
    from sinks.clickhouse.connection import Address

    host, tcp, http = clickhouse_address(settings)
    ch = settings.clickhouse
    if ch.ca_file is not None:
        tls("clickhouse.ca_file", ch.ca_file)
    password = _secret("clickhouse.password_file", ch.password_file) or ch.password
    return Address(
        host, tcp, http, ch.user, password, ch.database, ch.secure, ch.cluster, ch.timeout_s, ch.ca_file, settings.proxy
    )
