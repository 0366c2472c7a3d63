"""The simulator: what it writes is valid but for the planted faults, and the planted truth is what the files say."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigError, InvalidEventError
from schemas.topics import INPUT_TOPICS
from schemas.validate import validate
from sources.simulator import Plan, simulate
from sources.simulator.faults import LATE_TYPES
from sources.simulator.files import write

END_MS = 1_767_225_600_000  # 2026-01-01
HOUR_MS = 3_600_000
CHAT = "chat.events"

plans = st.builds(
    Plan,
    seed=st.integers(0, 2**32), groups=st.integers(1, 9), members=st.integers(45, 150), days=st.integers(1, 9),
    end_ms=st.integers(END_MS - 86_400_000, END_MS), events=st.none() | st.integers(0, 3_000), late=st.floats(0, 0.3),
    repeated=st.floats(0, 0.3), broken=st.floats(0, 0.3), replies=st.floats(0, 1), mentions=st.floats(0, 1),
    questions=st.floats(0, 1), links=st.floats(0, 1), text=st.booleans(), campaigns=st.integers(0, 4),
    roster_days=st.integers(1, 9), call_days=st.integers(1, 9), heartbeat_h=st.integers(1, 48),
    broadcasts=st.integers(0, 3), use=st.floats(0, 2), calls_only=st.booleans(),
)  # fmt: skip


def world(folder: Path, **options: Any) -> tuple[dict[str, Any], dict[str, list[bytes]]]:
    """The truth and the lines of each topic."""
    write(Plan(end_ms=END_MS, **options), folder)
    truth = orjson.loads((folder / "truth.json").read_bytes())
    lines = {topic: (folder / f"{topic}.ndjson").read_bytes().split(b"\n")[:-1] for topic in truth["topics"]}
    return truth, lines


def events(lines: list[bytes]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in lines]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans)
def test_everything_but_the_planted_faults_is_valid_and_counted(plan: Plan, tmp_path_factory: Any) -> None:
    truth = write(plan, tmp_path_factory.mktemp("world"))
    valid: dict[str, list[Any]] = defaultdict(list)
    refused: dict[str, Counter[str]] = defaultdict(Counter)
    for record in simulate(plan):
        try:
            event = validate(record.topic, record.value, plan.end_ms)
        except InvalidEventError as error:
            refused[record.topic][error.kind] += 1
            continue
        valid[record.topic].append(event)
        assert record.key.decode() == INPUT_TOPICS[record.topic].key_of(vars(event))
    for topic, tally in truth["topics"].items():
        planted: Counter[str] = Counter()
        for name, count in tally["broken"].items():
            planted[truth["reasons"][name]] += count
        assert refused[topic] == planted
        by_id = {event.event_id: event for event in valid[topic]}
        assert Counter(event.type for event in by_id.values()) == +Counter(tally["by_type"])
        assert len(valid[topic]) - len(by_id) == tally["repeated"]
        assert tally["records"] == len(valid[topic]) + planted.total()


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    options = {"groups": 5, "members": 80, "days": 5, "broken": 0.05, "late": 0.1, "text": True}
    for folder, seed in (("a", 7), ("b", 7), ("c", 8)):
        write(Plan(end_ms=END_MS, seed=seed, **options), tmp_path / folder)
    a, b, c = ({f.name: f.read_bytes() for f in (tmp_path / folder).iterdir()} for folder in "abc")
    assert a == b
    assert all(a[name] != c[name] for name in a)


def test_files_and_records_agree(tmp_path: Path) -> None:
    plan = Plan(end_ms=END_MS, groups=3, members=60, days=4, broken=0.05)
    simulated = write(plan, tmp_path)["topics"].keys()
    assert simulated == INPUT_TOPICS.keys() - {"operations"}
    values: dict[str, list[bytes]] = defaultdict(list)
    for record in simulate(plan):
        values[record.topic].append(record.value)
    for topic in simulated:
        assert (tmp_path / f"{topic}.ndjson").read_bytes() == b"".join(value + b"\n" for value in values[topic])


def test_slices_of_any_length_keep_the_tally(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.simulator.simulation.SLICE_EVENTS", 50)
    truth, lines = world(tmp_path, groups=4, members=80, days=4, events=4_000, broken=0, repeated=0)
    found = Counter(event["type"] for event in events(lines[CHAT]))
    assert found == +Counter(truth["topics"][CHAT]["by_type"])
    assert 3_000 < found.total() < 5_000


def test_the_number_of_events_is_about_what_was_asked_for(tmp_path: Path) -> None:
    truth, _ = world(tmp_path, groups=20, members=2_000, days=20, events=60_000)
    assert sum(truth["topics"][CHAT]["by_type"].values()) == pytest.approx(60_000, rel=0.05)


def test_late_events_are_those_delivered_after_newer_ones(tmp_path: Path) -> None:
    truth, lines = world(tmp_path, groups=6, members=600, days=12, events=40_000, late=0.05, broken=0)
    newest, seen, late, beyond = 0, set(), 0, 0
    for event in events(lines[CHAT]):
        if event["event_id"] not in seen and event["ts_ms"] < newest:
            assert event["type"] in LATE_TYPES
            late += 1
            beyond += newest - event["ts_ms"] > 48 * HOUR_MS
        seen.add(event["event_id"])
        newest = max(newest, event["ts_ms"])
    tally = truth["topics"][CHAT]
    assert (late, beyond) == (tally["late"], tally["late_beyond"])
    assert beyond > 0


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """A world of some size without faults: truth, and the events of each topic."""
    folder = tmp_path_factory.mktemp("community")
    options = {"seed": 3, "groups": 24, "members": 3_000, "days": 60, "events": 150_000}
    truth, lines = world(folder, late=0, repeated=0, broken=0, **options)
    return truth, {topic: events(rows) for topic, rows in lines.items()}


def members_of(truth: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    columns = truth["members"]
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return {(row["group_id"], row["member_id"]): row for row in rows}


def test_members_do_only_what_their_lives_allow(community: Any) -> None:
    truth, topics = community
    members = members_of(truth)
    end = Plan(end_ms=END_MS).end_ms
    done: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for event in topics[CHAT]:
        if event["type"] not in ("message", "reaction", "read"):
            continue
        key = event["group_id"], event["member_id"]
        member = members[key]
        done[key][event["type"]] += 1
        assert member["joined_ms"] <= event["ts_ms"] < min(member["left_ms"] or end, member["zombie_since_ms"] or end)
        if member["pause_from_ms"]:
            assert not member["pause_from_ms"] <= event["ts_ms"] < member["pause_until_ms"]
    for key, member in members.items():
        counts = done[key]
        assert (counts["message"], counts["reaction"], counts["read"]) == (
            member["messages"], member["reactions"], member["readings"])  # fmt: skip
    states = Counter(member["state"] for member in members.values())
    assert {"zombie", "lurker", "loud", "occasional", "left", "excluded", "returned", "idle"} <= set(states)


def test_rosters_say_who_is_there(community: Any) -> None:
    truth, topics = community
    members = members_of(truth)
    listed: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for event in topics[CHAT]:
        if event["type"] == "roster":
            listed[event["snapshot_id"]].add((event["group_id"], event["member_id"]))
        elif event["type"] == "roster_end":
            at = event["ts_ms"] - 1
            there = {
                key for key, member in members.items()
                if key[0] == event["group_id"] and member["joined_ms"] <= at < (member["left_ms"] or END_MS + 1)
                and not (member["rejoins"] and member["pause_from_ms"] <= at < member["pause_until_ms"])
            }  # fmt: skip
            assert listed[event["snapshot_id"]] == there
            assert event["count"] == len(there)


def test_joins_and_leaves_are_reported_but_for_the_planted_silent_ones(community: Any) -> None:
    truth, topics = community
    found = Counter(event["type"] for event in topics[CHAT])
    joins = leaves = 0
    for member in members_of(truth).values():
        joins += not member["seeded"] and member["joined_ms"] < END_MS
        leaves += bool(member["left_ms"] and member["left_ms"] < END_MS and member["leave_reported"])
        if member["rejoins"]:
            joins += member["pause_until_ms"] < END_MS
            leaves += member["pause_from_ms"] < END_MS
    assert (found["join"], found["leave"]) == (joins, leaves)


def test_bad_inviters_pull_heads_and_good_ones_do_not(community: Any) -> None:
    truth, topics = community
    joined, fled = Counter(), Counter()  # type: ignore[var-annotated]
    inviter_of = {}
    for event in topics[CHAT]:
        key = event["group_id"], event.get("member_id")
        if event["type"] == "join" and "inviter_id" in event:
            inviter_of[key] = event["group_id"], event["inviter_id"], event["ts_ms"]
            joined[inviter_of[key][:2]] += 1
        elif event["type"] == "leave" and key in inviter_of and event["ts_ms"] - inviter_of[key][2] < HOUR_MS:
            fled[inviter_of.pop(key)[:2]] += 1
    shares = defaultdict(list)
    columns = truth["inviters"]
    for group, member, quality, joins, left in zip(*columns.values(), strict=True):
        if joins and quality != "bad":
            assert joined[group, member] >= joins  # those who came back joined twice
        assert fled[group, member] == left
        if joins >= 5:
            shares[quality].append(left / joins)
    assert np.mean(shares["bad"]) > 0.6
    assert np.mean(shares["good"]) < 0.15


def test_groups_become_what_was_planted(community: Any) -> None:
    truth, topics = community
    groups = truth["groups"]
    talk: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in topics[CHAT]:
        if event["type"] == "message" and "call_id" not in event:
            talk[event["group_id"]].append(event)
    kinds = set()
    for group, kind, turn in zip(groups["group_id"], groups["kind"], groups["turn_ms"], strict=True):
        kinds.add(kind)
        late_half = [event for event in talk[group] if event["ts_ms"] > (turn or 0) + (END_MS - (turn or 0)) // 2]
        if kind == "fade":
            begin = min(event["ts_ms"] for event in talk[group])
            before = sum(event["ts_ms"] < turn for event in talk[group]) / (turn - begin)
            assert len(late_half) / (END_MS - turn) * 2 < 0.7 * before
        if kind == "advertising":
            adverts = sum(event["kind"] == "link" for event in late_half)
            assert adverts > 0.5 * len(late_half)
            assert not any(event["kind"] == "link" for event in talk[group] if event["ts_ms"] < turn)
    assert kinds == {"live", "fade", "advertising"}


def test_calls_are_answered_as_planted(community: Any) -> None:
    truth, topics = community
    answers: Counter[str] = Counter()
    for event in topics[CHAT]:
        asked = event.get("reply_to_message_id") or (event["type"] == "reaction" and event["message_id"]) or ""
        if asked.startswith("c") and event["type"] in ("message", "reaction"):
            answers["k" + asked[1:]] += 1
    answers.update(event["call_id"] for event in topics["product.events"] if "call_id" in event)
    calls = truth["calls"]
    assert {call: answers[call] for call in calls["call_id"]} == dict(
        zip(calls["call_id"], calls["answered"], strict=True))  # fmt: skip
    assert sum(calls["answered"]) > 100


def test_operators_post_a_broadcast_in_many_groups_and_users_follow_it(tmp_path: Path) -> None:
    plan = {"groups": 20, "members": 1_000, "broadcasts": 5, "late": 0, "repeated": 0, "broken": 0, "days": 20}
    truth, lines = world(tmp_path, **plan)
    operators = {
        (group, member)
        for group, member, habit in zip(
            *(truth["members"][name] for name in ("group_id", "member_id", "habit")), strict=True
        )
        if habit == "operator"
    }
    posted: dict[str, dict[str, int]] = defaultdict(dict)
    for event in events(lines[CHAT]):
        for link in event.get("link_ids", ()):
            if event["type"] == "message" and link.startswith("w"):
                assert (event["group_id"], event["member_id"]) in operators
                posted[link][event["group_id"]] = event["ts_ms"]
    assert len(posted) == 5 and min(len(groups) for groups in posted.values()) > 10
    followed = [event for event in events(lines["product.events"]) if event.get("link_id", "").startswith("w")]
    assert {event["type"] for event in followed} == {"click", "share"}
    for event in followed:
        assert event["ts_ms"] > min(posted[event["link_id"]].values())
        assert event.get("group_id") is None or event["group_id"] in posted[event["link_id"]]


def test_everyday_messages_of_operators_are_no_calls_where_the_plan_says_so(tmp_path: Path) -> None:
    def calling(**options: Any) -> int:
        truth, lines = world(tmp_path, groups=9, members=300, days=20, late=0, repeated=0, broken=0, **options)
        members = zip(*(truth["members"][name] for name in ("group_id", "member_id", "habit")), strict=True)
        operators = {(group, member) for group, member, habit in members if habit == "operator"}
        return sum(
            event["kind"] in ("link", "poll", "miniprogram") or bool(event.get("link_ids"))
            for event in events(lines[CHAT])
            if event["type"] == "message" and "call_id" not in event
            if (event["group_id"], event["member_id"]) in operators
        )

    assert calling() > 0 and calling(calls_only=True) == 0


def test_users_do_as_much_as_the_plan_says(tmp_path: Path) -> None:
    def opened(use: float) -> int:
        return int(world(tmp_path, groups=9, members=600, use=use)[0]["topics"]["product.events"]["by_type"]["open"])

    usual = opened(1.0)
    assert 0.4 * usual < opened(0.5) < 0.6 * usual and opened(0.0) == 0


def test_money_and_referrals_add_up(community: Any) -> None:
    truth, topics = community
    net: Counter[str] = Counter()
    orders: Counter[str | None] = Counter()
    referrer = {}
    for event in topics["product.events"]:
        if event["type"] == "purchase":
            net[event["user_id"]] += event["amount_minor"]
            orders[event.get("campaign_id")] += 1
        elif event["type"] == "refund":
            net[event["user_id"]] -= event["amount_minor"]
        elif event["type"] == "signup":
            referrer[event["user_id"]] = event.get("referrer_user_id")
    users = truth["users"]
    assert {user: net[user] for user in users["user_id"]} == dict(
        zip(users["user_id"], users["net_revenue_minor"], strict=True))  # fmt: skip
    planted = dict(zip(users["user_id"], users["referrer_user_id"], strict=True))
    assert all(planted[user] == brought for user, brought in referrer.items())
    for row in range(len(truth["campaigns"]["campaign_id"])):
        assert orders[truth["campaigns"]["campaign_id"][row]] == truth["campaigns"]["orders"][row]
    campaigns = truth["campaigns"]
    spent: Counter[tuple[str, str]] = Counter()
    for event in topics["campaign.costs"]:
        spent[event["campaign_id"], event["kind"]] += event["amount_minor"]
    kinds = ("ads", "incentive", "labour", "commission")
    for row, campaign in enumerate(campaigns["campaign_id"]):
        costs = [campaigns[f"{kind}_minor"][row] for kind in kinds]
        assert [spent[campaign, kind] for kind in kinds] == costs and sum(costs) == campaigns["cost_minor"][row]
    rings = [ring for ring in users["ring"] if ring is not None]
    assert rings
    for user, ring in zip(users["user_id"], users["ring"], strict=True):
        if ring is not None:
            assert users["ring"][users["user_id"].index(referrer[user])] == ring


def test_in_the_worst_case_every_event_is_a_new_membership(tmp_path: Path) -> None:
    truth, lines = world(tmp_path, groups=30, worst_case=True, events=5_000)
    found = {(event["group_id"], event["member_id"]) for event in events(lines[CHAT])}
    assert len(found) == len(lines[CHAT]) == 5_000
    per_group = Counter(group for group, _ in found)
    assert truth["groups"]["memberships"] == [per_group[group] for group in truth["groups"]["group_id"]]


@pytest.mark.parametrize(
    "wrong", [{"late": 2}, {"days": 0}, {"groups": 10, "members": 20}, {"seed": -1}, {"days": 20_000}, {"broken": -0.1}]
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Plan(end_ms=END_MS, **wrong)


def test_what_referrals_come_to_follows_from_the_records(tmp_path: Path) -> None:
    """Orders of users whose sign-up named somebody earn what the plan said then, unless they were refunded."""
    truth, lines = world(tmp_path, groups=6, members=600, days=30, broken=0, repeated=0, late=0)
    rewards, product = events(lines["rewards"]), events(lines["product.events"])
    first, second = sorted((e for e in rewards if e["type"] == "plan"), key=lambda e: e["ts_ms"])
    assert first["share_bp"] != second["share_bp"]
    refunded = {e["order_id"] for e in product if e["type"] == "refund"}
    signed_up = {e["user_id"]: e["ts_ms"] for e in product if e["type"] == "signup" and "referrer_user_id" in e}
    earned = [
        e["amount_minor"] * (second if e["ts_ms"] >= second["ts_ms"] else first)["share_bp"] // 10_000
        for e in product
        if e["type"] == "purchase" and e["order_id"] not in refunded
        and signed_up.get(e["user_id"], END_MS) <= e["ts_ms"]
    ]  # fmt: skip
    planted = truth["rewards"]
    assert 0 < len(earned) <= planted["commissions"], "first joins bind, too"
    assert sum(earned) <= planted["commissions_minor"] < 3 * sum(earned)
    payouts = [e for e in rewards if e["type"] == "payout"]
    assert Counter(e["status"] for e in payouts) == {
        "created": sum(planted["payouts"].values()),
        "paid": planted["payouts"]["paid"],
        "failed": planted["payouts"]["failed"],
    }
    assert planted["paid_minor"] == sum(e["amount_minor"] for e in payouts if e["status"] == "paid")
    assert planted["bonuses_minor"] == sum(e["amount_minor"] for e in rewards if e["type"] == "adjustment")
