"""The whole way of product events in memory against plain lists: any framing, order, flush and crash."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analytics.community_state import NEVER_MIN
from schemas.topics import PRODUCT
from tests.analytics.test_community import Run, sizes, steady, steps
from tests.memory import MemoryStore
from tests.oracle.community import Days, Event, Record
from tests.oracle.people import OWN, events_of
from tests.oracle.product_worlds import PRODUCT_EVENTS, beside
from tests.oracle.worlds import ZONES, World

Row = dict[str, Any]
Rows = dict[Any, Row]
_NOW = World("UTC", 48, 4_000_000, (Record(0, 1_772_000_000_000, b""),))
_KINDS = {"group": "group_id", "call": "call_id", "link": "link_id", "campaign": "campaign_id"}

product_worlds = st.tuples(beside(PRODUCT_EVENTS, _NOW, 40, 1), st.sampled_from(sorted(ZONES))).map(
    lambda found: World(found[1], 48, 4_000_000, found[0].records)
)


def _days(zone: str, times: list[int], base: int) -> int:
    days = Days(zone)
    ages = {days.of(base) - days.of(ts_ms) for ts_ms in times}
    return sum(1 << age for age in ages if age < 128)


def _first(events: list[Event], kind: str) -> int:
    return min((e["ts_ms"] for e in events if e["type"] == kind), default=NEVER_MIN)


def users(events: list[Event], zone: str) -> Rows:
    """What must be known of every user."""
    found: Rows = {}
    of: dict[str, list[Event]] = {}
    for e in events:
        of.setdefault(e["user_id"], []).append(e)
    for user, mine in of.items():
        acts = [e["ts_ms"] for e in mine if e["type"] in OWN]
        last = max(acts, default=0)
        found[user] = {
            "first_ms": min(acts, default=NEVER_MIN), "last_ms": last, "used": _days(zone, acts, last),
            "bought": _days(zone, [e["ts_ms"] for e in mine if e["type"] == "purchase"], last),
            "signup_ms": _first(mine, "signup"), "trial_ms": _first(mine, "trial"),
            "purchase_ms": _first(mine, "purchase"),
            "contacted_ms": max((e["ts_ms"] for e in mine if e["type"] == "contact"), default=0),
        }  # fmt: skip
    return found


def references(events: list[Event], zone: str) -> Rows:
    """What must be known of everything that users' acts refer to."""
    times: dict[Any, list[int]] = {}
    for e in events:
        for kind, name in _KINDS.items():
            if e["type"] in OWN and e.get(name):
                times.setdefault((e["user_id"], kind, e[name]), []).append(e["ts_ms"])
    return {
        key: {"first_ms": min(some), "last_ms": max(some), "acted": _days(zone, some, max(some))}
        for key, some in times.items()
    }


def landed(store: MemoryStore) -> tuple[Rows, Rows]:
    """The same as it stands in the store."""

    def plain(row: Row, *masks: str) -> Row:
        words = {f"{mask}_{part}" for mask in masks for part in ("lo", "hi")}
        skip = {"user_id", "kind", "reference", "slot", "version", "topic", "partition", *words}
        return {name: value for name, value in row.items() if name not in skip} | {
            mask: row[f"{mask}_lo"] | row[f"{mask}_hi"] << 64 for mask in masks
        }

    return (
        {row["user_id"]: plain(row, "used", "bought") for row in store.live("user_states", PRODUCT.name)},
        {
            (r["user_id"], r["kind"], r["reference"]): plain(r, "acted")
            for r in store.live("user_reference_states", PRODUCT.name)
        },
    )


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
