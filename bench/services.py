"""The servers of the bench: those named in the settings, else the project's local services, started if down."""

from rich.console import Console

from bench.job import Servers
from deploy.services import up
from groupvitals.settings import Settings
from schemas.errors import ConfigError


def servers(settings: Settings, console: Console) -> Servers:
    """Return where Kafka and ClickHouse are; both must be named by the settings, or neither."""
    kafka, clickhouse = settings.kafka, settings.clickhouse
    if kafka.security_protocol != "PLAINTEXT" or clickhouse.secure:
        raise ConfigError("The bench's peers support neither TLS nor logins to Kafka: name servers that need neither.")
    if kafka.bootstrap and clickhouse.host:
        host, tcp_port, http_port = clickhouse.host, clickhouse.tcp_port, clickhouse.http_port
        password = clickhouse.password.get_secret_value()
        return Servers(kafka.bootstrap, host, tcp_port, http_port, clickhouse.user, password)
    local = up(settings.home, settings.cache, console)
    return Servers(local.kafka, local.clickhouse_host, local.clickhouse_tcp, local.clickhouse_http)
