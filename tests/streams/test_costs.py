"""Campaign costs through real workers: each record lands once, broken ones are dead letters, doctor looks, and people's
worker adds up what counts."""

import json

import pytest

from groupvitals.settings import Settings
from schemas.topics import COSTS
from tests.conftest import Run
from tests.streams.workers import Answers, assert_each_record_once, send

AT_MS = 1_767_225_600_000


def cost(number: int, **changed: object) -> bytes:
    event = {
        "event_id": f"c{number}", "type": "cost", "ts_ms": AT_MS + number, "campaign_id": f"k{number % 3}",
        "kind": "ads", "amount_minor": 100 + number, "currency": "EUR",
    }  # fmt: skip
    return json.dumps(event | changed).encode()


@pytest.mark.services
def test_costs_land(settings: Settings, groupvitals: Run) -> None:
    for command in (["topics"], ["migrate"]):
        assert groupvitals(*command).returncode == 0
    sent = send(settings, [cost(number) for number in range(30)] + [cost(99, amount_minor=-1)], COSTS)
    done = groupvitals("worker", "--agent", "costs", "--until-caught-up")
    assert done.returncode == 0, done.stderr
    answers = Answers(settings, contract=COSTS.name)
    assert_each_record_once(answers, sent)
    assert answers.value("SELECT sum(amount_minor) FROM {d}.cost_events FINAL") == sum(range(100, 130))
    assert answers.value("SELECT count() FROM {d}.dead_letters WHERE error = 'invalid_field'") == 1
    looked_at = [finding["what"] for finding in json.loads(groupvitals("doctor", "--json").stdout)]
    assert "costs: landed" in looked_at and "costs: lag" in looked_at
    assert people_add_up(groupvitals, answers) == {f"k{n}": sum(range(100 + n, 130, 3)) for n in range(3)}
    done = groupvitals("exclude", COSTS.name, "0", "3", "--reason", "spent by somebody else")
    assert done.returncode == 0 and "groupvitals rebuild --agent costs" in done.stdout, (done.stdout, done.stderr)
    rebuilt = groupvitals("rebuild", "--agent", "costs", "--json")
    assert rebuilt.returncode == 0 and len(json.loads(rebuilt.stdout)["excluded"]) == 1, rebuilt.stderr
    assert people_add_up(groupvitals, answers)["k0"] == sum(range(100, 130, 3)) - 103


def people_add_up(groupvitals: Run, answers: Answers) -> dict[object, object]:
    """What each campaign cost, once people's worker has caught up; no other worker has ever run."""
    done = groupvitals("worker", "--agent", "people", "--until-caught-up")
    assert done.returncode == 0, done.stderr
    return {row["campaign_id"]: row["cost"] for row in answers.rows("campaigns")}
