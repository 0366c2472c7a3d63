"""Inserts that land though the worker never learns of it, inserts that never arrive, and a slow ClickHouse."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deploy.endpoints import Endpoints
from tests.faults.agents import KEEPING_STATE, LINKS_RARELY
from tests.faults.deployments import Deployment, Reference, cut
from tests.faults.proxy import Fault, Proxy
from tests.injected import Inject

pytestmark = pytest.mark.services


@contextmanager
def proxies(services: Endpoints, seed: int, share: float, seconds: float) -> Iterator[dict[str, Proxy]]:
    """A proxy before each of ClickHouse's ports, by the setting that names the port."""
    host = services.clickhouse_host
    made = {
        "CLICKHOUSE__TCP_PORT": Proxy((host, services.clickhouse_tcp), True, seed, share, seconds),
        "CLICKHOUSE__HTTP_PORT": Proxy((host, services.clickhouse_http), False, seed, share, seconds),
    }
    yield made
    for proxy in made.values():
        proxy.close()


def land_through(
    fault: Fault, seed: int, share: float, seconds: float, services: Endpoints, deployment: Deployment,
    reference: Reference, injected: Inject,
) -> None:  # fmt: skip
    """A worker that reaches ClickHouse only through the proxies lands the world."""
    with proxies(services, seed, share, seconds) as made:
        ports = {name: proxy.port for name, proxy in made.items()}
        with deployment.worker(**ports, CLICKHOUSE__TIMEOUT_S=2) as process:
            first, *parts = cut(reference.world, 6)
            deployment.send(first)
            deployment.wait_landed()
            for proxy in made.values():
                proxy.fault = fault
            for part in parts:
                deployment.send(part)
                deployment.wait_landed()
            assert process.alive, process.said
            process.stop()
        harmed = {name: proxy.harmed for name, proxy in made.items()}
    assert all(harmed.values()), f"the fault never struck: {harmed}"
    injected(f"ClickHouse: {fault}", sum(harmed.values()))
    deployment.check(reference)


@LINKS_RARELY
def test_answers_are_dropped(
    services: Endpoints, deployment: Deployment, reference: Reference, injected: Inject
) -> None:
    land_through("drop the answer", 1, 0.3, 0, services, deployment, reference, injected)


@pytest.mark.chaos
@KEEPING_STATE
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize(
    ("fault", "share", "seconds"),
    [("drop the answer", 0.5, 0), ("delay the answer", 0.2, 3), ("drop the request", 0.5, 0), ("slow", 1, 0.2)],
)
def test_harmed(
    fault: Fault, share: float, seconds: float, seed: int, services: Endpoints, deployment: Deployment,
    reference: Reference, injected: Inject,
) -> None:  # fmt: skip
    land_through(fault, seed, share, seconds, services, deployment, reference, injected)
