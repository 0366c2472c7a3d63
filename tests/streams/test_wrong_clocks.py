"""Devices and producers whose clocks are ahead: with the broker's stamps none matters, else only to its own group."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from groupvitals.connections import kafka_address
from groupvitals.settings import Settings
from streams.kafka.admin import kafka_admin
from streams.kafka.topic_settings import STAMP_LIMITS, STAMPS, actual_settings
from tests.conftest import Run
from tests.streams.test_bad_input import event
from tests.streams.workers import Answers

pytestmark = pytest.mark.services
HOUR_MS, MONTH_MS = 3_600_000, 30 * 86_400_000
WRONG, RIGHT = "qq:-:wrong", "qq:-:right"


def send(settings: Settings, group: str, *events: dict[str, Any], stamp_ms: int | None = None) -> None:
    """Messages of a group, with these fields; stamped by the producer's clock, be it right or wrong."""
    with KafkaProducer(**kafka_address(settings).for_clients()) as producer:
        for changes in events:
            value = event(**{"message_id": changes["event_id"], "group_id": group, **changes})
            topic = f"{settings.kafka.topic_prefix}chat.events"
            producer.send(topic, value, group.encode(), partition=0, timestamp_ms=stamp_ms).get(60)


def tell_stamps(settings: Settings) -> None:
    """Have the topic stamped by its producers, and wait until the broker does."""
    topic, wanted = f"{settings.kafka.topic_prefix}chat.events", {STAMPS: "CreateTime", STAMP_LIMITS[0]: str(2**62)}
    with kafka_admin(kafka_address(settings)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, wanted)])
        while actual_settings(admin, [topic])[topic].items() < wanted.items():
            pass


def around(now: int, hours: float, *names: str) -> list[dict[str, Any]]:
    """Messages of five members, some hours after now."""
    return [
        {"event_id": name, "member_id": f"m{i % 5}", "ts_ms": now + int(hours * HOUR_MS) + i}
        for i, name in enumerate(names)
    ]


def told(groupvitals: Run, question: str, group: str) -> dict[str, Any]:
    """The first row of an answer."""
    done = groupvitals("ask", question, "--group", group, "--format", "json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)[0])


@pytest.fixture
def now(settings: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch) -> int:
    """A deployment of one partition; the present."""
    for name, value in {"KAFKA__CHAT_PARTITIONS": 1, "WORKER__TICK_S": 0}.items():
        monkeypatch.setenv(f"GROUPVITALS_{name}", str(value))
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    return int(time.time() * 1000)


def land(groupvitals: Run) -> None:
    done = groupvitals("worker", "--agent", "all", "--until-caught-up")
    assert done.returncode == 0, done.stderr
    verified = groupvitals("rebuild", "--verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_with_the_brokers_stamps_no_clock_is_ahead(now: int, settings: Settings, groupvitals: Run) -> None:
    fast = {"member_id": "fast"}
    send(settings, WRONG, *around(now, -3, "a1", "a2"))
    send(settings, WRONG, {"event_id": "fast50", "ts_ms": now + 50 * 60_000, **fast})
    send(settings, WRONG, {"event_id": "fast2h", "ts_ms": now + 2 * HOUR_MS, **fast})
    send(settings, WRONG, {"event_id": "month", "ts_ms": now + MONTH_MS, **fast}, stamp_ms=now + MONTH_MS)
    send(settings, WRONG, *around(now, -47.5, "b1", "b2", "b3"))
    land(groupvitals)
    answers = Answers(settings)
    assert answers.value("SELECT count() FROM {d}.dead_letters FINAL") == 2, "what is more than an hour ahead"
    assert answers.value("SELECT countIf(late) FROM {d}.events FINAL") == 0
    time_ms = answers.value("SELECT max_ms FROM {d}.group_clocks")
    assert now <= time_ms <= time.time() * 1000, "the event that is 50 minutes ahead moves time to its stamp"
    row = told(groupvitals, "rolling_activity", WRONG)
    assert datetime.fromisoformat(row["as_of"]).timestamp() * 1000 == pytest.approx(time_ms, abs=1)
    later = (now + 50 * 60_000) // HOUR_MS > time_ms // HOUR_MS
    assert row["messages"] == (0 if later else 1), "what is not yet counts when it is"


def test_one_wrong_stamp_moves_no_other_groups_day(now: int, settings: Settings, groupvitals: Run) -> None:
    tell_stamps(settings)
    send(settings, WRONG, *around(now, -3, "a1", "a2"), stamp_ms=now)
    send(settings, WRONG, {"event_id": "month", "member_id": "fast", "ts_ms": now + MONTH_MS}, stamp_ms=now + MONTH_MS)
    send(settings, WRONG, *around(now, -1, "b1", "b2"), stamp_ms=now)
    send(settings, RIGHT, *around(now, -75, "c1", "c2"), *around(now, -1, "d1", "d2", "d3", "d4", "d5"), stamp_ms=now)
    land(groupvitals)
    answers = Answers(settings)
    late = "SELECT countIf(late) FROM {{d}}.events FINAL WHERE group_id = '{}'"
    assert [answers.value(late.format(group)) for group in (WRONG, RIGHT)] == [2, 0], "its own group has the damage"
    today = datetime.fromtimestamp(now / 1000 - 3600, UTC).date()
    row = told(groupvitals, "effective_members", RIGHT)
    assert (row["day"], row["active"], row["unobservable"]) == (today.isoformat(), 5, 0)
    row = told(groupvitals, "rolling_activity", RIGHT)
    assert datetime.fromisoformat(row["as_of"]).date() == today and row["messages"] == 5
    assert told(groupvitals, "rolling_activity", WRONG)["messages"] == 0, "what is late, and what is not yet"
    assert told(groupvitals, "tiers", RIGHT)["messages"] == 7
    for words in (("rebuild", "--correct"), ("worker", "--agent", "all", "--until-caught-up", "--close-days")):
        done = groupvitals(*words)  # the wrong stamp has closed days before their time: what came then is late
        assert done.returncode == 0, done.stderr
    closed = answers.native.execute(f"SELECT closed_until FROM {answers.database}.closed_until")[0][0]
    assert closed == (datetime.fromtimestamp(now / 1000, UTC) - timedelta(hours=48)).date()
    assert answers.value("SELECT count() FROM {d}.people_group_days FINAL WHERE day >= today()") == 0
