"""What real workers vouch for: all that Kafka has taken their commits of, once they end, and nothing else ever."""

from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from sinks.clickhouse.readers.heads import read_heads
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Head, chain
from streams.kafka.lag import committed_offsets
from tests.faults.agents import EACH_AGENT, PARTITIONS
from tests.faults.deployments import Deployment, Reference, cut
from tests.faults.processes import Doom
from tests.injected import Inject
from tests.streams.workers import wait_until

pytestmark = pytest.mark.services


def heads(deployment: Deployment) -> dict[int, Head]:
    store = ClickHouseStore(deployment.answers.native.address)
    found = read_heads(store)
    return found[deployment.agent.contract].heads if found else {}


def committed(deployment: Deployment) -> dict[int, int]:
    return committed_offsets(deployment.kafka, deployment.group, deployment.topic)


def equal(deployment: Deployment) -> bool:
    """Whether what is vouched for is what is committed, in every partition."""
    found = {partition: head.next_offset for partition, head in heads(deployment).items()}
    return found == committed(deployment) and len(found) == PARTITIONS


@EACH_AGENT
def test_a_worker_that_ends_has_vouched_for_all_it_committed(deployment: Deployment, reference: Reference) -> None:
    first, second = cut(reference.world, 2)
    deployment.send(first)
    deployment.finish()
    assert equal(deployment)
    with deployment.worker() as process:
        deployment.send(second)
        deployment.wait_landed()
        process.stop()
    assert equal(deployment)
    assert {head.next_offset for head in heads(deployment).values()} != {0}


def test_a_successor_vouches_for_what_a_killed_worker_could_not(
    deployment: Deployment, reference: Reference, injected: Inject
) -> None:
    first, second = cut(reference.world, 2)
    deployment.send(first)
    deployment.finish()
    before = heads(deployment)
    deployment.send(second)
    with deployment.worker(doom=Doom("after the commit")) as process:
        assert process.ended() == -SIGKILL, process.said
    injected("SIGKILL after the commit")
    assert not equal(deployment)
    deployment.finish()
    assert equal(deployment)
    after = heads(deployment)
    assert all(after[p].cut.term > before[p].cut.term for p in before)
    assert all(before[p].next_offset <= after[p].begin_offset <= after[p].next_offset for p in before)


def test_a_refused_commit_is_never_vouched_for(deployment: Deployment, reference: Reference, injected: Inject) -> None:
    first, second = cut(reference.world, 2)
    d, native = deployment.answers.database, deployment.answers.native
    native.execute(f"SYSTEM STOP MERGES {d}.heads")  # every head stays to be seen
    deployment.send(first)
    with deployment.worker(doom=Doom("before the checkpoint row", 1, SIGSTOP)) as sleeper:
        sleeper.wait_paused()
        with deployment.worker() as other:
            deployment.send(second)
            deployment.wait_landed()
            sleeper.signal(SIGCONT)
            injected("SIGSTOP past the session time-out before the checkpoint row")
            wait_until(lambda: "Kafka refused a commit" in sleeper.said, "the sleeper's commit is refused")
            other.stop()
            sleeper.stop()
    store, void = ClickHouseStore(native.address), 0
    for partition in range(PARTITIONS):
        last = chain(store.checkpoints(deployment.topic, partition, 0)).last
        ours = f"WHERE topic = '{deployment.topic}' AND partition = {partition}"
        vouched = native.execute(f"SELECT term, sequence FROM {d}.heads {ours}")
        written = native.execute(f"SELECT term, sequence FROM {d}.checkpoints {ours}")
        assert all(sequence <= last.get(term, -1) for term, sequence in vouched)
        void += sum(sequence > last.get(term, -1) for term, sequence in written)
    assert void, "no checkpoint became void"
    assert equal(deployment)
