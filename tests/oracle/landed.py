"""The oracle's answer and a store's rows in one form, so that they can be compared table by table."""

import json
import re
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from analytics.chat.state import COUNTERS
from analytics.kernels.calendar import NEVER_MIN
from analytics.kernels.hashing import hash64
from schemas.columns import Kind, columns
from schemas.topics import CHAT
from tests.memory import KEYS, MemoryStore, Row
from tests.oracle.closed_days import CHAT_DAYS, Tables, chat_acts, closed_days, day_of, landed_days
from tests.oracle.community import Community, Group, Landed, group_row, is_question, membership, panes

_SPEC = columns(CHAT.name)
_FACTS = ("join", "leave", "roster", "roster_end", "profile", "group", "call")
_TIMES = (
    "max_ms", "activity_ms", "created_ms", "status_ms", "count_ms", "heartbeat_ms", "roster_ms", "last_ms", "spoke_ms",
    "in_ms", "out_ms", "role_ms",
)  # fmt: skip


def hash_of(text: str) -> int:
    """The hash under which an id is kept."""
    data = np.frombuffer(text.encode() + bytes(8), np.uint8)
    return int(hash64(data, 0, len(data) - 8))


def expected(oracle: Community, store_text: bool = False) -> Tables:
    """What the tables must hold once everything is landed."""
    groups = oracle.groups.items()
    return {
        "events": {row.offset: _event(row, store_text) for row in oracle.landed},
        "facts": {
            tuple(event[name] for name in KEYS["facts"]): _fact(event) | {"offset": row.offset}
            for row in reversed(oracle.landed)  # of a repeated event the first counts
            if is_fact(row.event) and not row.duplicate and (event := _event(row, False))
        },
        "dead_letters": {offset: {"error": kind} for offset, kind in oracle.dead.items()},
        "member_days": {
            (name, day, member): {"messages": n}
            for name, group in groups
            for (day, member), n in group.member_days.items()
        },
        "group_states": {name: _group(group) for name, group in groups},
        "membership_states": {
            (name, member): _membership(group, member) for name, group in groups for member in group.members()
        },
        "pane_states": {
            (name, *bucket): {counter: counts[counter] for counter in COUNTERS}
            for name, group in groups for bucket, counts in panes(group).items()
        },
    } | closed_days(oracle.landed, oracle.zone, oracle.lateness_h, chat_acts, CHAT_DAYS)  # fmt: skip


def is_fact(event: dict[str, Any]) -> bool:
    """Whether an event says who belongs to a group or what it is, or may call people or bring them somewhere."""
    linked = event.get("link_ids") or event.get("link_count") or event.get("mentions_all")
    calling = linked or event.get("kind") in ("link", "miniprogram", "poll")
    return event["type"] in _FACTS or bool(event["type"] == "message" and calling)


#: What a column has where the event has no such field; other kinds: an empty string.
_EMPTY: dict[Kind, Any] = {Kind.INT: 0, Kind.BOOL: 0, Kind.IDS: []}


def _event(row: Landed, store_text: bool) -> Row:
    found: Row = {"kafka_ts_ms": row.kafka_ts_ms, "duplicate": row.duplicate, "late": row.late}
    for field in _SPEC.fields:
        if field.name == "schema_version":
            continue
        value = row.event.get(field.name) if store_text or field.name != "text" else None
        found[field.name] = _EMPTY.get(field.kind, "") if value is None else value
    found["member_count"] = row.event.get("member_count")
    if row.event["type"] == "message":
        found["question"] = is_question(row.event)
    found["attributes"] = row.event.get("attributes") or {}
    return found | {"event_hash": hash_of(row.event["event_id"])}


def said(contract: str, event: Row) -> Row:
    """The fields of a contract that say something: in a table what is absent has a default."""
    fields = {field.name for field in columns(contract).fields} - {"schema_version"}
    return {name: value for name, value in event.items() if name in fields and value not in (None, "", 0)}


def _fact(event: Row) -> Row:
    """What `facts` has of an event: the columns of the table."""
    return {name: event[name] for name in _fact_columns()}


@cache
def _fact_columns() -> list[str]:
    ddl = resources.files("sinks.clickhouse.migrations").joinpath("0001_events.sql").read_text()
    table = ddl.split(".facts${local}")[1].split(") ENGINE")[0]
    return [name for name in re.findall(r"^    (\w+) ", table, re.MULTILINE) if name != "version"]


def _group(group: Group) -> Row:
    row = group_row(group)
    row["snapshot"] = hash_of(row["snapshot"]) if row["snapshot"] else 0
    return row | {"snapshot_ms": row["snapshot_ms"] or 0}


def _membership(group: Group, member: str) -> Row:
    row = membership(group, member)
    row["open_messages"] = [sum(n for day, n in row["open"].items() if day % 4 == place) for place in range(4)]
    row["source"] = row["source"] or None
    return {name: value for name, value in row.items() if name not in ("open", "present")}


# --- what was landed ------------------------------------------------------------------------------------------------


def found(store: MemoryStore) -> Tables:
    """What the tables hold."""
    return {
        "events": {row["offset"]: _landed_event(row) for row in store.live("events")},
        "facts": {
            tuple(row.get(name, "") for name in KEYS["facts"]): _fact(_landed_event(row)) | {"offset": row["offset"]}
            for row in store.live("facts")
        },
        "dead_letters": {row["offset"]: {"error": row["error"]} for row in store.live("dead_letters")},
        "member_days": {
            (r["group_id"], day_of(r["day"]), r["member_id"]): {"messages": r["messages"]}
            for r in store.live("member_days")
        },
        "group_states": {row["group_id"]: _landed_group(row) for row in store.live("group_states")},
        "membership_states": {
            (row["group_id"], row["member_id"]): _landed_membership(row) for row in store.live("membership_states")
        },
        "pane_states": {
            (row["group_id"], row["daily"], row["bucket"]): {name: row[name] for name in COUNTERS}
            for row in store.live("pane_states")
        },
    } | landed_days(store, CHAT.name, CHAT_DAYS)


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}


def _known(row: Row) -> Row:
    """Times that never were as None."""
    return {name: None if name in _TIMES and value == 0 else value for name, value in row.items()}


def _landed_event(row: Row) -> Row:
    result: Row = {name: row.get(name) for name in ("kafka_ts_ms", "duplicate", "late", "event_hash")}
    for field in _SPEC.fields:
        if field.name == "schema_version":
            continue
        result[field.name] = row.get(field.name, _EMPTY.get(field.kind, ""))
    result["member_count"] = row.get("member_count")
    result["attributes"] = json.loads(row.get("attributes") or "{}")
    return result


def _landed_group(row: Row) -> Row:
    return _known(_without(row, "group_id", "slot", "version", "topic", "partition"))


def _landed_membership(row: Row) -> Row:
    words = ("spoke_lo", "spoke_hi", "reacted_lo", "reacted_hi", "read_lo", "read_hi")
    result = _known(_without(row, "group_id", "member_id", "slot", "version", "topic", "partition", *words))
    for what in ("spoke", "reacted", "read"):
        result[what] = row[f"{what}_lo"] | row[f"{what}_hi"] << 64
    unknown = row["join_ms"] == NEVER_MIN
    return result | {
        "join_ms": None if unknown else row["join_ms"], "source": None if unknown else row["source"],
        "inviter_id": row["inviter_id"] or None,
    }  # fmt: skip
