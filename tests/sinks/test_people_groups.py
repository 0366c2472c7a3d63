"""What the people agent lands about groups, on a real ClickHouse against the oracle, in however many pieces it came."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, clear, empty, own_store
from tests.oracle import product_columns
from tests.oracle.people_worlds import at_the_edges, lives_of_people
from tests.oracle.worlds import World
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_people import ZONES, examples, histories, people_of, same

pytestmark = pytest.mark.services
ANSWERS = {answer.__name__: answer for answer in (product_columns.rolling_activity, product_columns.tiers)}


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def in_pieces(store: ClickHouseStore, worlds: tuple[World, World, World], cuts: tuple[float, ...], moves: bool) -> None:
    """Land parts of all topics; after each, what has landed of people is what the oracle says of these parts."""
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
        known = (replace(world, records=world.records[: int(len(world.records) * cut)]) for world in worlds)
        people = people_of(*known)
        for view, answer in ANSWERS.items():
            same(store, view, answer(people))


@pytest.mark.parametrize("zone", ZONES)
def test_groups_are_what_the_oracle_says(zone: str, store: ClickHouseStore) -> None:
    empty(store, zone)

    @examples
    @given(histories(zone), st.sampled_from([(1.0,), (0.3, 0.6, 0.8, 1.0)]), st.booleans())
    def check(found: tuple[World, World, World], cuts: tuple[float, ...], moves: bool) -> None:
        in_pieces(store, found, cuts, moves)

    check()
    in_pieces(store, at_the_edges(zone), (0.5, 0.9, 1.0), False)
    in_pieces(store, lives_of_people(3, zone), (0.9, 0.95, 1.0), True)
