"""A deployment of one source, on real servers: it has a clock and answers, and the doctor finds nothing wrong."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from groupvitals.checks.examine import examine
from groupvitals.checks.finding import OK
from groupvitals.connections import clickhouse
from groupvitals.settings import Settings
from schemas.errors import ConfigError
from schemas.topics import CHAT, LINKS, PRODUCT, TopicSpec
from sinks.clickhouse.asking import Asked, ask
from sinks.clickhouse.questions import questions
from sinks.clickhouse.questions.spec import Past
from tests.conftest import Run
from tests.streams.workers import send

pytestmark = pytest.mark.services
DAY_MS, BEGIN_MS = 86_400_000, 1_788_256_800_000  # 2026-09-01T10:00Z
#: The newest event of a source, and a day before.
END, DAY = datetime(2026, 9, 20, 10, tzinfo=UTC), date(2026, 9, 10)


def events(*found: tuple[float, dict[str, Any]]) -> list[bytes]:
    """Events by the day after the beginning on which they happened."""
    return [
        json.dumps({"event_id": f"e{n}", "ts_ms": BEGIN_MS + int(day * DAY_MS)} | one).encode()
        for n, (day, one) in enumerate(found)
    ]


PURCHASE = {"type": "purchase", "order_id": "o1", "amount_minor": 500, "currency": "EUR"}
USED = events(
    *((day, {"type": "open", "user_id": f"u{day % 2}"}) for day in range(20)), (3, PURCHASE | {"user_id": "u1"})
)
LINKED = events(
    *((day, {"type": "link", "account_id": f"qq:-:m{day}", "user_id": "u1", "source": "login"}) for day in range(20))
)
TALKED = events(
    *(
        (day, {"type": "read", "count": 1, "platform": "qq", "group_id": "qq:-:g", "member_id": f"m{day % 2}"})
        for day in range(20)
    )
)


@pytest.mark.parametrize(
    ("agent", "spec", "values", "has"),
    [
        ("product", PRODUCT, USED, {"segments", "journeys", "chat_to_purchase", "conversion_paths"}),
        ("links", LINKS, LINKED, set[str]()),
        (
            "community", CHAT, TALKED,
            {"effective_members", "member_status", "rolling_activity", "tiers", "segments", "contacts"},
        ),
    ],
)  # fmt: skip
def test_one_source_alone(
    agent: str, spec: TopicSpec, values: list[bytes], has: set[str], settings: Settings, groupvitals: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    settings.kafka.chat_partitions = settings.kafka.person_partitions = 1
    for kind in ("CHAT", "PERSON"):
        monkeypatch.setenv(f"GROUPVITALS_KAFKA__{kind}_PARTITIONS", "1")
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    send(settings, values, spec)
    for name in (agent, "people"):
        assert groupvitals("worker", "--agent", name, "--until-caught-up").returncode == 0
    source = {"community": "chat"}.get(agent, agent)
    address, found = clickhouse(settings), set()
    for name, question in questions().items():
        who = Asked(person="u1" if question.parameter else None)
        if rows := ask(address, name, who):
            found.add(name)
            assert {row["as_of"] for row in rows if "as_of" in row} <= {END}
        if question.past is Past.ANY_DAY and agent != "links":
            assert {row.get("day", DAY) for row in ask(address, name, replace(who, as_of=DAY))} <= {DAY}
    assert found == has
    if "segments" in has:
        assert {row["day"] for row in ask(address, "segments", Asked())} == {END.date()}
        moves = Counter[str]()  # each source alone closes days
        for row in ask(address, "segments", Asked(since=DAY)):
            moves[row["dimension"]] += row["people"]
        assert set(moves.values()) == {2}
    else:
        with pytest.raises(ConfigError, match="No chat and no product events have landed yet"):
            ask(address, "segments", Asked(as_of=DAY))
    of_persons = (name for name in has if any(one.name == "person_id" for one in questions()[name].columns))
    shown = groupvitals("ask", min(of_persons, default="segments"), "--person", "u1")
    assert f"Counts up to: {source} 2026-09-20 10:00." in shown.stdout.splitlines(), shown.stderr
    assert [finding for finding in examine(settings) if finding.severity != OK] == []
