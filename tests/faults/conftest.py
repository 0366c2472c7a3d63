"""What the fault tests share: the world's right answers, deployments, servers that may be harmed."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from deploy import services as deploy_services
from deploy.endpoints import Endpoints
from deploy.services import SERVERS
from groupvitals.settings import load_settings
from tests.conftest import data_in_memory
from tests.faults.agents import AGENTS, COMMUNITY, Agent
from tests.faults.deployments import Deployment, Reference, undisturbed


@pytest.fixture
def agent(request: pytest.FixtureRequest) -> Agent:
    """The agent that a test is about."""
    return AGENTS[getattr(request, "param", COMMUNITY.name)]


@pytest.fixture(scope="session")
def references(services: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Agent], Reference]:
    """The answers of one undisturbed worker of an agent, equal to the oracle's; each is made once."""
    return cache(lambda agent: undisturbed(services, tmp_path_factory.mktemp("reference"), agent))


@pytest.fixture
def reference(agent: Agent, references: Callable[[Agent], Reference]) -> Reference:
    """Those of the test's agent."""
    return references(agent)


@pytest.fixture
def deployment(services: Endpoints, home: Path, agent: Agent) -> Iterator[Deployment]:
    """An empty deployment on the shared servers, removed at the end."""
    made = Deployment(services, home.parent, agent)
    yield made
    made.remove()


class Harmed:
    """Servers of its own that a test may stop, kill and start."""

    def __init__(self, home: Path, cache: Path) -> None:
        self.home, self._cache = home, cache
        self.endpoints = deploy_services.up(home, cache, lambda _: None)

    def start(self, name: str) -> None:
        """Start one, and return once it answers."""
        deploy_services.start(self.home, self._cache, name)

    def stop(self, name: str, *signal: int) -> None:
        """End one with a signal (SIGTERM), and wait until it is gone."""
        deploy_services.stop(self.home, name, *signal)  # type: ignore[arg-type]

    def pid(self, name: str) -> int:
        """The process id, while it runs."""
        return next(one.pid for one in deploy_services.status(self.home) if one.name == name)  # type: ignore[return-value]

    def down(self) -> None:
        """Stop all."""
        deploy_services.down(self.home)


@pytest.fixture(scope="module")
def harmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harmed]:
    """Kafka and ClickHouse that the tests of a module may harm; each test leaves them up."""
    home = tmp_path_factory.mktemp("harmed")
    with data_in_memory(*(home / name / "data" for name in SERVERS)):
        servers = Harmed(home, load_settings().cache)
        yield servers
        servers.down()


@pytest.fixture
def fragile(harmed: Harmed, home: Path, agent: Agent) -> Iterator[Deployment]:
    """An empty deployment on servers that may be harmed; up again for the next test whatever happens."""
    yield Deployment(harmed.endpoints, home.parent, agent)
    for name in ("kafka", "clickhouse"):
        harmed.start(name)
