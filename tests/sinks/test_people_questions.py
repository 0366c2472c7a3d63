"""Contacts, segments, profiles and journeys on a real ClickHouse against the oracle."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.people.fitted import unfitted
from schemas.errors import ConfigError
from sinks.clickhouse.asking import Asked, ask
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import empty, own_store
from tests.oracle.people import People
from tests.oracle.people_questions import contacts, cross_group, journey, profiles
from tests.oracle.people_worlds import at_the_edges, lives_of_people
from tests.oracle.product_worlds import ACCOUNTS
from tests.oracle.segments import segments
from tests.oracle.worlds import World
from tests.sinks.people_agent import FIELDS, PeopleAgent
from tests.sinks.test_people import examples, histories, land_people, same

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        migrate(store.address, "UTC")
        yield store


def judged(store: ClickHouseStore, people: People) -> None:
    """Zombies are told so late that there are members at risk, too."""
    people.theta = 0.02
    PeopleAgent(store, people.zone, fit=replace(unfitted(), limit=people.theta)).catch_up()


def ask_all(store: ClickHouseStore, people: People, asked: Iterable[str]) -> None:
    """Every view has the oracle's rows: of everybody, and of these people."""
    same(store, "contacts", contacts(people))
    same(store, "profiles", profiles(people, FIELDS))
    same(store, "cross_group", cross_group(people))
    same(store, "segments", segments(people))
    for person in asked:
        same(store, f"journeys(person = '{person}')", journey(people, person))


def test_views_are_the_oracles_answers(store: ClickHouseStore) -> None:
    zone = "America/New_York"
    empty(store, zone)

    @settings(examples, max_examples=3)
    @given(histories(zone), st.integers(1, 3), st.sampled_from(ACCOUNTS))
    def check(found: tuple[World, World, World], flushes: int, asked: str) -> None:
        ask_all(store, land_people(store, *found, flushes), [asked])

    check()


@pytest.mark.parametrize(("zone", "seed"), [("UTC", 13), ("America/New_York", 3)])
def test_half_a_year_of_people(zone: str, seed: int, store: ClickHouseStore) -> None:
    empty(store, zone)
    people = land_people(store, *lives_of_people(seed, zone), 3)
    judged(store, people)
    ask_all(store, people, ("u1", "wecom:公司:m2", "irc:-:m3"))
    found = [contacts(people), segments(people), profiles(people, FIELDS), cross_group(people)]
    in_use = {
        "returned_14d": {None, 0, 1}, "after_join": {None, 0, 1}, "payer": {0, 1}, "has_referred": {0, 1},
        "outcome": {None, "reached", "refused", "no_answer"}, "dead_here_alive_there": {0, 1}, "win_back": {0, 1},
        "lifecycle": {"new", "engaged", "fading", "dormant", "lost"}, "attribute": {"role", "industry", "city", "名"},
        "stage": {"acquisition", "activation", "retention", "revenue", "referral"}, "currency": {None, "CNY", "USD"},
    }  # fmt: skip
    for column, wanted in in_use.items():
        assert {row[column] for rows in found for row in rows if column in row} == wanted, column
    ranked = {row["state"] for row in found[0] if row["next"]}
    assert ranked >= {"newcomer", "at_risk"} and ranked & {"participant", "lurker"}


def test_every_window_ends_where_it_should(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    people = land_people(store, *at_the_edges())
    judged(store, people)
    ask_all(store, people, ())
    told = {row["member_id"]: row for row in contacts(people)}
    assert [told[f"back{days}"]["returned_14d"] for days in (0, 1, 14, 15)] == [0, 1, 1, 0]
    assert [told[f"reached{days}"]["next"] is None for days in (13, 14)] == [True, False]
    assert [told[f"refused{days}"]["next"] is None for days in (89, 90)] == [True, False]
    stages = {row["person_id"]: row["lifecycle"] for row in segments(people)}
    wanted = {6: "new", 13: "fading", 27: "fading", 28: "dormant", 89: "dormant", 90: "lost"}
    assert {days: stages[f"wecom:公司:joined{days}"] for days in wanted} == wanted
    wanted = {13: "engaged", 14: "fading", 27: "fading", 28: "dormant", 89: "dormant", 90: "lost"}
    assert {days: stages[f"wecom:公司:read{days}"] for days in wanted} == wanted


def test_a_journey_is_one_persons_and_in_order(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    land_people(store, *lives_of_people(3), 1)
    rows = ask(store.address, "journeys", Asked(person="u2"))
    assert [row["ts"] for row in rows] == sorted(row["ts"] for row in rows)
    assert {row["side"] for row in rows} == {"chat", "product"}
    here = [row for row in rows if row["group_id"] == "irc:-:#a"]
    assert here and ask(store.address, "journeys", Asked(person="irc:-:m2", group="irc:-:#a")) == here
    assert {row["person_id"] for row in ask(store.address, "contacts", Asked(person="u2"))} == {"u2"}


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("journeys", {}, "give --person"),
        ("journeys", {"person": "u1", "as_of": date(2025, 7, 1)}, "leave out --as-of"),
        ("contacts", {"as_of": date(2025, 7, 1)}, "leave out --as-of"),
        ("segments", {"group": "g"}, "leave out --group"),
        ("tiers", {"person": "u1"}, "leave out --person"),
        ("tiers", {"since": date(2025, 7, 1)}, "only segments"),
        ("segments", {"since": date(2025, 7, 2), "as_of": date(2025, 7, 1)}, "is after 2025-07-01"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    name: str, options: dict[str, Any], words: str, store: ClickHouseStore
) -> None:
    with pytest.raises(ConfigError, match=words):
        ask(store.address, name, Asked(**options))
