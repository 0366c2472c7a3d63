"""Real workers close days by themselves: what members were is written, and changes are told on their topic."""

import json
import time
from typing import Any

import pytest
from kafka import KafkaConsumer

from groupvitals.settings import Settings
from schemas.transition import Transition
from tests.conftest import Run
from tests.streams.test_bad_input import event
from tests.streams.workers import Answers, send

pytestmark = pytest.mark.services
DAY_MS = 86_400_000


def some_days(now_ms: int) -> list[bytes]:
    """Ann joins four days ago and leaves a day later; Bob is there all the time."""

    def one(number: int, ago: float, **fields: Any) -> bytes:
        common = {"event_id": f"e{number}", "group_id": "qq:-:g", "ts_ms": now_ms - int(ago * DAY_MS)}
        return event(**common, message_id=f"x{number}", **fields)

    return [
        one(1, 4.4, member_id="ann", type="join"), one(2, 4.35, member_id="ann"), one(3, 4.3, member_id="bob"),
        one(4, 3.2, member_id="ann", type="leave"), one(5, 0.01, member_id="bob"),
    ]  # fmt: skip


def test_workers_close_days(settings: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPVITALS_KAFKA__CHAT_PARTITIONS", "1")
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    answers = Answers(settings)
    send(settings, some_days(int(time.time() * 1000)))
    for agent in ("community", "product", "links", "people"):
        assert groupvitals("worker", "--agent", agent, "--until-caught-up").returncode == 0
    assert answers.value("SELECT count() FROM {d}.people_group_days") == 0, "no clock has come so far everywhere"
    assert groupvitals("worker", "--agent", "all", "--until-caught-up", "--close-days").returncode == 0
    assert answers.value("SELECT count() FROM {d}.effective_members_daily WHERE group_id = '*'") >= 2
    consumer = KafkaConsumer(
        f"{settings.kafka.topic_prefix}member.transitions", bootstrap_servers=settings.kafka.bootstrap,
        auto_offset_reset="earliest", consumer_timeout_ms=2_000,
    )  # fmt: skip
    told = [(record.key, Transition.model_validate_json(record.value)) for record in consumer]
    consumer.close()
    assert [(key, one.member_id, one.previous, one.state) for key, one in told] == [
        (b"qq:-:g", "ann", "active", "left")
    ]
    asked = groupvitals(
        "ask", "effective_members", "--as-of", str(told[0][1].day), "--group", "qq:-:g", "--format", "json"
    )
    (row,) = json.loads(asked.stdout)
    assert (row["headcount"], row["active"], row["left"]) == (1, 1, 1)
