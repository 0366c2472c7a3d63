"""The whole way of product events in memory against plain lists: any framing, order, flush and crash."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import PRODUCT
from tests.analytics.test_community import Run, same, sizes, steady, steps
from tests.memory import MemoryStore
from tests.oracle.community import Record
from tests.oracle.product import expected, found
from tests.oracle.product_worlds import product_worlds
from tests.oracle.worlds import World


def finished(world: World, sizes: list[int], steps: list[tuple[int, int, str, int]]) -> MemoryStore:
    """Everything landed, whatever happened on the way."""
    run = Run(world, sizes, topic=PRODUCT.name)
    for frames, back, action, tables in steps:
        if not run.done:
            run.fetch(frames, back)
        run.act(action, tables)
    return run.finish()


@steady(120)
@given(product_worlds(), sizes, steps)
def test_rows_are_those_of_plain_lists_whatever_happens(
    world: World, sizes: list[int], steps: list[tuple[int, int, str, int]]
) -> None:
    same(found(finished(world, sizes, steps)), expected(world))


@steady(60)
@given(product_worlds(repeats=0), st.randoms(use_true_random=False), sizes)
def test_neither_order_nor_repetition_of_records_matters(world: World, random: Any, sizes: list[int]) -> None:
    shuffled = list(world.records) * 2
    random.shuffle(shuffled)
    other = World(world.zone, 48, 4_000_000, tuple(record._replace(offset=i) for i, record in enumerate(shuffled)))
    rows, wanted = found(finished(other, [1], [])), found(finished(world, sizes, []))
    for fact in (*rows["product_facts"].values(), *wanted["product_facts"].values()):
        del fact["offset"]
    same(rows, {table: wanted[table] for table in ("product_facts", "user_states", "user_reference_states")})


def test_many_users_make_the_arrays_grow() -> None:
    values = [
        b'{"type":"click","event_id":"e%d","ts_ms":%d,"user_id":"u%d","group_id":"g%d","link_id":"l%d"}'
        % (i, 1_771_000_000_000 + i, i % 1_100, i % 700, i)
        for i in range(1_500)
    ]
    world = World("UTC", 48, 4_000_000, tuple(Record(i, 1_772_000_000_000, v) for i, v in enumerate(values)))
    again = [(3, 0, "flush", 0), (9, 0, "crash", 0), (2, 1, "doubt", 7)]
    same(found(finished(world, [700, 50], again)), expected(world))
