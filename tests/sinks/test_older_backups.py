"""Rows of people that were written while the database was restored from an older backup are not vouched for."""

from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pytest

from schemas.agents import PEOPLE
from sinks.clickhouse.readers.closed_days import ClosedDays
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Cut, Head
from streams.people.terms import publish, published
from tests.landing import empty, own_store

pytestmark = pytest.mark.services
DAYS, HISTORY = [date(2026, 3, 1), date(2026, 3, 2)], 7


@pytest.fixture
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for found in own_store(clickhouse):
        empty(found, "UTC")
        yield found


def head(sequence: int) -> Head:
    return Head(PEOPLE.contract, 0, 0, Cut(3, sequence), 0, 0)


def test_a_flush_is_published_unless_what_was_published_before_is_gone(store: ClickHouseStore) -> None:
    publish(store, [head(0)], HISTORY)
    assert published(store, 0) == 0, "a term's first head stands before its rows"
    publish(store, [head(1)], HISTORY)
    publish(store, [head(2)], HISTORY, known=head(1).version)
    assert published(store, 0) == head(2).version
    store.native.execute(f"TRUNCATE TABLE {store.address.database}.people_terms")
    publish(store, [head(3)], HISTORY, known=head(2).version)
    assert published(store, 0) == 0
    publish(store, [head(3)], HISTORY)
    assert (published(store, 0), ClosedDays(store).in_use()) == (head(3).version, HISTORY)


def groups(day: date) -> pa.Table:
    return pa.table({"history": pa.array([HISTORY], pa.uint32()), "day": [day], "group_id": ["it's"]})


def cuts(*days: date) -> pa.Table:
    places = {"topic": ["it's", "b"] * len(days), "partition": [0, 1] * len(days), "next_offset": [5, 6] * len(days)}
    of = {"history": pa.array([HISTORY] * 2 * len(days), pa.uint32()), "day": [day for day in days for _ in range(2)]}
    return pa.table(of | places)


def newest(store: ClickHouseStore) -> date | None:
    d = store.address.database
    rows = store.native.execute(f"SELECT day, count() FROM {d}.people_cuts FINAL GROUP BY day ORDER BY day")
    assert all(count == 2 for _, count in rows)
    return rows[-1][0] if rows else None


@pytest.mark.parametrize("batch", [1, 2])
def test_days_are_complete_once_their_rows_are_there_and_the_day_before_is(store: ClickHouseStore, batch: int) -> None:
    landed, days, counts = ClosedDays(store), DAYS[:batch], {"people_group_days": batch, "people_transitions": 0}
    for day in days[1:]:
        store.insert("people_group_days", groups(day))
    assert not landed.complete(cuts(*days), True, counts), "rows of the first day are gone"
    assert newest(store) is None
    store.insert("people_group_days", groups(days[0]))
    assert not landed.complete(cuts(*days), False, counts), "the day before is gone"
    assert newest(store) is None
    assert landed.complete(cuts(*days), True, counts)
    assert landed.complete(cuts(*days), True, counts), "once more, since an answer was lost"
    assert newest(store) == days[-1]
    following = date(2026, 3, batch + 1)
    assert landed.complete(cuts(following), False, {})
    assert newest(store) == following
