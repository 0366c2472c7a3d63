"""What the links' table must hold, computed slowly and obviously from a partition's records; and what it holds.

Repeated records are not marked: which link of an account counts does not depend on how often it was said.
"""

from schemas.columns import columns
from schemas.topics import LINKS
from tests.memory import MemoryStore, Row
from tests.oracle.landed import Tables
from tests.oracle.people import landed_of
from tests.oracle.worlds import World

_FIELDS = {field.name for field in columns(LINKS.name).fields} - {"schema_version"}


def _said(event: Row) -> Row:
    """The fields that say something: in a table what is absent has a default."""
    return {name: value for name, value in event.items() if name in _FIELDS and value not in (None, "", 0)}


def expected(world: World) -> Tables:
    """What must be there once all is landed."""
    landed, dead = landed_of(LINKS.name, world.records, world.horizon)
    return {
        "link_events": {one.offset: _said(one.event) | {"kafka_ts_ms": one.kafka_ts_ms} for one in landed},
        "dead_letters": {offset: {"error": kind} for offset, kind in dead.items()},
    }


def found(store: MemoryStore) -> Tables:
    """What is there."""
    return {
        "link_events": {
            row["offset"]: _said(row) | {"kafka_ts_ms": row["kafka_ts_ms"]} for row in store.live("link_events")
        },
        "dead_letters": {row["offset"]: {"error": row["error"]} for row in store.live("dead_letters")},
    }
