"""Days that a partition's clock closes, computed slowly and obviously from its records; and what landed of them."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Protocol

from analytics.chat.state import COUNTERS
from tests.memory import Row
from tests.oracle.community import (
    HOUR_MS,
    Counted,
    Days,
    Event,
    Group,
    Landed,
    Record,
    activity,
    panes,
    time_of,
    without_itself,
)
from tests.oracle.people import OWN

#: Table -> key -> row.
Tables = dict[str, dict[Any, Row]]
#: The rows of a table that an event gives on its day: (table, key without the day), and the columns it sets.
Acts = Callable[[Event], Iterable[tuple[str, tuple[str, ...], Row]]]
_EPOCH = date(1970, 1, 1)
#: What chat lands of closed days.
CHAT_DAYS = ("member_day_acts", "group_day_counts")
_KINDS = {"group": "group_id", "call": "call_id", "link": "link_id", "campaign": "campaign_id"}
_KEYS = {
    "member_day_acts": ("group_id", "member_id"),
    "group_day_counts": ("group_id",),
    "user_day_acts": ("user_id",),
    "reference_day_acts": ("user_id", "kind", "reference"),
}
_COLUMNS = {
    "member_day_acts": ("messages", "spoke", "reacted", "read"), "user_day_acts": ("used", "bought"),
    "group_day_counts": COUNTERS,
}  # fmt: skip


def chat_acts(event: Event) -> Iterable[tuple[str, tuple[str, ...], Row]]:
    """What a member did; the group itself is none."""
    what, member = activity(event), event.get("member_id")
    if what and member and event["group_id"].split(":", 2)[2:] != [member]:
        yield "member_day_acts", (event["group_id"], member), {what: 1}


def product_acts(event: Event) -> Iterable[tuple[str, tuple[str, ...], Row]]:
    """What a user did, and what it referred to."""
    if event["type"] in OWN:
        bought = {"bought": 1} if event["type"] == "purchase" else {}
        yield "user_day_acts", (event["user_id"],), {"used": 1, **bought}
        for kind, name in _KINDS.items():
            if event.get(name):
                yield "reference_day_acts", (event["user_id"], kind, event[name]), {}


def no_acts(event: Event) -> Iterable[tuple[str, tuple[str, ...], Row]]:
    """Links are nobody's acts."""
    return ()


def closed_days(landed: Iterable[Landed], zone: str, lateness_h: int, acts: Acts, tables: tuple[str, ...]) -> Tables:
    """What must stand there of every day that the records have closed; `landed` are those that keep the contract."""
    days, clock, open_day = Days(zone), 0, 0
    found: Tables = {name: {} for name in ("day_closings", *tables)}
    done: list[tuple[int, str, tuple[str, ...], Row]] = []
    known: list[Landed] = []
    for one in landed:
        clock = max(clock, time_of(Record(one.offset, one.kafka_ts_ms, None), one.event))
        until = days.of(clock - lateness_h * HOUR_MS)
        if until > open_day:
            found["day_closings"][until] = {"first_day": open_day, "next_offset": one.offset + 1, "clock_ms": clock}
            for day, table, key, row in done:
                if open_day <= day < until:
                    empty = dict.fromkeys(_COLUMNS.get(table, ()), 0)
                    found[table][day, *key] = empty | found[table].get((day, *key), {}) | row
            if "group_day_counts" in tables:
                _count(found, known, days, range(open_day, until))
            open_day = until
        if not one.duplicate:
            done += [(days.of(one.event["ts_ms"]), *act) for act in acts(one.event)]
            known.append(one)
    return found


def _count(found: Tables, known: list[Landed], days: Days, closing: range) -> None:
    """What groups and their members counted on the days that close."""
    logs: dict[str, list[Counted]] = {}
    for one in known:
        if "group_id" in one.event and days.of(one.event["ts_ms"]) in closing:
            logs.setdefault(one.event["group_id"], []).append(Counted(without_itself(one.event), one.late))
    for name, log in logs.items():
        group = Group(days, 0, log)
        for (daily, day), counts in panes(group).items():
            if daily:
                found["group_day_counts"][day, name] = {counter: counts[counter] for counter in COUNTERS}
        for day in closing:
            for member, messages in group.messages_of(day).items():
                if (day, name, member) in found["member_day_acts"]:
                    found["member_day_acts"][day, name, member]["messages"] = messages


class Rows(Protocol):
    """Where rows have landed."""

    def live(self, table: str, contract: str) -> list[Row]:
        """The newest row of every key."""


def landed_days(store: Rows, contract: str, tables: tuple[str, ...]) -> Tables:
    """What stands there."""
    found: Tables = {
        "day_closings": {
            day_of(row["until_day"]): {
                "first_day": day_of(row["first_day"]), "next_offset": row["next_offset"], "clock_ms": row["clock_ms"]
            }
            for row in store.live("day_closings", contract)
        }
    }  # fmt: skip
    for table in tables:
        found[table] = {
            (day_of(row["day"]), *(row[name] for name in _KEYS[table])): {
                name: row[name] for name in _COLUMNS.get(table, ())
            }
            for row in store.live(table, contract)
        }
    return found


def day_of(day: date) -> int:
    """The number of a day."""
    return (day - _EPOCH).days
