"""The official images behind the same addresses as the local processes; versions come from `deploy/compose.yaml`."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy, LogMessageWaitStrategy

from deploy.services import Endpoints

_COMPOSE = Path(__file__).parent.parent / "deploy" / "compose.yaml"


def _image(name: str) -> str:
    found = re.search(rf"image:\s*({name}:\S+)", _COMPOSE.read_text())
    assert found, f"{_COMPOSE} names no image of {name}"
    return found[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _kafka(port: int) -> DockerContainer:
    container = DockerContainer(_image("apache/kafka")).with_bind_ports(
        port, port
    )  # clients are sent back to this port
    for name, value in {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }.items():
        container.with_env(f"KAFKA_{name}", value)
    return container.waiting_for(LogMessageWaitStrategy("Kafka Server started"))


@contextmanager
def containers() -> Iterator[Endpoints]:
    """Start both images, yield their addresses, remove them."""
    port = _free_port()
    database = DockerContainer(_image("clickhouse/clickhouse-server")).with_exposed_ports(9000, 8123)
    database.with_env("CLICKHOUSE_SKIP_USER_SETUP", "1").waiting_for(HttpWaitStrategy(8123, "/ping"))
    with _kafka(port), database:
        tcp, http = (int(database.get_exposed_port(inner)) for inner in (9000, 8123))
        yield Endpoints(f"127.0.0.1:{port}", database.get_container_host_ip(), tcp, http)
