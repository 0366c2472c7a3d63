"""ClickHouse and Kafka end, are killed, hang, stay away for long, or have no room; workers wait, and lose nothing."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals

import pytest

from groupvitals.settings import load_settings
from tests.faults.agents import KEEPING_STATE, OTHERS_RARELY, Agent
from tests.faults.boundaries import STARTING
from tests.faults.conftest import Harmed
from tests.faults.deployments import Deployment, Reference, cut
from tests.faults.processes import Doom, Process
from tests.injected import Inject
from tests.streams.workers import wait_until

pytestmark = pytest.mark.services
#: A statement that hangs is given up after so long.
PATIENCE = {"CLICKHOUSE__TIMEOUT_S": 2}


@contextmanager
def living_through(deployment: Deployment, reference: Reference, doom: Doom | None = None) -> Iterator[Process]:
    """A worker that must live through what the block does, and have the right answers afterwards."""
    with deployment.worker(doom=doom, **PATIENCE) as process:
        yield process
        deployment.wait_landed()
        assert process.alive, process.said
        process.stop()
    deployment.check(reference)


@OTHERS_RARELY
def test_away_at_the_start_killed_and_restarted(
    fragile: Deployment, harmed: Harmed, reference: Reference, injected: Inject
) -> None:
    parts = cut(reference.world, 3)
    fragile.send(parts[0])
    harmed.stop("clickhouse")
    harmed.stop("kafka")
    with living_through(fragile, reference):
        injected("ClickHouse and Kafka away when a worker starts")
        harmed.start("kafka")
        harmed.start("clickhouse")
        fragile.wait_landed()
        harmed.stop("clickhouse", SIGKILL)
        injected("ClickHouse killed")
        fragile.send(parts[1])
        harmed.start("clickhouse")
        fragile.wait_landed()
        harmed.stop("kafka")
        harmed.start("kafka")
        injected("Kafka restarted")
        fragile.send(parts[2])


def test_kafka_killed_just_before_a_worker_joins(
    fragile: Deployment, harmed: Harmed, reference: Reference, injected: Inject
) -> None:
    fragile.send(reference.world)
    starting = Doom(STARTING, 1, SIGSTOP)
    with living_through(fragile, reference, starting) as process, fragile.worker(doom=starting) as ended:
        for one in (process, ended):
            one.wait_paused()
        harmed.stop("kafka", SIGKILL)
        for one in (process, ended):
            one.signal(SIGCONT)
            wait_until(lambda one=one: "connecting to Kafka is waiting" in one.said or not one.alive, "it waits")  # type: ignore[misc]
        injected("Kafka killed just before workers join")
        ended.stop()
        harmed.start("kafka")


@pytest.mark.chaos
@KEEPING_STATE
@pytest.mark.parametrize("name", ["clickhouse", "kafka"])
@pytest.mark.parametrize("signal", [SIGTERM, SIGKILL])
def test_restarted_again_and_again(
    signal: Signals, name: str, fragile: Deployment, harmed: Harmed, reference: Reference, injected: Inject
) -> None:
    with living_through(fragile, reference):
        for part in cut(reference.world, 6):
            fragile.send(part)
            harmed.stop(name, signal)
            harmed.start(name)
            injected(f"{name} {'killed' if signal == SIGKILL else 'restarted'}")


@pytest.mark.chaos
@KEEPING_STATE
@pytest.mark.parametrize("name", ["clickhouse", "kafka"])
def test_hangs_past_every_time_out(
    name: str, fragile: Deployment, harmed: Harmed, reference: Reference, injected: Inject
) -> None:
    with living_through(fragile, reference):
        for part in cut(reference.world, 3):
            fragile.send(part)
            os.kill(harmed.pid(name), SIGSTOP)
            injected(f"{name} hangs for 8 s")
            time.sleep(8)  # the fault itself: longer than session and statement time-outs
            os.kill(harmed.pid(name), SIGCONT)


@pytest.mark.chaos
def test_clickhouse_away_for_two_minutes_while_much_comes(
    fragile: Deployment, harmed: Harmed, reference: Reference, injected: Inject
) -> None:
    fragile.environment["GROUPVITALS_WORKER__FLUSH_EVENTS"] = str(FEW)
    while fragile.sent < 10 * FEW:
        fragile.send(reference.world)
    with living_through(fragile, reference):
        fragile.wait_landed()
        fragile.undisturbed = fragile.highest
        harmed.stop("clickhouse", SIGKILL)
        injected("ClickHouse away for two minutes")
        gone, before = time.monotonic(), fragile.sent
        while time.monotonic() < gone + 120 or fragile.sent < before + 10 * FEW:  # the fault itself
            fragile.send(reference.world)
        harmed.start("clickhouse")


#: Twice as many records at most are held; several times as many come.
FEW = 10_000


class SmallDisk:
    """A file system of its own, into which ballast can be put."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ballast = folder, folder / "ballast"
        folder.mkdir(parents=True, exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", "size=256m,nr_inodes=20000", "tmpfs", str(folder)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("only root may mount a small file system")
        self._ballast.mkdir()

    def fill(self, what: str) -> None:
        """Leave no room for another byte, or for another file: then room is promised, and writing fails."""
        free = os.statvfs(self.folder)
        with suppress(OSError):  # ClickHouse may take the last piece itself
            if what == "bytes":
                (self._ballast / "0").write_bytes(bytes(free.f_bavail * free.f_frsize))
            else:
                for number in range(free.f_ffree + 1):
                    (self._ballast / str(number)).touch()

    def free(self) -> None:
        """Give the room back."""
        for file in self._ballast.iterdir():
            file.unlink()

    def remove(self) -> None:
        """Unmount it."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[Harmed, SmallDisk]]:
    """Servers of which ClickHouse has its data on a small disk."""
    disk = SmallDisk(tmp_path / "small" / "clickhouse" / "data")
    try:
        servers = Harmed(tmp_path / "small", load_settings().cache)
        yield servers, disk
        servers.down()
    finally:
        disk.remove()


@pytest.mark.chaos
@KEEPING_STATE
@pytest.mark.parametrize("what", ["bytes", "files"])
def test_clickhouse_has_no_room(
    what: str, small: tuple[Harmed, SmallDisk], home: Path, agent: Agent, reference: Reference, injected: Inject
) -> None:
    servers, disk = small
    deployment = Deployment(servers.endpoints, home.parent, agent)
    first, *rest = cut(reference.world, 4)
    with living_through(deployment, reference) as process:
        deployment.send(first)
        deployment.wait_landed()
        for part in rest:
            disk.fill(what)
            landed, said = deployment.answers.flushed(), len(process.said)
            deployment.send(part)
            wait_until(lambda: "waits:" in process.said[said:] or not process.alive, "it meets the full disk")  # noqa: B023
            assert process.alive, process.said
            assert deployment.answers.flushed() >= landed
            injected(f"ClickHouse's disk is full (no more {what})")
            disk.free()
            deployment.wait_landed()
