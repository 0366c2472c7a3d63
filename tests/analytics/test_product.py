"""The whole way of product events in memory against plain lists: any framing, order, flush and crash."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import PRODUCT
from tests.analytics.test_community import Run, sizes, steady, steps
from tests.memory import MemoryStore
from tests.oracle.community import Record
from tests.oracle.people import events_of
from tests.oracle.product import Rows, landed_states, references, users
from tests.oracle.product_worlds import PRODUCT_EVENTS, beside
from tests.oracle.worlds import ZONES, World

_NOW = World("UTC", 48, 4_000_000, (Record(0, 1_772_000_000_000, b""),))

product_worlds = st.tuples(beside(PRODUCT_EVENTS, _NOW, 40, 1), st.sampled_from(sorted(ZONES))).map(
    lambda found: World(found[1], 48, 4_000_000, found[0].records)
)


def landed(store: MemoryStore) -> tuple[Rows, Rows]:
    """Users and references as they stand in the store."""
    return landed_states(*(store.live(table, PRODUCT.name) for table in ("user_states", "user_reference_states")))


def finished(world: World, sizes: list[int], steps: list[tuple[int, int, str, int]]) -> MemoryStore:
    """Everything landed, whatever happened on the way."""
    run = Run(world, sizes, topic=PRODUCT.name)
    for frames, back, action, tables in steps:
        if not run.done:
            run.fetch(frames, back)
        run.act(action, tables)
    return run.finish()


@steady(120)
@given(product_worlds, sizes, steps)
def test_rows_are_those_of_plain_lists_whatever_happens(
    world: World, sizes: list[int], steps: list[tuple[int, int, str, int]]
) -> None:
    store = finished(world, sizes, steps)
    events = events_of(PRODUCT.name, world.records)
    assert landed(store) == (users(events, world.zone), references(events, world.zone))
    assert {row["offset"] for row in store.live("product_events")} == {record.offset for record in world.records}
    facts = {row["event_id"] for row in store.live("product_facts")}
    assert facts == {
        e["event_id"] for e in events if e["type"] in ("signup", "trial", "share", "purchase", "refund", "contact")
    }


@steady(60)
@given(product_worlds, st.randoms(use_true_random=False), sizes)
def test_the_order_of_records_does_not_matter(world: World, random: Any, sizes: list[int]) -> None:
    shuffled = list(world.records)
    random.shuffle(shuffled)
    other = World(world.zone, 48, 4_000_000, tuple(record._replace(offset=i) for i, record in enumerate(shuffled)))
    assert landed(finished(world, sizes, [])) == landed(finished(other, [1], []))


def test_many_users_make_the_arrays_grow() -> None:
    values = [
        b'{"type":"click","event_id":"e%d","ts_ms":%d,"user_id":"u%d","group_id":"g%d","link_id":"l%d"}'
        % (i, 1_771_000_000_000 + i, i % 1_100, i % 700, i)
        for i in range(1_500)
    ]
    world = World("UTC", 48, 4_000_000, tuple(Record(i, 1_772_000_000_000, v) for i, v in enumerate(values)))
    events = events_of(PRODUCT.name, world.records)
    again = [(3, 0, "flush", 0), (9, 0, "crash", 0), (2, 1, "doubt", 7)]
    for rows, wanted in zip(
        landed(finished(world, [700, 50], again)), (users(events, "UTC"), references(events, "UTC")), strict=True
    ):
        assert rows.keys() == wanted.keys()
        assert not [key for key, row in rows.items() if row != wanted[key]]
