"""One process for all agents is killed, told to stop and loses its servers; each agent's answers stay right."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest

from deploy.services import Endpoints
from groupvitals.commands.worker import ALL, worker_config
from schemas.agents import PEOPLE
from sinks.clickhouse.store import ClickHouseStore
from streams.rebuild.people import PeopleRebuild
from tests.faults.agents import AGENTS, Part, Rows
from tests.faults.boundaries import FLUSH, TAKE_OVER
from tests.faults.conftest import Harmed
from tests.faults.deployments import Deployment, Reference, cut
from tests.faults.people import people_rows
from tests.faults.processes import Doom, Process
from tests.injected import Inject
from tests.streams.workers import wait_until

pytestmark = pytest.mark.services
#: Columns that say how often sources were taken over, and what fits and closed days add while workers stay.
_NOT_OF_RECORDS = {
    "source_version", "previous", "since", "returned_on", "state", "score", "rhythm", "fading", "at_risk", "zombie",
    "silent_zombies",
}  # fmt: skip


class Together:
    """The deployments of all agents over one database, whose workers are processes for all of them."""

    def __init__(self, servers: Endpoints, folder: Path) -> None:
        first, *others = AGENTS.values()
        self._first = Deployment(servers, folder, first)
        self.each = [self._first, *(Deployment(servers, folder, agent, beside=self._first) for agent in others)]

    def send(self, parts: Iterable[Part]) -> None:
        """A part of each world."""
        for deployment, part in zip(self.each, parts, strict=True):
            deployment.send(part)

    def worker(self, *arguments: str, **options: Any) -> AbstractContextManager[Process]:
        """A process for all agents."""
        return self._first.worker(*arguments, agent=ALL, **options)

    @property
    def flushed(self) -> int:
        """Records that checkpoints vouch for."""
        return sum(deployment.answers.flushed() for deployment in self.each)

    def wait_landed(self) -> None:
        """Wait until everything that was sent has landed."""
        for deployment in self.each:
            deployment.wait_landed()

    def finish(self) -> None:
        """Land what is left, by a process that nothing happens to."""
        with self.worker("--until-caught-up") as process:
            assert process.ended(120) == 0, process.said

    def people(self) -> Rows:
        """What is asked of people, without how often sources were taken over, and what fits and closed days add."""
        rows = people_rows(ClickHouseStore(self._first.answers.native.address))
        return {
            table: [{name: value for name, value in row.items() if name not in _NOT_OF_RECORDS} for row in found]
            for table, found in rows.items()
        }

    def check(self, undisturbed: "Undisturbed") -> None:
        """All records landed once, all answers are those of an undisturbed process, memory is bounded.

        People's rows are all that follows from what stands there, and those of an undisturbed process.
        """
        for deployment, reference in zip(self.each, undisturbed.each, strict=True):
            deployment.check(reference)
        verified = PeopleRebuild(worker_config(self._first.settings, PEOPLE.name)).verify()
        assert (verified.behind, verified.open, verified.different) == (0, 0, 0), verified.summary()["examples"]
        found = self.people()
        for table, rows in undisturbed.people.items():
            assert found[table] == rows, table

    def remove(self) -> None:
        """Leave nothing on the servers."""
        self._first.remove()


@dataclass(frozen=True)
class Undisturbed:
    """What one undisturbed process makes of all worlds: of each, and of people."""

    each: list[Reference]
    people: Rows


@pytest.fixture(scope="module")
def undisturbed(services: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Some answers are about several topics."""
    together, worlds = Together(services, tmp_path_factory.mktemp("reference")), [a.world() for a in AGENTS.values()]
    together.send(worlds)
    together.finish()
    each = zip(together.each, worlds, strict=True)
    found = [Reference(world, deployment.rows(), deployment.highest) for deployment, world in each]
    people = together.people()
    together.remove()
    return Undisturbed(found, people)


def pieces(undisturbed: Undisturbed, number: int) -> Iterator[Iterable[Part]]:
    """The worlds in so many pieces, each with a part of every world."""
    return zip(*(cut(reference.world, number) for reference in undisturbed.each), strict=True)


@pytest.fixture
def together(services: Endpoints, home: Path) -> Iterator[Together]:
    """All agents on the shared servers."""
    made = Together(services, home.parent)
    yield made
    made.remove()


@pytest.fixture
def fragile_together(harmed: Harmed, home: Path) -> Iterator[Together]:
    """All agents on servers that may be harmed; up again for the next test whatever happens."""
    yield Together(harmed.endpoints, home.parent)
    for name in ("kafka", "clickhouse"):
        harmed.start(name)


def test_servers_are_away_and_the_process_is_killed_and_stopped(
    fragile_together: Together, harmed: Harmed, undisturbed: Undisturbed, injected: Inject
) -> None:
    together, parts = fragile_together, pieces(undisturbed, 5)
    together.send(next(parts))
    with together.worker(CLICKHOUSE__TIMEOUT_S=2) as process:
        together.wait_landed()
        harmed.stop("clickhouse", SIGKILL)
        injected("ClickHouse killed under a process of all agents")
        together.send(next(parts))
        harmed.start("clickhouse")
        together.wait_landed()
        harmed.stop("kafka", SIGKILL)
        injected("Kafka killed under a process of all agents")
        harmed.start("kafka")
        together.send(next(parts))
        together.wait_landed()
        assert process.alive, process.said
        landed = together.flushed
        together.send(next(parts))
        wait_until(lambda: together.flushed > landed, "some land")
        process.stop()
        injected("SIGTERM of a process of all agents while records land")
    landed = together.flushed
    together.send(next(parts))
    with together.worker(KAFKA__SESSION_TIMEOUT_S=300) as process:  # longer than the next one waits
        wait_until(lambda: together.flushed > landed, "some land")
        process.kill()
        injected("SIGKILL of a process of all agents")
    together.finish()
    together.check(undisturbed)


@pytest.mark.chaos
def test_killed_at_every_boundary(together: Together, undisturbed: Undisturbed, injected: Inject) -> None:
    boundaries = (*FLUSH, *TAKE_OVER)
    for boundary, parts in zip(boundaries, pieces(undisturbed, len(boundaries)), strict=True):
        together.send(parts)
        with together.worker(doom=Doom(boundary)) as process:
            assert process.ended() == -SIGKILL, f"it never came {boundary}: {process.said}"
        injected(f"SIGKILL of a process of all agents {boundary}")
    together.finish()
    together.check(undisturbed)
