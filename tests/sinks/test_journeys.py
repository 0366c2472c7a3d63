"""The acts of accounts, copied inside a real ClickHouse: once each, however often, and only those that count."""

from collections.abc import Iterator

import pytest

from schemas.agents import COMMUNITY
from schemas.topics import CHAT
from sinks.clickhouse.excluded import ExcludedRecords
from sinks.clickhouse.journeys import Journeys
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.readers.marks import marks
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, own_store
from tests.oracle.people_worlds import lives_of_people

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        migrate(store.address, "UTC")
        yield store


def acts(store: ClickHouseStore) -> list[int]:
    """Offsets of all acts."""
    d = store.address.database
    return [row[0] for row in store.native.execute(f"SELECT offset FROM {d}.journey_acts FINAL ORDER BY offset")]


def test_acts_are_copied_once_and_follow_what_counts(store: ClickHouseStore) -> None:
    chat = lives_of_people(3, "UTC")[0]
    landing, half = Landing(chat, store), len(chat.records) // 2
    landing.land(chat.records[:half])
    journeys = Journeys(store)
    assert journeys.land(marks(store)) and not journeys.land(marks(store))
    first = acts(store)
    landing.land(chat.records[half:])
    d, head = store.address.database, marks(store)
    store.native.execute(f"INSERT INTO {d}.journey_acts SELECT * FROM {d}.journey_acts")  # landed, and never marked
    assert Journeys(store).land(head) and not Journeys(store).land(head), "another owner goes on where marks end"
    counted = store.native.execute(
        f"SELECT DISTINCT offset FROM {d}.events WHERE NOT duplicate AND type IN "
        "('message', 'edit', 'recall', 'reaction', 'read', 'join', 'leave', 'profile') ORDER BY offset"
    )
    everything = [row[0] for row in counted]
    assert acts(store) == everything and first == [n for n in everything if n < half] and len(first) < len(everything)

    excluded = ExcludedRecords(store, CHAT.name, 0, COMMUNITY)
    assert excluded.mark(everything[:3]) == set(everything[:3])
    assert acts(store) == everything[3:]
    excluded.mark(everything[1:2])
    assert acts(store) == [everything[0], *everything[2:]]
    excluded.mark(())
    assert acts(store) == everything
