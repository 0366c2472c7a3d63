"""The views about people on a real ClickHouse against the oracle, over small worlds of chat, product and links."""

import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.people.fitted import HORIZON
from analytics.people.score import Score, fading
from analytics.people.score_features import Habits, keys, moved
from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import clear, empty, land_topic, landed, own_store
from tests.oracle import product_columns, retention
from tests.oracle.answers import comparable
from tests.oracle.closed_days import closed_days, product_acts
from tests.oracle.community import Record, community
from tests.oracle.people import ANSWERS, STATES, People, events_of, landed_of, newest_of
from tests.oracle.people_worlds import at_the_edges
from tests.oracle.product_worlds import LINK_EVENTS, PRODUCT_EVENTS, beside
from tests.oracle.worlds import DAY_MS, World, worlds
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_answers import history, lives

pytestmark = pytest.mark.services
ZONES = ("UTC", "America/New_York")

examples = settings(
    max_examples=5, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn, zone: str) -> tuple[World, World, World]:
    """Chat, product and links of the same time."""
    chat = draw(worlds(zones=(zone,), size=60))
    return chat, draw(beside(PRODUCT_EVENTS, chat, 40)), draw(beside(LINK_EVENTS, chat, 12))


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def compare(store: ClickHouseStore, chat: World, product: World, links: World, flushes: int = 2) -> People:
    """Land all and ask every view."""
    people = land_people(store, chat, product, links, flushes)
    hold(store, people)
    return people


def hold(store: ClickHouseStore, people: People) -> None:
    """Every view has the oracle's rows."""
    for view, answer in (ANSWERS | product_columns.ANSWERS | retention.ANSWERS).items():
        same(store, view, answer(people))


def land_people(store: ClickHouseStore, chat: World, product: World, links: World, flushes: int = 2) -> People:
    """Land all; what the oracle knows of it."""
    clear(store)
    for topic, world in ((CHAT, chat), (PRODUCT, product), (LINKS, links)):
        if world.records:
            land_topic(world, store, flushes, topic.name, taken_over=topic is not CHAT)
    PeopleAgent(store, chat.zone).catch_up()
    return people_of(chat, product, links)


def people_of(chat: World, product: World | None = None, links: World | None = None) -> People:
    """What the oracle knows of these worlds."""
    more = {topic.name: world.records for topic, world in ((PRODUCT, product), (LINKS, links)) if world}
    return People(
        [community(list(chat.records), chat.zone, chat.lateness_h, chat.horizon)],
        events_of(PRODUCT.name, more.get(PRODUCT.name, ())),
        events_of(LINKS.name, more.get(LINKS.name, ())),
        chat.zone,
        max((newest_of(topic, records) for topic, records in more.items()), default=0),
        used_on=used_on(product) if product else {},
    )


def used_on(product: World) -> dict[str, set[int]]:
    """On which days every user did something in the product, of those that its clock has closed."""
    found: dict[str, set[int]] = {}
    landed, _ = landed_of(PRODUCT.name, product.records, product.horizon)
    tables = closed_days(
        landed, product.zone, product.lateness_h, product_acts, ("user_day_acts", "reference_day_acts")
    )
    for day, user in tables["user_day_acts"]:
        found.setdefault(user, set()).add(day)
    return found


def same(store: ClickHouseStore, view: str, wanted: list[dict[str, Any]]) -> None:
    """A view has these rows, in the columns that these rows have."""
    found = store.native.query(f"SELECT * FROM {store.address.database}.{view}")
    names = set(wanted[0]) if wanted else set()
    have, want = comparable(found, names), comparable(wanted, names)
    if view == "effective_members":
        assert all(sum_of_states(row) == row["headcount"] for row in found), found
    assert have == want, (
        f"{view}: {[row for row in have if row not in want]} is not {[r for r in want if r not in have]}"
    )


def sum_of_states(row: dict[str, Any]) -> int:
    """Everybody who is counted in the headcount, by state."""
    return sum(int(row[state]) for state in (*STATES, "unseen") if state != "left")


@pytest.mark.parametrize("zone", ZONES)
def test_views_are_the_oracles_answers(zone: str, store: ClickHouseStore) -> None:
    empty(store, zone)

    @examples
    @given(histories(zone), st.integers(1, 3))
    def check(found: tuple[World, World, World], flushes: int) -> None:
        compare(store, *found, flushes)

    check()


