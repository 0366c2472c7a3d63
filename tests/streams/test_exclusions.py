"""Records that operators exclude by name, on real servers: before they are applied, after it, and taken back."""

import asyncio
import json
from typing import Any

import pytest

from groupvitals.connections import kafka_address
from groupvitals.settings import Settings
from schemas.topics import CHAT, LINKS, PRODUCT, TopicSpec
from streams.operations.exclusions import read_exclusions
from streams.operations.following import Following
from tests.conftest import Run
from tests.oracle.worlds import DAY_MS, HOUR_MS
from tests.streams.test_bad_input import event
from tests.streams.workers import VIEWS, Answers, assert_each_record_once, send, wait_until

pytestmark = pytest.mark.services
NOW, G = 1_750_000_000_000, "qq:-:g"
WHY = ("--reason", "its clock was ahead", "--actor", "ann")


@pytest.fixture
def deployment(settings: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Topics of one partition, so that offsets are known, and tables."""
    for name in ("CHAT_PARTITIONS", "PERSON_PARTITIONS"):
        monkeypatch.setenv(f"GROUPVITALS_KAFKA__{name}", "1")
    for command in ("topics", "migrate"):
        well(groupvitals(command))
    return settings


def well(done: Any) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def message(number: int, ts_ms: int, member: str = "ann", **changes: Any) -> bytes:
    return event(event_id=f"e{number}", message_id=f"x{number}", ts_ms=ts_ms, member_id=member, **changes)


def some_chat() -> list[bytes]:
    """A week of three members; at offset 3 somebody joins a month ahead."""
    plain = [message(i, NOW + i * 8 * HOUR_MS, f"m{i % 3}") for i in range(20)]
    wrong = {"event_id": "wrong", "type": "join", "ts_ms": NOW + 30 * DAY_MS, "platform": "qq", "group_id": G}
    plain.insert(3, json.dumps(wrong | {"member_id": "ghost"}).encode())
    return plain


def numbers(answers: Answers) -> dict[str, Any]:
    """What people see, but for the raw records."""
    return {view: answers.rows(view) for view in (*VIEWS, "facts", "effective_members", "member_status")}


def worker(groupvitals: Run, agent: str = "community") -> None:
    for one in dict.fromkeys((agent, "people")):
        well(groupvitals("worker", "--until-caught-up", "--agent", one))


def faults(groupvitals: Run, what: str = "exclusions") -> list[dict[str, str]]:
    """What doctor finds of exclusions that is not well."""
    found = json.loads(groupvitals("doctor", "--json").stdout)
    assert any(one["what"] == "exclusions" for one in found)
    return [one for one in found if one["what"] == what and one["severity"] != "ok"]


def without(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in ("topic", "partition")} for row in rows]


def test_a_record_is_left_out_whether_it_was_applied_or_not_and_comes_back(
    deployment: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(deployment, some_chat())
    worker(groupvitals)
    before = Answers(deployment)
    everything = numbers(before)
    assert before.value("SELECT countIf(late) FROM {d}.events") == 17, "what came after the wrong clock"

    assert "groupvitals rebuild" in well(groupvitals("exclude", "chat.events", "0", "3", *WHY)), "it is counted already"
    (counted,) = faults(groupvitals)
    assert "1 record is excluded but still counted: chat.events/0/3" in counted["found"]
    assert "groupvitals rebuild" in counted["do"]
    verified = json.loads(well(groupvitals("rebuild", "--verify", "--json")))
    assert (verified["different"], verified["excluded"], verified["unsettled"]) == (0, 0, 1)
    rebuilt = json.loads(well(groupvitals("rebuild", "--json")))
    assert rebuilt["excluded"] == ["chat.events/0/3 (its clock was ahead)"]
    worker(groupvitals, "people")
    left_out = numbers(before)
    assert left_out != everything and faults(groupvitals) == []
    verified = json.loads(well(groupvitals("rebuild", "--verify", "--json")))
    assert (verified["different"], verified["excluded"], verified["unsettled"]) == (0, 1, 0)
    assert_each_record_once(before, 21)
    assert before.value("SELECT groupArray(offset)[1] FROM {d}.events FINAL WHERE excluded") == 3, "nothing is lost"

    monkeypatch.setenv("GROUPVITALS_CLICKHOUSE__DATABASE", f"{deployment.clickhouse.database}_again")
    well(groupvitals("migrate"))
    worker(groupvitals)
    anew = Answers(deployment, f"{deployment.clickhouse.database}_again")
    for view, rows in numbers(anew).items():
        assert without(rows) == without(left_out[view]), f"{view}: a worker that comes later passes it over"
    assert anew.value("SELECT countIf(late) FROM {d}.events") == 0
    assert json.loads(well(groupvitals("rebuild", "--verify", "--json")))["excluded"] == 1
    assert faults(groupvitals) == []

    well(groupvitals("exclude", "chat.events", "0", "3", "--undo", *WHY))
    (found,) = faults(groupvitals)
    assert "1 record is no longer excluded but still left out: chat.events/0/3" in found["found"]
    well(groupvitals("rebuild"))
    worker(groupvitals, "people")
    assert faults(groupvitals) == []
    for view, rows in numbers(anew).items():
        assert without(rows) == without(everything[view]), f"{view}: as if it had never been excluded"
    anew.native.execute(f"DROP DATABASE {anew.database} SYNC")


def test_a_repeat_of_an_excluded_record_counts(deployment: Settings, groupvitals: Run) -> None:
    """Also as a fact: a join that is excluded where it came first, and where it came again is not."""
    joined = {"event_id": "j", "type": "join", "ts_ms": NOW, "platform": "qq", "group_id": G, "member_id": "ann"}
    send(deployment, [json.dumps(joined).encode()] * 2 + [message(9, NOW + 1, "bob")])
    worker(groupvitals)
    answers = Answers(deployment)
    before = numbers(answers)
    well(groupvitals("exclude", "chat.events", "0", "0", *WHY))
    well(groupvitals("rebuild"))
    worker(groupvitals, "people")
    before["facts"][0]["offset"] = 1  # of the repeat
    assert numbers(answers) == before
    well(groupvitals("exclude", "chat.events", "0", "1", *WHY))
    well(groupvitals("rebuild"))
    assert [row["member_id"] for row in answers.rows("memberships")] == ["bob"]
    assert answers.value("SELECT count() FROM {d}.facts FINAL") == 0


def test_the_product_and_links_follow(deployment: Settings, groupvitals: Run) -> None:
    order = {"type": "purchase", "user_id": "u", "amount_minor": 5, "currency": "CNY", "ts_ms": NOW}
    link = {"account_id": "qq:-:ann", "source": "login", "ts_ms": NOW}

    def told(spec: TopicSpec, body: dict[str, Any], **each: str) -> None:
        (name, values), *_ = each.items()
        send(deployment, [json.dumps(body | {"event_id": f"e{v}", name: v}).encode() for v in values], spec)

    told(PRODUCT, order, order_id="ab")
    told(LINKS, link, user_id="uv")
    for agent in ("product", "links"):
        worker(groupvitals, agent)
    answers = Answers(deployment)

    def known() -> tuple[list[Any], list[Any]]:
        return [row["order_id"] for row in answers.rows("orders")], [
            r["user_id"] for r in answers.rows("account_owners")
        ]

    assert known() == (["a", "b"], ["v"])
    for topic in ("product.events", "identity.links"):
        well(groupvitals("exclude", topic, "0", "1", *WHY))
    assert len(faults(groupvitals, "product: exclusions")) == len(faults(groupvitals, "links: exclusions")) == 1
    for agent in ("product", "links"):
        well(groupvitals("rebuild", "--agent", agent))
    worker(groupvitals, "people")
    assert known() == (["a"], ["u"])
    for topic in ("product.events", "identity.links"):
        well(groupvitals("exclude", topic, "0", "1", "--undo", *WHY))
    for agent in ("product", "links"):
        well(groupvitals("rebuild", "--agent", agent))
    worker(groupvitals, "people")
    assert known() == (["a", "b"], ["v"])


def test_what_cannot_be_excluded_is_said(deployment: Settings, groupvitals: Run) -> None:
    send(deployment, [message(0, NOW)])
    for arguments, sentence in {
        ("operations", "0", "0"): "Records of operations cannot be excluded",
        ("chat.events", "7", "0"): "it has no partition 7",
        ("chat.events", "0", "1"): "partition 0 ends at offset 1",
        ("chat.events", "0", "0", "--undo"): "there is nothing to undo",
    }.items():
        done = groupvitals("exclude", *arguments, *WHY)
        assert done.returncode == 2 and sentence in done.stderr, done.stderr
    done = groupvitals("exclude", "chat.events", "0", "0", "--reason", "x" * 129)
    assert done.returncode == 2 and "--reason cannot be used" in done.stderr
    assert "workers will skip it" in well(groupvitals("exclude", "chat.events", "0", "0", *WHY))
    done = groupvitals("exclude", f"{deployment.kafka.topic_prefix}chat.events", "0", "0", *WHY)
    assert "was already excluded by ann: its clock was ahead" in done.stderr


def test_decisions_land_and_a_worker_follows_them(deployment: Settings, groupvitals: Run) -> None:
    send(deployment, [message(i, NOW) for i in range(3)])
    kafka, prefix = kafka_address(deployment), deployment.kafka.topic_prefix

    async def follow() -> None:
        following = Following(kafka, prefix, (CHAT.name, PRODUCT.name))
        chat, product = (following.exclusions[spec.name] for spec in (CHAT, PRODUCT))
        await following.caught_up()
        assert not len(chat.offsets(0))
        stop = asyncio.Event()
        running = asyncio.create_task(following.run(stop))
        await asyncio.to_thread(lambda: well(groupvitals("exclude", "chat.events", "0", "1", *WHY)))
        await asyncio.to_thread(wait_until, lambda: len(chat.offsets(0)) == 1, "it is known")
        assert not len(product.offsets(0))
        stop.set()
        await running
        await following.close()

    asyncio.run(follow())
    assert read_exclusions(kafka, prefix, PRODUCT.name).in_force == []
    (one,) = read_exclusions(kafka, prefix, CHAT.name).in_force
    worker(groupvitals, "operations")
    (row,) = Answers(deployment).rows("operations")
    told = ("type", "subject", "of_topic", "of_partition", "of_offset", "reason", "actor_id", "undo")
    assert [row[name] for name in told] == [
        "exclude", one.subject, "chat.events", 0, 1, "its clock was ahead", "ann", 0,
    ]  # fmt: skip
