"""Fixtures that every test may use: real servers, a home of its own, the command line.

Which servers: `GROUPVITALS_TEST_KAFKA=host:port` and `GROUPVITALS_TEST_CLICKHOUSE=host:tcp:http` point at running ones,
`GROUPVITALS_TEST_CONTAINERS=1` starts the official images with testcontainers, otherwise local processes are started as
`groupvitals up` does.
"""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from clickhouse_driver import Client

from deploy.compose import COMPOSE
from deploy.endpoints import Endpoints
from deploy.services import SERVERS, down, up
from groupvitals.settings import Settings, load_settings
from schemas.kafka import Kafka
from streams.kafka.topics import TopicLayout, delete_topics
from tests import forked

Run = Callable[..., subprocess.CompletedProcess[str]]
_ROOT = Path(__file__).parent.parent
_CHOICE = pytest.StashKey[dict[str, str]]()
#: Commands that load kernels first.
_SLOW = ("worker", "rebuild", "doctor", "exclude")
#: A file system in memory, and the bytes that must be free there: several times what all processes' servers hold.
_MEMORY, _ROOM = Path("/dev/shm"), 4 << 30
#: Files that take longest. Several processes begin with them, lest one of them works on alone at the end.
_LONGEST = (
    "sinks/test_history.py", "test_replay.py", "secure/test_locked_doors.py", "streams/test_exclusions.py",
    "upgrades/test_upgrade.py", "sinks/test_people_retention.py", "sinks/test_people_groups.py",
    "sinks/test_people_persons.py", "sinks/test_mobilizable.py", "faults/test_workers_killed.py",
    "streams/test_rebuild.py", "faults/test_workers_stopped.py", "simulation/test_schedules.py",
    "faults/test_people_killed.py", "faults/test_all_agents.py", "sources/test_exports_answered.py",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Take the choice of servers, then forget every variable of ours: tests decide their own settings."""
    ours = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("GROUPVITALS_")}
    config.stash[_CHOICE] = {name.removeprefix("GROUPVITALS_TEST_"): value for name, value in ours.items()}
    choice = config.stash[_CHOICE]
    if ("KAFKA" in choice) != ("CLICKHOUSE" in choice):
        raise pytest.UsageError("Set GROUPVITALS_TEST_KAFKA and GROUPVITALS_TEST_CLICKHOUSE both, or neither.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where processes share the work, file by file: the longest files first, then those that need servers."""
    if not hasattr(config, "workerinput"):
        return
    places = {_ROOT / "tests" / name: place for place, name in enumerate(_LONGEST)}
    needing = {item.path for item in items if item.get_closest_marker("services")}
    items.sort(key=lambda item: (places.get(item.path, len(places)), item.path not in needing))


def pytest_report_header(config: pytest.Config) -> str:
    """Say which servers the tests use."""
    choice = config.stash[_CHOICE]
    if "KAFKA" in choice:
        return f"servers: running ones, Kafka {choice['KAFKA']}, ClickHouse {choice['CLICKHOUSE']}"
    return f"servers: {'containers' if choice.get('CONTAINERS') == '1' else 'local processes'}, started when needed"


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """Addresses of a real Kafka and a real ClickHouse, stopped at the end if they were started here."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{text}", end="", flush=True)

    with _servers(request.config.stash[_CHOICE], tmp_path_factory.mktemp("services"), say) as endpoints:
        yield endpoints


def _servers(choice: dict[str, str], home: Path, say: Callable[[str], None]) -> AbstractContextManager[Endpoints]:
    if "KAFKA" in choice:
        return _running(choice["KAFKA"], choice["CLICKHOUSE"])
    if choice.get("CONTAINERS") == "1":
        return _containers()
    return _started(home, Path(choice.get("GROUPVITALS_CACHE") or load_settings().cache), say)


@contextmanager
def _running(kafka: str, clickhouse: str) -> Iterator[Endpoints]:
    host, tcp, http = clickhouse.rsplit(":", 2)
    yield Endpoints(kafka, host, int(tcp), int(http))


@contextmanager
def _started(home: Path, cache: Path, say: Callable[[str], None]) -> Iterator[Endpoints]:
    with data_in_memory(*(home / name / "data" for name in SERVERS)):
        try:
            yield up(home, cache, say)
        finally:
            down(home)


@contextmanager
def data_in_memory(*folders: Path) -> Iterator[None]:
    """Servers' data folders, yet to be made, as links to folders in memory where there is room: on disk, the thousands
    of small files that tests write and delete cost ClickHouse more than half of its time."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ROOM:
        yield
        return
    with TemporaryDirectory(prefix="groupvitals-", dir=_MEMORY, ignore_cleanup_errors=True) as memory:
        for number, folder in enumerate(folders):
            data = Path(memory, str(number))
            data.mkdir()
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.symlink_to(data)
        yield


@contextmanager
def _containers() -> Iterator[Endpoints]:
    """The official images, by the ports that `compose.yaml` has where nothing else is said."""
    from testcontainers.compose import DockerCompose

    with DockerCompose(str(COMPOSE.parent), compose_file_name=COMPOSE.name, wait=True):
        yield Endpoints("127.0.0.1:29092", "127.0.0.1", 29000, 28123)


@pytest.fixture(scope="session")
def kafka(services: Endpoints) -> Kafka:
    """Where the broker is."""
    return Kafka(services.kafka)


@pytest.fixture(scope="session")
def clickhouse(services: Endpoints) -> tuple[str, int, int]:
    """(host, native port, HTTP port) of ClickHouse."""
    return services.clickhouse_host, services.clickhouse_tcp, services.clickhouse_http


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory without services, settings file or variables; returns its `.groupvitals`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".groupvitals"


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, services: Endpoints, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Settings of a deployment of its own on the shared servers, also set as variables for child processes."""
    name = f"t{uuid.uuid4().hex[:12]}"
    for variable, value in {
        "KAFKA__BOOTSTRAP": services.kafka,
        "KAFKA__TOPIC_PREFIX": f"{name}.",
        "CLICKHOUSE__HOST": services.clickhouse_host,
        "CLICKHOUSE__TCP_PORT": str(services.clickhouse_tcp),
        "CLICKHOUSE__HTTP_PORT": str(services.clickhouse_http),
        "CLICKHOUSE__DATABASE": name,
    }.items():
        monkeypatch.setenv(f"GROUPVITALS_{variable}", value)
    yield load_settings()
    remove_deployment(services, name, topics="KAFKA" in request.config.stash[_CHOICE])


def remove_deployment(services: Endpoints, name: str, topics: bool = True) -> None:
    """Drop the database of this name, whose tables keep a server busy even when nobody uses them, and delete the
    topics, which matters only on servers that go on running."""
    if topics:
        delete_topics(Kafka(services.kafka), TopicLayout(prefix=f"{name}."))
    with Client(services.clickhouse_host, services.clickhouse_tcp) as client:
        client.execute(f"DROP DATABASE IF EXISTS {name} SYNC")


@pytest.fixture
def groupvitals(home: Path) -> Run:
    """Runs the command line in a process of its own, in the working directory of `home`."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(_ROOT), "COLUMNS": "120", "NO_COLOR": "1"}
        other_kernels = "GROUPVITALS_CACHE" in environment  # where they are kept is looked up once per process
        if arguments and arguments[0] in _SLOW and not other_kernels:
            return forked.run(list(arguments), home.parent, environment, 300)
        command = [sys.executable, "-m", "groupvitals", *arguments]
        return subprocess.run(
            command, cwd=home.parent, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    return run