def test_neither_order_nor_repetition_of_records_matters(store: ClickHouseStore) -> None:
    """Links before, between and after the events, in any order and repeated: the same answers."""
    empty(store, "UTC")
    rng, end = random.Random(5), 1_772_000_000_000
    one, other = "wecom:公司:群", "wecom:公司:b"

    def event(number: int, days: int, **fields: Any) -> dict[str, Any]:
        return {"event_id": f"e{number}", "ts_ms": end - days * DAY_MS + number} | fields

    chat = [
        event(number, days, type=kind, group_id=group, member_id=member, platform="wecom")
        | {"message": {"message_id": "m", "kind": "text"}, "read": {"count": 1}}.get(kind, {})
        for number, (group, member, kind, days) in enumerate(
            [
                (one, "ann", "join", 60), (one, "ann", "read", 45), (one, "ann", "message", 40),
                (one, "bob", "message", 3),
                (other, "ann", "message", 2), (one, "cy", "join", 50), (one, "dan", "join", 50),
            ]
        )
    ]  # fmt: skip
    money = {"currency": "CNY", "order_id": "o", "user_id": "u2"}
    product = [
        event(1, 5, type="click", user_id="u1", group_id=one),
        event(2, 9, type="purchase", amount_minor=500, **money),
        event(3, 8, type="refund", refund_id="r", amount_minor=900, **money),
    ]
    links = [
        event(number, 30, account_id=account, user_id=user, source="login", unlink=unlink)
        for number, (account, user, unlink) in enumerate(
            [
                ("wecom:公司:ann", "u1", False), ("wecom:公司:cy", "u1", False), ("wecom:公司:cy", "u2", False),
                ("wecom:公司:dan", "u2", False), ("wecom:公司:dan", "u2", True), ("anon:7", "u1", False),
                ("u2", "u9", False),
            ]
        )
    ]  # fmt: skip

    def world(events: list[dict[str, Any]]) -> World:
        values = [json.dumps(event).encode() for event in events]
        return World("UTC", 48, 4_000_000, tuple(Record(i, end + DAY_MS, value) for i, value in enumerate(values)))

    people = _people(chat, product, links)
    for turn in range(8):
        shuffled = [rng.sample(some + rng.sample(some, turn % 3), len(some) + turn % 3) for some in (product, links)]
        topics = [(CHAT, chat), (PRODUCT, shuffled[0]), (LINKS, shuffled[1])]
        clear(store)
        for topic, events in rng.sample(topics, 3):
            land_topic(world(events), store, 1 + turn % 3, topic.name)
        PeopleAgent(store).catch_up()
        for view, answer in ANSWERS.items():
            same(store, view, answer(people))
    states = {row["member_id"]: row for row in store.native.query(
        f"SELECT * FROM {store.address.database}.member_status WHERE group_id = 'wecom:公司:群'"
    )}  # fmt: skip
    assert {name: (row["state"], row["person_id"]) for name, row in states.items()} == {
        "ann": ("lurker", "u1"), "bob": ("active", "wecom:公司:bob"), "cy": ("elsewhere", "u9"),
        "dan": ("zombie", "wecom:公司:dan"),
    }  # fmt: skip
    (order,) = store.native.query(f"SELECT * FROM {store.address.database}.orders")
    assert (order["person_id"], order["net_minor"], order["asked_back_minor"]) == ("u9", 0, 900)


def _people(chat: list[Any], product: list[Any], links: list[Any]) -> People:
    def records(events: list[Any]) -> list[Record]:
        return [Record(i, 1 << 50, json.dumps(event).encode()) for i, event in enumerate(events)]

    said = {PRODUCT.name: records(product), LINKS.name: records(links)}
    return People(
        [community(records(chat))], *(events_of(topic, found) for topic, found in said.items()),
        clock_ms=max(newest_of(topic, found) for topic, found in said.items()),
    )  # fmt: skip


def test_what_does_not_fit_together_has_a_defined_result(store: ClickHouseStore) -> None:
    """The table in docs/people.md."""
    empty(store, "UTC")
    end, group = 1_772_000_000_000, "wecom:公司:群"

    def world(*events: dict[str, Any]) -> World:
        made = [event | {"event_id": f"e{n}", "ts_ms": end - event["ago"] * DAY_MS} for n, event in enumerate(events)]
        values = [json.dumps(event).encode() for event in made]
        return World("UTC", 48, 4_000_000, tuple(Record(n, end, value) for n, value in enumerate(values)))

    def said(kind: str, member: str, ago: int, **more: Any) -> dict[str, Any]:
        common = {"type": kind, "group_id": group, "member_id": member, "platform": "wecom", "ago": ago}
        return common | ({"message_id": f"{member}{ago}", "kind": "text"} if kind == "message" else {}) | more

    chat = world(
        said("join", "ann", 50), said("leave", "ann", 20), said("message", "ann", 3), said("message", "bob", 3),
        said("leave", "cy", 5), said("roster", "cy", 6, snapshot_id="s"), said("message", "bob", 0),
    )  # fmt: skip
    paid = {"order_id": "o", "amount_minor": 700, "currency": "CNY"}
    product = world(
        {"type": "purchase", "user_id": "u1", "ago": 9} | paid, {"type": "signup", "user_id": "u1", "ago": 8}
    )
    links = world({"account_id": "wecom:公司:bob", "user_id": "u1", "source": "login", "ago": 1})
    compare(store, chat, product, links)
    d = store.address.database
    states = store.native.execute(f"SELECT member_id, toString(state) FROM {d}.member_status ORDER BY member_id")
    assert states == [("ann", "left"), ("bob", "active"), ("cy", "left")]
    worth = store.native.execute(f"SELECT payers, revenue_members_minor FROM {d}.payers WHERE group_id = '{group}'")
    assert worth == [(1, 700)]
    cohorts = store.native.execute(
        f"SELECT sum(base) FROM {d}.retention_daily WHERE n = 1 AND dimension = 'all' AND group_id = '{group}'"
    )
    assert cohorts == [(1,)], "only ann was seen to join"


