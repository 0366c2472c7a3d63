"""`groupvitals replay` on real servers: every topic it fed is landed, late events are put right, all is said."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from deploy.endpoints import Endpoints
from groupvitals.checks import numbers
from groupvitals.checks.finding import OK, WARNING, Deployment
from groupvitals.commands.importing import import_
from groupvitals.commands.replay import replay
from groupvitals.settings import Settings, load_settings
from tests.conftest import Run, remove_deployment
from tests.sources.test_imported import EXAMPLES, EXPORTS
from tests.sources.test_rows import HEADER, ROWS
from tests.streams.workers import Answers, wait_until, worker

LATE = EXPORTS / "late"
#: What has no figures, or says how they came about: by which flush, late or not.
_BY_THE_WAY = {"topic", "version", "slot", "late", "late_events"}
ASKED = (
    "rolling_activity", "rolling_activity_daily", "tiers", "tiers_daily", "retention", "effective_members",
    "effective_members_daily", "member_status", "memberships", "groups", "panes", "closed_member_days",
    "score",
)  # fmt: skip


def test_replay_takes_every_option_that_import_takes() -> None:
    options = inspect.signature(import_).parameters
    assert len(options) > 10
    assert options.items() <= inspect.signature(replay).parameters.items()


def done(groupvitals: Run, *arguments: object) -> dict[str, Any]:
    """Replay, and what it says to programs."""
    result = groupvitals("replay", "--json", *map(str, arguments))
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def figures(settings: Settings) -> dict[str, Any]:
    """All answers, but for what says how they came about."""
    answers = Answers(settings)
    return {
        view: [{name: value for name, value in row.items() if name not in _BY_THE_WAY} for row in answers.rows(view)]
        for view in ASKED
    }


@pytest.mark.services
def test_an_older_export_after_a_newer_one_gives_what_both_give_at_once(
    groupvitals: Run, settings: Settings, services: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = done(groupvitals, LATE / "newer.json")
    assert first["corrected"] is None and first["days"][-1] == "2026-09-06"
    said = groupvitals("replay", str(LATE / "older.json"))
    assert said.returncode == 0, said.stderr
    assert re.search(r"\d+ late, after their hours had closed: now counted there", said.stdout)
    assert re.search(r"\d+ repeated under an id seen before: each counts once", said.stdout)
    assert "1 line could not be read" in said.stdout
    assert "days closed, 2026-09-01 to 2026-09-06" in said.stdout
    found = figures(settings)
    (month,) = [row for row in found["rolling_activity"] if row["window"] == "28d" and row["group_id"] != "*"]
    (tiers,) = [row for row in found["tiers"] if row["group_id"] != "*"]
    assert (month["messages"], month["joins"], tiers["messages"]) == (12, 5, 9)
    other = f"{settings.clickhouse.database}b"
    monkeypatch.setenv("GROUPVITALS_KAFKA__TOPIC_PREFIX", f"{other}.")
    monkeypatch.setenv("GROUPVITALS_CLICKHOUSE__DATABASE", other)
    at_once = done(groupvitals, LATE / "older.json", LATE / "newer.json")
    assert at_once["topics"]["chat.events"]["late"] == 0
    whole = figures(load_settings())
    remove_deployment(services, other)
    for view in ASKED:
        assert found[view] == whole[view], view


@pytest.mark.services
def test_a_worker_and_the_doctor_say_what_late_events_left_open(
    groupvitals: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    for export, late in (("newer", False), ("older", True)):
        assert groupvitals("import", str(LATE / f"{export}.json")).returncode == 0
        ended = groupvitals("worker", "--until-caught-up")
        assert ("arrived after their hours or days had closed" in ended.stderr) is late, ended.stderr
    monkeypatch.setattr(numbers, "LATE_S", 0)

    def found() -> list[tuple[str, str]]:
        return [(finding.severity, finding.found) for finding in numbers.late(Deployment(settings))]

    ((severity, text),) = found()
    assert severity == WARNING and "events arrived after their hour or day had closed" in text
    assert groupvitals("rebuild", "--correct").returncode == 0
    assert found() == [(OK, "none")]


@pytest.mark.services
def test_files_of_all_kinds_land_in_one_go_and_all_of_them_is_said(
    groupvitals: Run, settings: Settings, home: Path
) -> None:
    folder = home.parent
    links, costs, broken = (folder / f"{name}.ndjson" for name in ("links", "costs", "product.events"))
    links.write_text(
        '{"event_id":"l1","type":"link","ts_ms":1709341200000,"account_id":"a","user_id":"c-17","source":"login"}'
    )
    cost = {"event_id": "k", "type": "cost", "ts_ms": 1_709_341_200_000, "campaign_id": "spring", "kind": "ads"}
    costs.write_text(json.dumps(cost | {"amount_minor": 1, "currency": "EUR"}))
    broken.write_text('{"event_id":"p0","type":"open","ts_ms":1709341200000,"user_id":"u"}\n{"user_id":"u"}\nrubbish\n')
    orders, shop = EXAMPLES / "orders.csv", EXAMPLES / "shop.toml"
    files = (EXPORTS / "telegram.json", orders, links, costs, broken)
    found = done(groupvitals, "--mapping", shop, *files)
    assert [(file["format"], file["topic"]) for file in found["files"]] == [
        ("telegram", "chat.events"), ("mapped", "product.events"), ("ndjson", "identity.links"),
        ("ndjson", "campaign.costs"), ("ndjson", "product.events"),
    ]  # fmt: skip
    topics = found["topics"]
    assert set(topics) == {"chat.events", "product.events", "identity.links", "campaign.costs"}
    assert topics["campaign.costs"]["landed"] == 1
    assert topics["product.events"]["kinds"] == {"purchase": 3, "refund": 1, "open": 1}
    assert topics["product.events"]["dead"] == {"invalid_json": 1, "missing": 1}
    assert (topics["identity.links"]["landed"], topics["identity.links"]["people"]) == (1, 1)
    assert topics["chat.events"]["groups"] == 1 and topics["chat.events"]["people"] > 3
    assert found["days"] and all(count == 0 for count in (topic["left"] for topic in topics.values()))
    answers = Answers(settings)
    assert answers.value("SELECT count() FROM {d}.orders") == 3
    assert answers.value("SELECT count() FROM {d}.journey_acts FINAL WHERE side = 'product'") == 5
    again = groupvitals("replay", "--restart", "--mapping", str(shop), *map(str, files))
    assert again.returncode == 0, again.stderr
    for sentence in (
        "product.events: 5 landed: 3 purchase",
        "5 repeated under an id seen before: each counts once",
        "2 dead letters (1 invalid_json, 1 missing): run `groupvitals dlq list` to see why",
        "campaign.costs: 1 landed: 1 cost",
        'passed over: 1 rows whose type the mapping maps to ""',
    ):
        assert sentence in again.stdout, again.stdout
    assert "differ from" not in again.stdout


@pytest.mark.services
def test_a_group_that_speaks_itself_and_a_name_whose_id_is_known_are_no_people(
    groupvitals: Run, settings: Settings, home: Path
) -> None:
    def export(name: str, *messages: dict[str, Any]) -> Path:
        at = {"date": "2026-09-01T10:00:00", "date_unixtime": "1788256800", "text": ""}
        told = [at | {"id": number, "type": "message"} | fields for number, fields in enumerate(messages, 1)]
        chat = {"name": "Chess", "type": "public_supergroup", "id": 1700000007, "messages": told}
        path = home.parent / f"{name}.json"
        path.write_text(json.dumps(chat, indent=1))
        return path

    ann = {"from": "Ann", "from_id": "user1"}
    invited = {"type": "service", "action": "invite_members", "actor": "Ann", "actor_id": "user1", "members": ["Cy"]}
    ours = {"from": "Chess", "from_id": "channel1700000007"}
    first = export("first", ann, ours, invited)
    second = export("second", ann, ours, invited, {"from": "Cy", "from_id": "user3"})
    assert done(groupvitals, first)["topics"]["chat.events"]["people"] == 2  # Ann, and Cy by name
    again = done(groupvitals, first, second, "--restart")["topics"]["chat.events"]
    assert again["kinds"]["profile"] > 0 and again["people"] == 2  # Ann and Cy, whose id is known now


@pytest.mark.services
def test_an_order_is_worth_all_its_lines(groupvitals: Run, settings: Settings, home: Path) -> None:
    mapping = home.parent / "lines.toml"
    mapping.write_text("lines = true\n" + (ROWS / "byorder.toml").read_text())
    assert done(groupvitals, "--mapping", mapping, ROWS / "lines.csv")["topics"]["product.events"]["landed"] == 2
    orders = {row["order_id"]: row["net_minor"] for row in Answers(settings).rows("orders")}
    assert orders == {"A-1": 6_000, "A-2": 1_000}


@pytest.mark.services
def test_orders_that_are_told_differently_in_another_file_are_counted(
    groupvitals: Run, settings: Settings, home: Path
) -> None:
    rows = (ROWS / "lines.csv").read_text().splitlines(keepends=True)
    path, changed = home.parent / "one.csv", home.parent / "two.csv"
    path.write_text(rows[0] + rows[1] + rows[4])
    changed.write_text(HEADER + rows[2])
    by_order, by_line = ROWS / "byorder.toml", ROWS / "byline.toml"
    assert done(groupvitals, "--mapping", by_order, path)["topics"]["product.events"]["contradicted"] == 0
    found = done(groupvitals, "--mapping", by_order, changed)["topics"]["product.events"]
    assert (found["repeated"], found["contradicted"], found["orders"]) == (1, 1, 0)
    said = groupvitals("replay", "--mapping", str(by_line), str(changed))
    assert said.returncode == 0, said.stderr
    assert "1 order has several payments, and only the earliest counts" in said.stdout


@pytest.mark.services
def test_a_replay_beside_a_worker_waits_for_what_the_other_lands(groupvitals: Run, settings: Settings) -> None:
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    answers = Answers(settings)
    with worker():
        wait_until(lambda: answers.value("SELECT count() FROM {d}.checkpoints") > 0, "the worker has begun")
        found = done(groupvitals, EXPORTS / "telegram.json")
        landed = answers.value("SELECT count() FROM {d}.events FINAL WHERE type != 'tick'")
    assert found["topics"]["chat.events"]["landed"] == landed == found["records"] > 20


@pytest.mark.services
def test_nothing_is_started_for_a_file_that_is_something_else(groupvitals: Run, settings: Settings) -> None:
    wrong = groupvitals("replay", "--format", "ndjson", str(LATE / "newer.json"))
    assert wrong.returncode == 2
    assert wrong.stderr.strip().endswith("newer.json looks like a Telegram export: use --format telegram.")
    assert groupvitals("ask", "tiers").returncode != 0  # there is no database
