"""Names of groups and members: the newest by event time stands beside ids; none lands where a deployment says so."""

from collections.abc import Iterator
from typing import Any

import pytest

from sinks.clickhouse.asking import Asked, ask
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.questions import questions
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, clear, land_topic, landed, own_store
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_answers import history

pytestmark = pytest.mark.services
PLACE = {"platform": "wecom", "group_id": "wecom:c:g"}


def named(day: float, type_: str, **more: Any) -> tuple[float, dict[str, Any]]:
    return day, {"type": type_} | PLACE | more


#: Later names come before earlier ones, one is repeated, one is empty; ann has said hers in a roster.
EVENTS = [
    named(0, "group", name="旧群 old"),
    named(0, "join", member_id="ann", inviter_id="bob", source="invite"),
    named(9, "group", name="钓鱼 群"),
    named(8, "group", name="not the newest"),
    named(9, "group"),
    named(1, "roster", member_id="ann", nickname="Ann", snapshot_id="s"),
    named(7, "profile", member_id="bob", nickname="bob@home"),
    named(6, "profile", member_id="bob", nickname="Bobby"),
    named(7.5, "profile", member_id="bob", nickname=""),
    named(8, "message", message_id="1", kind="text", member_id="ann", text="secret words"),
    named(9.5, "message", message_id="2", kind="text", member_id="bob"),
    named(10, "message", message_id="3", kind="text", member_id="cid"),
]
NAMES = ("旧群", "钓鱼", "newest", "Ann", "bob@home", "Bobby")


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        migrate(store.address, "UTC")
        yield store


def test_the_newest_name_stands_beside_every_id(store: ClickHouseStore) -> None:
    landed(history("UTC", *EVENTS), store, 4)
    PeopleAgent(store).catch_up()
    rows = {row["member_id"]: row for row in ask(store.address, "member_status", Asked())}
    assert {member: row["member_name"] for member, row in rows.items()} == {
        "ann": "Ann",
        "bob": "bob@home",
        "cid": None,
    }
    assert {row["group_name"] for row in rows.values()} == {"钓鱼 群"}
    assert {row["group_id"]: row["group_name"] for row in ask(store.address, "effective_members", Asked())} == {
        "*": None, "wecom:c:g": "钓鱼 群"
    }  # fmt: skip
    people = {row["person_id"]: row["person_name"] for row in ask(store.address, "segments", Asked())}
    assert people == {"wecom:c:ann": "Ann", "wecom:c:bob": "bob@home", "wecom:c:cid": None}
    journey = ask(store.address, "journeys", Asked(person="wecom:c:ann"))
    assert {(row["person_name"], row["group_name"]) for row in journey} == {("Ann", "钓鱼 群")}
    for name, question in questions().items():
        options = {"person": "wecom:c:ann"} if question.parameter else {}
        everything, few = (ask(store.address, name, Asked(limit=limit, **options)) for limit in (None, 1_000))
        assert everything == few and [list(row) for row in everything] == [list(row) for row in few], name
        ids = {column.name for column in question.columns} & {"group_id", "member_id", "person_id", "inviter_id"}
        shown = {column.name for column in question.columns}
        missing = {one.replace("_id", "_name") for one in ids} - shown
        assert missing <= ({"person_name"} if "member_name" in shown else set()), name


def test_a_name_lands_once_however_often_it_comes(store: ClickHouseStore) -> None:
    landing = landed(history("UTC", *EVENTS), store, 2)
    before = newest(store)
    landing.again()
    land_topic(history("UTC", *EVENTS, named(11, "group", name="renamed")), store, 1)
    assert newest(store) == {**before, ("wecom:c:g", ""): "renamed"}


def newest(store: ClickHouseStore) -> dict[tuple[str, str], str]:
    rows = store.native.execute(f"SELECT group_id, member_id, name FROM {store.address.database}.names FINAL")
    return {(group, member): name for group, member, name in rows}


def test_of_equal_times_the_same_name_counts_in_every_order(store: ClickHouseStore) -> None:
    rivals = [named(3, "group", name=name, event_id=name) for name in ("one", "two", "three")]
    found = set()
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        landed(history("UTC", *(rivals[i] for i in order)), store, 3)
        found |= set(newest(store).values())
    assert len(found) == 1


@pytest.mark.parametrize("kept", [False, True])
def test_names_land_nowhere_where_a_deployment_says_so(kept: bool, store: ClickHouseStore) -> None:
    clear(store)
    landing = Landing(history("UTC", *EVENTS), store)
    landing.task.store_names = kept
    landing.land(landing.world.records)
    d = store.address.database
    found = set()
    for (table,) in store.native.execute(
        f"SELECT name FROM system.tables WHERE database = '{d}' AND engine LIKE '%MergeTree'"
    ):
        for row in store.native.execute(f"SELECT toString(tuple(*)) FROM {d}.{table}"):
            assert "secret words" not in row[0], table
            found |= {(table, name) for name in NAMES if name in row[0]}
    assert {table for table, _ in found} == ({"events", "facts", "names"} if kept else set())
    PeopleAgent(store).catch_up()
    rows = ask(store.address, "member_status", Asked())
    assert {row["group_name"] for row in rows} == ({"钓鱼 群"} if kept else {None})
