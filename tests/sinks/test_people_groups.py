"""What the people agent lands about groups, on a real ClickHouse against the oracle, in however many pieces it came."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, clear, empty, own_store
from tests.oracle import product_columns
from tests.oracle.people import People
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.pieces import in_any_pieces
from tests.sinks.test_answers import MESSAGE, history
from tests.sinks.test_people import ZONES, people_of, same

pytestmark = pytest.mark.services
ANSWERS = {answer.__name__: answer for answer in (product_columns.rolling_activity, product_columns.tiers)}


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def hold(store: ClickHouseStore, people: People) -> None:
    for view, answer in ANSWERS.items():
        same(store, view, answer(people))


def test_hours_and_days_that_begin_without_an_event_count(store: ClickHouseStore) -> None:
    """Nothing but time goes on: windows empty, days close, and rows of the groups land each time."""
    empty(store, "UTC")
    clear(store)
    first = [
        (0, {"type": "join", "member_id": "ann"}),
        *((0.01, MESSAGE | {"member_id": one}) for one in ("ann", "bob")),
    ]
    ticks = [(days, {"type": "tick"}) for days in (0.02, 0.1, 1.1, 2.5, 7.1, 20, 29)]
    world = history("UTC", *first, *ticks)
    landing, agent, found = Landing(world, store), PeopleAgent(store), []
    for number in range(len(first), len(world.records) + 1):
        landing.land(world.records[number - 1 if found else 0 : number])
        agent.catch_up()
        hold(store, people_of(replace(world, records=world.records[:number])))
        rows = store.native.query(f"SELECT * FROM {store.address.database}.rolling_activity WHERE group_id = 'g'")
        found.append([row["speakers"] for row in rows] + [rows[0]["dau"]])
    assert found == [[2, 2, 2, 2, 2], [2, 2, 2, 2, 2], [0, 2, 2, 2, 2], *[[0, 0, 2, 2, 0]] * 2, *[[0, 0, 0, 2, 0]] * 2,
                     [0, 0, 0, 0, 0]]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_groups_are_what_the_oracle_says_in_any_pieces(zone: str, store: ClickHouseStore) -> None:
    in_any_pieces(store, zone, hold)
