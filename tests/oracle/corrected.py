"""Closed hours and days as they should have been: late events where they belong, repeated ones once. Slow and obvious.

A late event belongs just before the first record whose time closes its hour or its day in its group. The records are
put into that order one by one, and then told as if they had come so.
"""

from typing import Any

from schemas.errors import InvalidEventError
from schemas.validate import validate
from tests.oracle.community import HOUR_MS, Community, Days, Event, Record, community, panes, time_of


def _events(records: list[Record]) -> list[tuple[Record, Event]]:
    """Valid records and their events, of each id the first only."""
    found: list[tuple[Record, Event]] = []
    known = set()
    for record in records:
        try:
            event = validate("chat.events", record.value, record.kafka_ts_ms).model_dump()
        except InvalidEventError:
            continue
        if event["event_id"] not in known:
            known.add(event["event_id"])
            found.append((record, event))
    return found


def _closes(time_ms: int, event: Event, days: Days, lateness_ms: int) -> bool:
    """Whether a group whose time is `time_ms` has closed the hour or the day of an event."""
    watermark = time_ms - lateness_ms
    return (event["ts_ms"] // HOUR_MS + 1) * HOUR_MS <= watermark or days.of(event["ts_ms"]) < days.of(watermark)


def _place(at: int, events: list[tuple[Record, Event]], days: Days, lateness_ms: int) -> int | None:
    """Before which one the event at `at` belongs; None: it came in time."""
    event, time_ms = events[at][1], None
    for place, (record, other) in enumerate(events[:at]):
        known = time_ms is not None
        if other.get("group_id") == event["group_id"] or (other["type"] == "tick" and known):
            time_ms = max(time_ms or 0, time_of(record, other))
            if _closes(time_ms, event, days, lateness_ms):
                return place
    return None


def corrected(records: list[Record], zone: str = "UTC", lateness_h: int = 48) -> Community:
    """Everything the records amount to when each comes where it belongs."""
    events, days, lateness_ms = _events(records), Days(zone), lateness_h * HOUR_MS
    order = []
    for at, (record, event) in enumerate(events):
        place = None if event["type"] == "tick" else _place(at, events, days, lateness_ms)
        order.append(((at, 1, 0, at) if place is None else (place, 0, event["ts_ms"], at), record))
    told = [record._replace(offset=number) for number, (_, record) in enumerate(sorted(order))]
    return community(told, zone, lateness_h, 1 << 62)


Rows = dict[tuple[Any, ...], dict[str, int]]


def closed_rows(records: list[Record], zone: str, lateness_h: int, horizon: int) -> dict[str, Rows]:
    """Table -> key -> counts, of the hours and days that are closed as told and as they should have been.

    Rows of which nothing should be left count nothing.
    """
    told, should = community(records, zone, lateness_h, horizon), corrected(records, zone, lateness_h)
    tables: dict[str, Rows] = {"pane_states": {}, "member_days": {}}
    for name, group in told.groups.items():
        other = should.groups.get(name)
        closed_day = min(group.closed_day, other.closed_day if other else group.closed_day)
        hours = [g.watermark_ms // HOUR_MS for g in (group, other) if g]
        for key, counts in panes(other).items() if other else ():
            if key[1] < (closed_day if key[0] else min(hours)):
                tables["pane_states"][name, *key] = dict(counts)
        for (day, member), messages in other.member_days.items() if other else ():
            if day < closed_day:
                tables["member_days"][name, day, member] = {"messages": messages}
    return tables
