"""The topic of people's shares: with two partitions it is refused; lost and made again, nothing is lost with it."""

import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.services import Endpoints
from groupvitals.checks.examine import examine
from groupvitals.checks.finding import ERROR
from groupvitals.commands.worker import worker_config
from schemas.agents import PEOPLE
from schemas.errors import ConfigError
from streams.kafka.admin import kafka_admin
from streams.kafka.topics import ensure_topics
from streams.rebuild.people import PeopleRebuild
from tests.faults.people import PeopleDeployment, Rows, undisturbed_rows
from tests.injected import Inject
from tests.streams.workers import wait_until

pytestmark = pytest.mark.services
PIECES = 3


@pytest.fixture(scope="module")
def undisturbed(clickhouse: tuple[str, int, int]) -> list[Rows]:
    """What is asked after each piece when nothing happens to anybody."""
    return undisturbed_rows(clickhouse, PIECES)


@pytest.fixture
def deployment(services: Endpoints, home: Path) -> Iterator[PeopleDeployment]:
    made = PeopleDeployment(services, home.parent, PIECES)
    yield made
    made.remove()


def delete(deployment: PeopleDeployment) -> None:
    """Delete the topic of shares, and wait until it is gone."""
    with kafka_admin(deployment.kafka) as admin:
        admin.delete_topics([deployment.shares])
        wait_until(lambda: deployment.shares not in admin.list_topics(), "the topic is deleted")


def metric(port: int, name: str, label: str = "") -> dict[str | None, float]:
    """The samples of a worker's metric, by one of its labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    samples = [sample for family in families for sample in family.samples]
    return {sample.labels.get(label): sample.value for sample in samples if sample.name == f"groupvitals_{name}"}


def test_lost_and_made_again_under_a_worker(
    deployment: PeopleDeployment, undisturbed: list[Rows], injected: Inject
) -> None:
    deployment.sources.land()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    began = time.time()
    with deployment.worker(WORKER__WEB_PORT=port) as process:
        deployment.wait(undisturbed[1])
        wait_until(lambda: metric(port, "counted_timestamp_seconds").get(None, 0) > began, "it has counted all")
        members = len(undisturbed[1]["people_members"])
        assert metric(port, "rows_landed_total", "table")["people_members"] == members
        assert metric(port, "take_overs_total") == {None: 1}
        assert metric(port, "stage_seconds_total", "stage").keys() >= {"read", "work out", "land", "commit"}
        delete(deployment)
        injected("people.shards deleted under a worker")
        wait_until(lambda: "taking over partitions []" in process.said, "it owns nothing")
        assert not metric(port, "counted_timestamp_seconds"), "there is no share that could be behind"
        deployment.sources.land()
        found = [finding.what for finding in examine(deployment.settings) if finding.severity == ERROR]
        assert "people: origin" in found
        ensure_topics(deployment.kafka, deployment.layout)
        deployment.wait(undisturbed[2])
        process.stop()
    assert PeopleRebuild(worker_config(deployment.settings, PEOPLE.name)).verify().different == 0


def test_two_shares_are_refused(deployment: PeopleDeployment) -> None:
    delete(deployment)
    with kafka_admin(deployment.kafka) as admin:
        admin.create_topics({deployment.shares: {"num_partitions": 2, "replication_factor": 1}})
    why = f"The topic {deployment.shares} has 2 partitions; everybody is worked out by one owner"
    with deployment.worker() as process:
        assert process.ended() == 2, process.said
    assert why in process.said
    with pytest.raises(ConfigError, match=why):
        ensure_topics(deployment.kafka, deployment.layout)
    delete(deployment)
    ensure_topics(deployment.kafka, deployment.layout)
    deployment.finish()
