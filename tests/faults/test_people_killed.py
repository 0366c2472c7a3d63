"""Workers of people are killed and stopped anywhere; what is asked is whole, and what an undisturbed one landed."""

from collections.abc import Iterator
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from deploy.services import Endpoints
from tests.faults.boundaries import PEOPLE, TAKE_OVER
from tests.faults.people import PeopleDeployment, Rows, undisturbed_rows
from tests.faults.processes import Doom
from tests.injected import Inject
from tests.streams.workers import wait_until

pytestmark = pytest.mark.services
#: The life of a reading, in order; its rows are read from the last of these on.
READING = (
    *PEOPLE[:2], "between the tables", "before the checkpoint row", "after the checkpoint row", "after the commit",
    "after the confirmation", PEOPLE[2],
)  # fmt: skip
#: Those behind which something else stands in the database.
TOLD_APART = (PEOPLE[0], "between the tables", "after the checkpoint row", "after the commit", PEOPLE[2])
PIECES = 10


@pytest.fixture(scope="module")
def undisturbed(clickhouse: tuple[str, int, int]) -> list[Rows]:
    """What is asked after each piece when nothing happens to anybody."""
    return undisturbed_rows(clickhouse, PIECES)


@pytest.fixture
def deployment(services: Endpoints, home: Path) -> Iterator[PeopleDeployment]:
    made = PeopleDeployment(services, home.parent, PIECES)
    yield made
    made.remove()


def kill(deployment: PeopleDeployment, boundary: str, injected: Inject) -> None:
    """A worker of people works until it kills itself at a boundary."""
    with deployment.worker(doom=Doom(boundary)) as process:
        assert process.ended() == -SIGKILL, f"it never came {boundary}: {process.said}"
    injected(f"SIGKILL of a worker of people {boundary}")


def kill_at(
    boundaries: tuple[str, ...], deployment: PeopleDeployment, undisturbed: list[Rows], injected: Inject
) -> None:  # fmt: skip
    """One worker after the other is killed while it works out what another piece changes."""
    published = 0
    for landed, boundary in enumerate(boundaries, 1):
        deployment.sources.land()
        kill(deployment, boundary, injected)
        published = landed if boundary == "people: after publishing" else published
        assert deployment.rows() == undisturbed[published], boundary
    deployment.finish()
    assert deployment.rows() == undisturbed[len(boundaries)]


def test_killed_where_something_else_has_landed(
    deployment: PeopleDeployment, undisturbed: list[Rows], injected: Inject
) -> None:
    kill_at(TOLD_APART, deployment, undisturbed, injected)


@pytest.mark.chaos
@pytest.mark.parametrize("boundaries", [READING, TAKE_OVER], ids=["reading", "take-over"])
def test_killed_at_every_boundary(
    boundaries: tuple[str, ...], deployment: PeopleDeployment, undisturbed: list[Rows], injected: Inject
) -> None:
    kill_at(boundaries, deployment, undisturbed, injected)


def terms(deployment: PeopleDeployment) -> int:
    """Terms of which rows of members are there."""
    ((found,),) = deployment.store.native.execute(
        f"SELECT uniqExact(bitShiftRight(version, 32)) FROM {deployment.name}.people_members"
    )
    return int(found)


@pytest.mark.parametrize("boundary", [PEOPLE[3], pytest.param(PEOPLE[4], marks=pytest.mark.chaos)])
def test_killed_while_older_terms_are_dropped(
    boundary: str, deployment: PeopleDeployment, undisturbed: list[Rows], injected: Inject
) -> None:
    deployment.sources.land()
    deployment.finish()
    with deployment.worker(doom=Doom(boundary)) as process:
        wait_until(lambda: terms(deployment) == 2, "a second term lands")
        process.signal(SIGSTOP)  # so that it reads of all sources or of none
        deployment.sources.land()
        process.signal(SIGCONT)
        assert process.ended() == -SIGKILL, process.said
    injected(f"SIGKILL of a worker of people {boundary}")
    assert deployment.rows() == undisturbed[2]
    deployment.sources.land()
    with deployment.worker() as process:
        deployment.wait(undisturbed[3])
        deployment.sources.land()
        wait_until(lambda: terms(deployment) == 1, "the terms before are dropped")
        deployment.wait(undisturbed[4])
        process.stop()


def test_usurped(deployment: PeopleDeployment, undisturbed: list[Rows], injected: Inject) -> None:
    """An owner stops for longer than its session, another takes over, and the rows of the first land after all."""
    deployment.sources.land()
    with deployment.worker(doom=Doom("between the tables", 1, SIGSTOP)) as sleeper:
        sleeper.wait_paused()
        with deployment.worker() as other:
            deployment.wait(undisturbed[1])
            deployment.sources.land()
            deployment.wait(undisturbed[2])
            before = terms(deployment)
            sleeper.signal(SIGCONT)
            injected("SIGSTOP of a worker of people past the session time-out between the tables")
            wait_until(lambda: "Kafka refused a commit" in sleeper.said, "the sleeper's commit is refused")
            wait_until(lambda: terms(deployment) > before, "rows of its term land")
            assert deployment.rows() == undisturbed[2]
            other.stop()
        deployment.sources.land()
        deployment.wait(undisturbed[3])
        sleeper.stop()