def test_every_window_ends_where_it_should(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    people = compare(store, *at_the_edges())
    states = {(row["member_id"], row["group_id"]): row["state"] for row in people.members()}
    wanted = {
        "message": ("active", "participant", "participant", "zombie"),
        "reaction": ("participant", "participant", "participant", "zombie"),
        "read": ("lurker", "lurker", "lurker", "zombie"), "click": ("lurker", "lurker", "lurker", "zombie"),
        "told": ("newcomer", "at_risk", "at_risk", "at_risk"),
        "open": ("elsewhere", "elsewhere", "elsewhere", "zombie"),
        "away": ("elsewhere", "elsewhere", "elsewhere", "zombie"),
    }  # fmt: skip
    group = "wecom:公司:群"
    assert {did: tuple(states[f"{did}{ago}", group] for ago in (6, 7, 27, 28)) for did in wanted} == wanted


def test_cycles_and_crowds_are_not_merged(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    end = 1_772_000_000_000
    said = [("anon:1", "anon:2"), ("anon:2", "anon:1"), ("a", "b"), ("b", "c"), ("c", "d"), ("self", "self")]
    said += [(f"irc:-:{n}", "crowd") for n in range(101)] + [(f"irc:-:{n}", "many") for n in range(200, 300)]
    fields = [{"account_id": a, "user_id": u, "source": "import", "ts_ms": end} for a, u in said]
    values = [json.dumps(one | {"event_id": f"e{i}"}).encode() for i, one in enumerate(fields)]
    records = tuple(Record(i, end, value) for i, value in enumerate(values))
    chat = World("UTC", 48, 4_000_000, (Record(0, end, b'{"event_id":"t","type":"tick","ts_ms":1772000000000}'),))
    people = compare(store, chat, World("UTC", 48, 4_000_000, ()), World("UTC", 48, 4_000_000, records))
    owners = {row["account_id"]: row["person_id"] for row in people.owners.values()}
    assert owners["a"] == owners["b"] == owners["c"] == "d"
    assert all(owners[account] == account for account in ("anon:1", "anon:2", "self", "irc:-:0", "irc:-:100"))
    assert owners["irc:-:200"] == "many"


def test_the_score_of_now_is_that_of_the_newest_closed_day(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    read = {"type": "read", "count": 1, "member_id": "m0"}  # reading is reported, so that the silent can be judged
    landed(history("UTC", (0, read), *lives(3)), store, 2)
    PeopleAgent(store, closing=True).catch_up()
    (fitted,) = store.native.query(f"SELECT * FROM {store.address.database}.score")
    assert fitted["auc"] > 0.6 and 0 < fitted["returned"] < fitted["members"]
    today = store.native.execute(f"SELECT today FROM {store.address.database}.people_clock")[0][0]
    members = store.native.query(f"SELECT * FROM {store.address.database}.memberships ORDER BY member_id")
    states = store.native.query(f"SELECT * FROM {store.address.database}.member_status ORDER BY member_id")
    masks = [
        [member[f"spoke_{part}"] | member[f"reacted_{part}"] | member[f"read_{part}"] for member in members]
        for part in ("lo", "hi")
    ]
    low, high = (np.array(words, np.uint64) for words in masks)
    days, ages = (np.array([(today - member[of]).days for member in members]) for of in ("base_day", "first_day"))
    unknown = np.full(len(days), -1)
    habits = moved(Habits(low, high, ages - days, unknown, unknown), days)
    parameters = (np.array(fitted[name]) for name in ("mean", "scale", "weights", "silent"))
    score = Score(*parameters, 0, 0)
    wanted, before = (score.of(keys(habits, HORIZON, ago)) for ago in (0, HORIZON))
    assert [row["member_id"] for row in states] == [member["member_id"] for member in members]
    assert np.allclose([row["score"] for row in states], wanted, rtol=1e-9)
    effective = [row["state"] in ("active", "participant", "lurker") for row in states]
    assert [row["fading"] for row in states] == (fading(wanted, before) & effective).astype(int).tolist()
    assert any(row["fading"] for row in states) and sum(row["fading"] for row in states) < sum(effective)
    judged = [(row["state"], row["score"], row["previous"] == "zombie") for row in states if row["reason"] == "score"]
    assert judged and all(
        (state == "zombie") == (of < fitted["theta"] * (1.1 if was else 1)) for state, of, was in judged
    )
