"""What the people agent lands about cohorts, on a real ClickHouse against the oracle, in any pieces."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from sinks.clickhouse.store import ClickHouseStore
from tests.landing import empty, own_store
from tests.oracle import retention
from tests.oracle.answers import comparable
from tests.oracle.people import People
from tests.oracle.worlds import World
from tests.sinks.pieces import in_any_pieces, in_pieces
from tests.sinks.test_answers import history, lives
from tests.sinks.test_people import ZONES, same

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def hold(store: ClickHouseStore, people: People) -> None:
    for view, answer in retention.ANSWERS.items():
        same(store, view, answer(people))
    for ago in (2, 30, 80):
        day = date(1970, 1, 1) + timedelta(days=people.today - ago)
        found = store.native.query(f"SELECT * FROM {store.address.database}.retention_at(day = '{day}')")
        assert comparable(found) == comparable(retention.retention(people, day)), day


def test_rosters_and_leaves_of_half_a_year_in_pieces(store: ClickHouseStore) -> None:
    """Some leave, which only the next weekly roster may tell; somebody takes over each time, or nobody."""
    empty(store, "UTC")
    world, none = history("UTC", *lives(4)), World("UTC", 48, 4_000_000, ())
    for moves in (False, True):
        in_pieces(store, (world, none, none), (0.2, 0.5, 0.52, 0.9, 1.0), moves, hold)


@pytest.mark.parametrize("zone", ZONES)
def test_cohorts_are_what_the_oracle_says_in_any_pieces(zone: str, store: ClickHouseStore) -> None:
    in_any_pieces(store, zone, hold)
