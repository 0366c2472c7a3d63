"""A database of an older version is migrated, its workers go on, and its answers are those of a fresh deployment."""

import json
from collections.abc import Iterator

import pytest

from groupvitals.connections import clickhouse
from groupvitals.settings import Settings
from schemas.agents import PEOPLE
from schemas.errors import ConfigError
from sinks.clickhouse.connection import Native
from tests.conftest import Run
from tests.streams.workers import VIEWS, Answers
from tests.upgrades.dump import TOPICS, ZONE
from tests.upgrades.restore import restore

pytestmark = pytest.mark.services
VERSIONS = ("f39a579",)
#: What is asked of chat, what people are told of users, orders, links and acts, and what is computed of them. Landed
#: rows are not compared: they keep what their version knew of a record.
COMPARED = (
    *VIEWS, "users", "orders", "segments", "account_owners", "link_conflicts", "contacts",
    "member_status", "effective_members", "rolling_activity_daily", "tiers_daily", "user_states",
    "user_reference_states",
)  # fmt: skip
#: Kafka stamps what is produced once more anew; since when a state holds depends on when its days were evaluated.
_LEFT_OUT = {"kafka_ts_ms", "since", "previous", "returned_on"}


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Settings]:
    """The dumped deployment's settings, and a second database for a fresh one on the same topics."""
    own = settings.model_copy(deep=True)
    own.kafka.chat_partitions = own.kafka.person_partitions = 2
    own.kafka.retention_days = -1
    monkeypatch.setenv("GROUPVITALS_WORKER__TIME_ZONE", ZONE)
    monkeypatch.setenv("GROUPVITALS_KAFKA__CHAT_PARTITIONS", "2")
    monkeypatch.setenv("GROUPVITALS_KAFKA__PERSON_PARTITIONS", "2")
    yield own
    Native(clickhouse(own)).execute(f"DROP DATABASE IF EXISTS {_fresh(own)} SYNC")


def _fresh(settings: Settings) -> str:
    return f"{settings.clickhouse.database}_fresh"


def _catch_up(groupvitals: Run) -> None:
    for command in ("topics", "migrate"):
        assert (found := groupvitals(command)).returncode == 0, found.stderr
    for agent in (*TOPICS, PEOPLE.name):
        found = groupvitals("worker", "--agent", agent, "--until-caught-up")
        assert found.returncode == 0, found.stderr
    found = groupvitals("worker", "--agent", "all", "--until-caught-up", "--close-days")
    assert found.returncode == 0, found.stderr


def _answers(settings: Settings, database: str | None = None) -> dict[str, list[dict[str, object]]]:
    answers = Answers(settings, database)

    def rows(name: str) -> list[dict[str, object]]:
        return [{key: value for key, value in row.items() if key not in _LEFT_OUT} for row in answers.rows(name)]

    return {name: rows(name) for name in COMPARED}


@pytest.mark.parametrize("version", VERSIONS)
def test_it_goes_on_with_equal_answers(
    version: str, deployment: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore(deployment, version)
    assert (found := groupvitals("migrate")).returncode == 0, found.stderr
    before = Answers(deployment).flushed()
    for agent in TOPICS:  # its rules lack the days that a partition's clock closes
        assert groupvitals("worker", "--agent", agent, "--until-caught-up").returncode == ConfigError.exit_code
        assert (found := groupvitals("rebuild", "--agent", agent)).returncode == 0, found.stderr
    _catch_up(groupvitals)
    assert 0 < before < Answers(deployment).flushed()
    upgraded = _answers(deployment)
    for agent in TOPICS:
        verified = groupvitals("rebuild", "--agent", agent, "--verify", "--json")
        assert json.loads(verified.stdout)["different"] == 0, verified.stdout
    findings = json.loads(groupvitals("doctor", "--json").stdout)
    assert not [finding for finding in findings if finding["severity"] == "error"]

    monkeypatch.setenv("GROUPVITALS_CLICKHOUSE__DATABASE", _fresh(deployment))
    _catch_up(groupvitals)
    fresh = _answers(deployment, _fresh(deployment))
    for name in COMPARED:
        assert upgraded[name] == fresh[name], name
