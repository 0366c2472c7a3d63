"""The rows of the people agent on a real ClickHouse: what is now, in however many pieces it came."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, clear, empty, own_store
from tests.oracle.answers import comparable
from tests.oracle.people_worlds import at_the_edges, lives_of_people
from tests.oracle.worlds import World
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_people import ZONES, examples, histories

pytestmark = pytest.mark.services
_MEMBERS = (
    "group_id, member_id, person_id, state, reason, role, linked, in_product, reads_reported, groups_28d, score, "
    "rhythm, fading"
)


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def rows(store: ClickHouseStore, table: str, columns: str) -> list[dict[str, Any]]:
    d = store.address.database
    return store.native.query(f"SELECT {columns} FROM {d}.{table}_now")


def same_as_views(store: ClickHouseStore) -> None:
    d = store.address.database
    found = rows(store, "people_members", _MEMBERS)
    wanted = store.native.query(f"SELECT {_MEMBERS} FROM {d}.member_states")
    names = {name.strip() for name in _MEMBERS.split(",")}
    assert comparable(found, names) == comparable(wanted, names)
    counts = (
        "group_id, headcount, unseen, active, participant, lurker, newcomer, elsewhere, unobservable, at_risk, zombie, "
        "excluded, left"
    )
    found = rows(store, "people_groups", counts)
    wanted = store.native.query(f"SELECT {counts} FROM {d}.effective_members")
    names = {name.strip() for name in counts.split(",")}
    assert comparable(found, names) == comparable(wanted, names)


def in_pieces(store: ClickHouseStore, worlds: tuple[World, World, World], cuts: tuple[float, ...], moves: bool) -> None:
    clear(store)
    topics = (CHAT, PRODUCT, LINKS)
    landings = [Landing(world, store, topic.name) for topic, world in zip(topics, worlds, strict=True) if world.records]
    agent, before = PeopleAgent(store, worlds[0].zone), 0.0
    for cut in cuts:
        for landing in landings:
            first, end = (int(len(landing.world.records) * part) for part in (before, cut))
            landing.land(landing.world.records[first:end])
        before = cut
        if moves:
            agent.taken_over()
        agent.catch_up()
        assert agent.catch_up() == 0
        same_as_views(store)


@pytest.mark.parametrize("zone", ZONES)
def test_members_and_groups_are_what_the_views_say(zone: str, store: ClickHouseStore) -> None:
    empty(store, zone)

    @examples
    @given(histories(zone), st.sampled_from([(1.0,), (0.3, 0.6, 0.8, 1.0)]), st.booleans())
    def check(found: tuple[World, World, World], cuts: tuple[float, ...], moves: bool) -> None:
        in_pieces(store, found, cuts, moves)

    check()
    in_pieces(store, at_the_edges(zone), (0.5, 0.9, 1.0), False)
    in_pieces(store, lives_of_people(3, zone), (0.9, 0.95, 1.0), True)
