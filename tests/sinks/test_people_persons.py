"""What the people agent lands about persons, on a real ClickHouse, against the oracle, in any number of pieces."""

from collections.abc import Iterator

import pytest

from sinks.clickhouse.store import ClickHouseStore
from tests.landing import own_store
from tests.oracle.people import People, orders, payers
from tests.oracle.people_questions import contacts, cross_group, journey, profiles
from tests.oracle.segments import segments
from tests.sinks.people_agent import FIELDS
from tests.sinks.pieces import in_any_pieces
from tests.sinks.test_people import ZONES, same

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
    same(store, "profiles", profiles(people, FIELDS))
    for person in ("u1", "irc:-:m2", "wecom:公司:m1"):
        same(store, f"journeys(person = '{person}')", journey(people, person))


@pytest.mark.parametrize("zone", ZONES)
def test_persons_are_the_oracles_in_any_pieces(zone: str, store: ClickHouseStore) -> None:
    in_any_pieces(store, zone, same_as_oracle, most=3)
