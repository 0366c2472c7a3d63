"""Campaign costs through a real worker: each record lands once, broken ones are dead letters, doctor looks."""

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
