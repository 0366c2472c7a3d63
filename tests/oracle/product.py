"""What the product's tables must hold, computed slowly and obviously from a partition's records; and what they hold."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from analytics.kernels.calendar import NEVER_MIN
from schemas.topics import PRODUCT
from tests.memory import KEYS, MemoryStore, Row
from tests.oracle.closed_days import Tables, closed_days, landed_days, product_acts
from tests.oracle.community import Days, Event
from tests.oracle.landed import said
from tests.oracle.people import OWN, events_of, landed_of
from tests.oracle.worlds import World

Rows = dict[Any, Row]
_FACTS = ("signup", "trial", "share", "purchase", "refund", "contact")
_DAYS = ("user_day_acts", "reference_day_acts")
_said = partial(said, PRODUCT.name)
_KINDS = {"group": "group_id", "call": "call_id", "link": "link_id", "campaign": "campaign_id"}


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


def expected(world: World) -> Tables:
    """What the tables must hold once all is landed."""
    landed, dead = landed_of(PRODUCT.name, world.records, world.horizon)
    events = events_of(PRODUCT.name, world.records, world.horizon)
    return {
        "product_events": {
            one.offset: _said(one.event) | {"kafka_ts_ms": one.kafka_ts_ms, "duplicate": one.duplicate}
            for one in landed
        },
        "product_facts": {
            _fact_key(one.event): _said(one.event) | {"offset": one.offset}
            for one in reversed(landed)  # of a repeated event the first counts
            if one.event["type"] in _FACTS and not one.duplicate
        },
        "dead_letters": {offset: {"error": kind} for offset, kind in dead.items()},
        "user_states": users(events, world.zone),
        "user_reference_states": references(events, world.zone),
    } | closed_days(landed, world.zone, world.lateness_h, product_acts, _DAYS)


def found(store: MemoryStore) -> Tables:
    """What they hold."""
    states = (store.live(table, PRODUCT.name) for table in ("user_states", "user_reference_states"))
    user_rows, reference_rows = landed_states(*states)
    return {
        "product_events": {
            row["offset"]: _said(row) | {"kafka_ts_ms": row["kafka_ts_ms"], "duplicate": bool(row["duplicate"])}
            for row in store.live("product_events")
        },
        "product_facts": {
            _fact_key(row): _said(row) | {"offset": row["offset"]} for row in store.live("product_facts")
        },
        "dead_letters": {row["offset"]: {"error": row["error"]} for row in store.live("dead_letters")},
        "user_states": user_rows,
        "user_reference_states": reference_rows,
    } | landed_days(store, PRODUCT.name, _DAYS)


def _fact_key(event: Row) -> tuple[Any, ...]:
    return tuple(event[name] for name in KEYS["product_facts"])


def landed_states(user_rows: Iterable[Row], reference_rows: Iterable[Row]) -> tuple[Rows, Rows]:
    """The same, of users and references, as the rows say that landed."""

    def plain(row: Row, *masks: str) -> Row:
        words = {f"{mask}_{part}" for mask in masks for part in ("lo", "hi")}
        skip = {"user_id", "kind", "reference", "slot", "version", "topic", "partition", *words}
        return {name: value for name, value in row.items() if name not in skip} | {
            mask: row[f"{mask}_lo"] | row[f"{mask}_hi"] << 64 for mask in masks
        }

    return (
        {row["user_id"]: plain(row, "used", "bought") for row in user_rows},
        {(row["user_id"], row["kind"], row["reference"]): plain(row, "acted") for row in reference_rows},
    )
