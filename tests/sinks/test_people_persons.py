"""What the people agent lands about persons, on a real ClickHouse, against the oracle, in any number of pieces."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, clear, empty, own_store
from tests.oracle.people import People, orders, payers
from tests.oracle.people_questions import contacts, cross_group, journey
from tests.oracle.people_worlds import at_the_edges, lives_of_people
from tests.oracle.segments import segments
from tests.oracle.worlds import World
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_people import ZONES, examples, histories, people_of, same

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def same_as_oracle(store: ClickHouseStore, people: People) -> None:
    same(store, "orders", orders(people))
    same(store, "payers", payers(people))
    same(store, "cross_group", cross_group(people))
    same(store, "contacts", contacts(people))
    same(store, "segments", segments(people))
    for person in ("u1", "irc:-:m2", "wecom:公司:m1"):
        same(store, f"journeys(person = '{person}')", journey(people, person))


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
        parts = (replace(world, records=world.records[: int(len(world.records) * cut)]) for world in worlds)
        same_as_oracle(store, people_of(*parts))


@pytest.mark.parametrize("zone", ZONES)
def test_persons_are_the_oracles_in_any_pieces(zone: str, store: ClickHouseStore) -> None:
    empty(store, zone)

    @settings(examples, max_examples=3)
    @given(histories(zone), st.sampled_from([(1.0,), (0.3, 0.6, 0.8, 1.0)]), st.booleans())
    def check(found: tuple[World, World, World], cuts: tuple[float, ...], moves: bool) -> None:
        in_pieces(store, found, cuts, moves)

    check()
    in_pieces(store, at_the_edges(zone), (0.5, 0.9, 1.0), False)
    in_pieces(store, lives_of_people(3, zone), (0.5, 0.9, 0.95, 1.0), zone != "UTC")
