"""Workers that are stopped for longer than their session lasts, and workers that come and go at random times."""

import random
import time
from contextlib import ExitStack
from signal import SIGCONT, SIGSTOP

import pytest

from tests.faults.agents import EACH_AGENT, KEEPING_STATE
from tests.faults.boundaries import FLUSH, TAKE_OVER
from tests.faults.deployments import Deployment, Reference, cut
from tests.faults.processes import Doom, Process
from tests.injected import Inject
from tests.streams.workers import wait_until

pytestmark = pytest.mark.services


def stop_at(boundary: str, deployment: Deployment, reference: Reference, injected: Inject) -> None:
    """A worker stops at a boundary, another takes over and lands more, the first one wakes where it was."""
    first, second, third = cut(reference.world, 3)
    deployment.send(first)
    with deployment.worker(doom=Doom(boundary, 1, SIGSTOP)) as sleeper:
        sleeper.wait_paused()
        with deployment.worker() as other:
            deployment.send(second)
            deployment.wait_landed()
            sleeper.signal(SIGCONT)
            injected(f"SIGSTOP past the session time-out {boundary}")
            deployment.send(third)
            deployment.wait_landed()
            wait_until(lambda: owners(deployment) == 2, "both own partitions again")
            other.stop()
            sleeper.stop()
    deployment.check(reference)


def owners(deployment: Deployment) -> int:
    """How many workers the newest checkpoints of the partitions are of."""
    return deployment.answers.value(
        "SELECT uniqExact(w) FROM "
        "(SELECT argMax(worker, (term, sequence)) AS w FROM {d}.checkpoints GROUP BY partition)"
    )


@EACH_AGENT
def test_before_the_checkpoint_row(deployment: Deployment, reference: Reference, injected: Inject) -> None:
    stop_at("before the checkpoint row", deployment, reference, injected)


def test_a_worker_that_works_does_not_count_as_idle(deployment: Deployment, reference: Reference) -> None:
    first, *parts = cut(reference.world, 20)
    with deployment.worker(idle_ms=3000) as old:
        deployment.send(first)
        deployment.wait_landed()
        began = time.monotonic()
        while time.monotonic() < began + 6:  # what is tested: that it is a member for longer than an idle one would be
            if parts:
                deployment.send(parts.pop())
            deployment.wait_landed()
        with deployment.worker():
            wait_until(lambda: owners(deployment) == 2, "both own partitions")
            assert old.alive


@pytest.mark.chaos
@KEEPING_STATE
@pytest.mark.parametrize("boundary", [*(b for b in FLUSH if b != "before the checkpoint row"), *TAKE_OVER])
def test_at_a_boundary(boundary: str, deployment: Deployment, reference: Reference, injected: Inject) -> None:
    stop_at(boundary, deployment, reference, injected)


def come_and_go(seed: int, most: int, steps: int, deployment: Deployment, reference: Reference, inject: Inject) -> None:
    """So many workers at most start, are killed, stop, and pause, at places that the seed decides."""
    rng, running = random.Random(seed), list[Process]()
    with ExitStack() as stack:
        for part in cut(reference.world, steps):
            deployment.send(part)
            wanted = rng.randint(0, max(0, len(part)))  # act when so many of the new records have landed
            if running:
                goal = min(deployment.answers.flushed() + wanted, deployment.sent)
                wait_until(lambda goal=goal: deployment.answers.flushed() >= goal, "some land")  # type: ignore[misc]
            if len(running) < most and (not running or rng.random() < 0.6):
                running.append(stack.enter_context(deployment.worker()))
                inject(f"a worker joins (at most {most})")
                continue
            one = running.pop(rng.randrange(len(running)))
            if rng.random() < 0.5:
                one.kill()
                inject(f"a worker is killed (at most {most})")
            else:
                one.stop()
                inject(f"a worker leaves (at most {most})")
        running.append(stack.enter_context(deployment.worker()))
        deployment.wait_landed()
        for process in running:
            process.stop()
    deployment.check(reference)


def test_two_workers_come_and_go(deployment: Deployment, reference: Reference, injected: Inject) -> None:
    come_and_go(1, 2, 5, deployment, reference, injected)


@pytest.mark.chaos
@KEEPING_STATE
@pytest.mark.parametrize("most", [2, 3])
@pytest.mark.parametrize("seed", range(10, 14))
def test_workers_come_and_go(
    seed: int, most: int, deployment: Deployment, reference: Reference, injected: Inject
) -> None:
    come_and_go(seed, most, 12, deployment, reference, injected)
