"""A worker is killed at every boundary of a flush and of a take-over; the next one goes on with the right numbers."""

from signal import SIGKILL

import pytest

from tests.faults.agents import KEEPING_STATE, LINKS_RARELY
from tests.faults.boundaries import FLUSH, TAKE_OVER
from tests.faults.deployments import Deployment, Reference, cut
from tests.faults.processes import Doom
from tests.injected import Inject
from tests.streams.workers import wait_until

pytestmark = pytest.mark.services


def kill(deployment: Deployment, doom: Doom, injected: Inject) -> None:
    """A worker works until it kills itself at a boundary."""
    with deployment.worker(doom=doom) as process:
        assert process.ended() == -SIGKILL, f"it never came {doom.boundary}: {process.said}"
    injected(f"SIGKILL {doom.boundary}")


@LINKS_RARELY
def test_one_after_the_other_at_every_boundary(deployment: Deployment, reference: Reference, injected: Inject) -> None:
    boundaries = (*FLUSH, *TAKE_OVER)
    for boundary, part in zip(boundaries, cut(reference.world, len(boundaries)), strict=True):
        deployment.send(part)
        kill(deployment, Doom(boundary), injected)
    deployment.finish()
    deployment.check(reference)


def test_nobody_waits_for_the_session_of_a_killed_worker(
    deployment: Deployment, reference: Reference, injected: Inject
) -> None:
    longer_than_this_test_waits = {"KAFKA__SESSION_TIMEOUT_S": 300}
    with deployment.worker(**longer_than_this_test_waits) as process:
        deployment.send(reference.world[:1000])
        deployment.wait_landed()
        process.kill()
        injected("SIGKILL at any time")
    deployment.send(reference.world[1000:])
    with deployment.worker(**longer_than_this_test_waits):
        deployment.wait_landed()
    deployment.check(reference)


@pytest.mark.chaos
@KEEPING_STATE
@pytest.mark.parametrize("nth", [1, 2, 4])
@pytest.mark.parametrize("boundary", FLUSH)
def test_in_a_flush(boundary: str, nth: int, deployment: Deployment, reference: Reference, injected: Inject) -> None:
    parts = cut(reference.world, 2 * nth + 1)
    with deployment.worker(doom=Doom(boundary, nth)) as process:
        while process.alive:
            assert parts, f"it never came {boundary}, {nth} times: {process.said}"
            deployment.send(parts.pop(0))
            wait_until(lambda: not process.alive or deployment.landed(), "it lands everything, or dies")
        assert process.ended() == -SIGKILL
    injected(f"SIGKILL {boundary}")
    deployment.send([record for part in parts for record in part])
    deployment.finish()
    deployment.check(reference)


@pytest.mark.chaos
@KEEPING_STATE
@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize("boundary", TAKE_OVER)
def test_in_a_take_over(
    boundary: str, nth: int, deployment: Deployment, reference: Reference, injected: Inject
) -> None:
    first, second, third = cut(reference.world, 3)
    deployment.send(first)
    deployment.finish()
    deployment.send(second)
    kill(deployment, Doom(boundary, nth), injected)
    deployment.send(third)
    kill(deployment, Doom(boundary, nth), injected)
    deployment.finish()
    deployment.check(reference)
