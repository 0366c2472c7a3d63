"""Kafka and ClickHouse of one home folder: up, down, status, and single servers for tests of failure.

The home folder holds `ports.json` (chosen once), `endpoints.json` (while the services are up) and one folder per server
with its data, configuration and log.
"""

import json
import signal as signals
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from deploy import compose, locks, ports, server
from deploy.clickhouse import CLICKHOUSE
from deploy.endpoints import Endpoints, endpoints
from deploy.errors import DeployError
from deploy.fetch import folder_size
from deploy.kafka import KAFKA
from deploy.server import Server

SERVERS: dict[str, Server] = {"kafka": KAFKA, "clickhouse": CLICKHOUSE}
#: Where messages go; only a console shows the progress of downloads.
Report = Console | Callable[[str], None]


@dataclass(frozen=True)
class ServiceStatus:
    """One service as it is now; sizes in bytes."""

    name: str
    running: bool
    healthy: bool
    pid: int | None
    address: str
    version: str
    log: str
    data_bytes: int


def up(
    home: Path, cache: Path, report: Report, containers: bool | None = None, only: Sequence[str] = tuple(SERVERS)
) -> Endpoints:
    """Bring the services up, starting what does not run, and return once all answer.

    `containers` None: containers if they are up, else processes. Reports what it does. Raises `DeployError`.
    """
    home, cache = home.resolve(), cache.expanduser().resolve()
    say = report.print if isinstance(report, Console) else report
    with locks.locked(home / "up.lock", lambda: say("Waiting for another `up` or `down` of this folder.")):
        as_containers = endpoints(home) is not None and compose.is_up(home)
        if containers is None:
            containers = as_containers
        elif endpoints(home) and containers != as_containers:
            raise DeployError(
                f"Services of the other kind (containers or processes) are up in {home}: run `groupvitals down` first."
            )
        found = _choose_ports(home)
        if containers:
            compose.up(home, only, found, say)
        else:
            bar = _bar(report if isinstance(report, Console) else Console(quiet=True))
            _start(home, cache, only, found, say, bar)
        answer = _endpoints(found)
        (home / "endpoints.json").write_text(json.dumps(asdict(answer), indent=2))
    return answer


def down(home: Path) -> list[str]:
    """Stop all services, wait until they are gone, and return the names of those that were running."""
    home = home.resolve()
    if not home.exists():
        return []
    with locks.locked(home / "up.lock"):
        stopped = compose.down(home)
        with ThreadPoolExecutor(len(SERVERS)) as pool:
            ended = pool.map(lambda name: server.terminate(home / name), SERVERS)
            stopped += [name for name, ran in zip(SERVERS, ended, strict=True) if ran]
        (home / "endpoints.json").unlink(missing_ok=True)
    return stopped


def status(home: Path) -> list[ServiceStatus]:
    """What runs, whether it answers, where, and how much it holds."""
    home = home.resolve()
    found = ports.remembered(home)
    if compose.is_up(home):
        return [_container_status(home, one, found) for one in SERVERS.values()]
    return [_status(home / one.name, one, found) for one in SERVERS.values()]


def start(home: Path, cache: Path, name: str) -> None:
    """Start one service, as `up` does, and return once it answers; does nothing if it is running."""
    up(home, cache, lambda _: None, only=[name])


def stop(home: Path, name: str, signal: signals.Signals = signals.SIGTERM) -> None:
    """End one service with the given signal and wait until it is gone; `endpoints` still tells where it was."""
    home = home.resolve()
    with locks.locked(home / "up.lock"):
        server.terminate(home / name, signal)


def _choose_ports(home: Path) -> dict[str, int]:
    running = [one for one in SERVERS.values() if server.running_pid(home / one.name)]
    ours = [port for one in running for port in one.ports]
    if compose.is_up(home):
        ours = [port for one in SERVERS.values() for port in one.ports]
    return ports.choose(home, [port for one in SERVERS.values() for port in one.ports], ours)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console
    )


def _start(
    home: Path, cache: Path, only: Sequence[str], found: server.Ports, say: Callable[[str], None], bar: Progress
) -> None:
    cache.mkdir(parents=True, exist_ok=True)

    def start_one(one: Server) -> None:
        folder = home / one.name
        running = server.running_pid(folder)
        if running is None:
            program = one.fetch(cache, bar)
            folder.mkdir(parents=True, exist_ok=True)
            say(f"Starting {one.title} {one.version}.")
            server.launch(folder, one.command(folder, program, found))
        server.wait_until_healthy(one, folder, found)
        word = "was already up" if running else "is up"
        say(f"{one.title} {one.version} {word}: {_address(one, found)}.")

    try:
        with ThreadPoolExecutor(len(only)) as pool:
            list(pool.map(start_one, [SERVERS[name] for name in only]))
    finally:
        if bar.tasks:
            bar.stop()


def _endpoints(found: server.Ports) -> Endpoints:
    return Endpoints(f"127.0.0.1:{found['kafka']}", "127.0.0.1", found["clickhouse_tcp"], found["clickhouse_http"])


def _address(one: Server, found: server.Ports) -> str:
    """The address that people use: the first port, plus HTTP for ClickHouse."""
    if not found:
        return ""
    http = f" and http://127.0.0.1:{found['clickhouse_http']}" if one is CLICKHOUSE else ""
    return f"127.0.0.1:{found[one.ports[0]]}{http}"


def _answers(one: Server, found: server.Ports) -> bool:
    try:
        one.check(found)
    except Exception:  # each client has its own errors, and all of them mean "no"
        return False
    return True


def _status(folder: Path, one: Server, found: server.Ports) -> ServiceStatus:
    pid = server.running_pid(folder)
    healthy = pid is not None and _answers(one, found)
    log = str(server.log_path(folder))
    size = folder_size(folder / "data")
    return ServiceStatus(one.name, pid is not None, healthy, pid, _address(one, found), one.version, log, size)


def _container_status(home: Path, one: Server, found: server.Ports) -> ServiceStatus:
    healthy = _answers(one, found)
    log = f"docker compose --project-name {compose.project(home)} logs {one.name}"
    return ServiceStatus(one.name, healthy, healthy, None, _address(one, found), one.version, log, 0)
