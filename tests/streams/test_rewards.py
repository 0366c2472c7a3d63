"""Reward plans and what operators decide about them, through a real worker: all fields land, or a dead letter."""

import json
from typing import Any

import pytest

from groupvitals.settings import Settings
from schemas.topics import REWARDS
from tests.conftest import Run
from tests.schemas.test_contract import ACCEPTED, REFUSED_REWARDS
from tests.streams.workers import Answers, assert_each_record_once, send

SENT = [record | {"event_id": f"r{number}"} for number, (topic, record) in enumerate(ACCEPTED.values())
        if topic == REWARDS.name]  # fmt: skip


@pytest.mark.services
def test_rewards_land(settings: Settings, groupvitals: Run) -> None:
    for command in (["topics"], ["migrate"]):
        assert groupvitals(*command).returncode == 0
    refused = [record for record, _ in REFUSED_REWARDS.values()]
    count = send(settings, [json.dumps(record).encode() for record in [*SENT, *refused]], REWARDS)
    done = groupvitals("worker", "--agent", "rewards", "--until-caught-up")
    assert done.returncode == 0, done.stderr
    answers = Answers(settings, contract=REWARDS.name)
    assert_each_record_once(answers, count)
    assert answers.value(f"SELECT count() FROM {{d}}.{answers.dead_letters}") == len(refused)
    landed: dict[Any, dict[str, Any]] = {row["event_id"]: row for row in answers.rows("reward_events")}
    for record in SENT:
        row = landed[record["event_id"]]
        for name, value in record.items():
            assert (json.loads(row[name]) if name == "tiers" else row[name]) == value, name
    plans = {row["share_bp"]: row for row in landed.values() if row["type"] == "plan"}
    assert plans[10_000]["fixed_minor"] is None and plans[None]["fixed_minor"] == 0, "no sum is not a sum of 0"
    assert plans[None]["hold_days"] == 14 and plans[10_000]["hold_days"] == 0
    assert {row["amount_minor"] for row in landed.values() if row["type"] == "adjustment"} == {-99, None}
    assert groupvitals("exclude", REWARDS.name, "0", "1", "--reason", "a mistake").returncode == 0
    rebuilt = groupvitals("rebuild", "--agent", "rewards", "--json")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert json.loads(rebuilt.stdout)["records"] == len(SENT) - 1
    assert answers.value("SELECT groupArray(offset)[1] FROM {d}.reward_events FINAL WHERE excluded = 1") == 1
