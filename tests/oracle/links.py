"""What the links' table must hold, computed slowly and obviously from a partition's records; and what it holds.

Repeated records are not marked: which link of an account counts does not depend on how often it was said.
"""

from functools import partial

from schemas.topics import LINKS
from tests.memory import MemoryStore
from tests.oracle.closed_days import Tables, closed_days, landed_days, no_acts
from tests.oracle.landed import said
from tests.oracle.people import landed_of
from tests.oracle.worlds import World

_said = partial(said, LINKS.name)


def expected(world: World) -> Tables:
    """What must be there once all is landed."""
    landed, dead = landed_of(LINKS.name, world.records, world.horizon)
    return {
        "link_events": {one.offset: _said(one.event) | {"kafka_ts_ms": one.kafka_ts_ms} for one in landed},
        "dead_letters": {offset: {"error": kind} for offset, kind in dead.items()},
    } | closed_days(landed, world.zone, world.lateness_h, no_acts, ())


def found(store: MemoryStore) -> Tables:
    """What is there."""
    return {
        "link_events": {
            row["offset"]: _said(row) | {"kafka_ts_ms": row["kafka_ts_ms"]} for row in store.live("link_events")
        },
        "dead_letters": {row["offset"]: {"error": row["error"]} for row in store.live("dead_letters")},
    } | landed_days(store, LINKS.name, ())
