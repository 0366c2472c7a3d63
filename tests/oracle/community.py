"""What docs/community.md says, computed slowly and obviously: the records of one partition in, every row out.

Shares nothing with the kernels but the contract's own `validate`: plain lists and dictionaries, each figure from all
events that came so far. Times that never were are None, masks are Python integers of any width.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, get_args
from zoneinfo import ZoneInfo

from schemas.chat import JoinSource, Role
from schemas.errors import InvalidEventError
from schemas.validate import validate

HOUR_MS = 3_600_000
_QUESTION = re.compile(r"\?(?![0-9A-Za-z])|[？؟]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ACTIVITY = {"message": "spoke", "reaction": "reacted", "read": "read"}

Event = dict[str, Any]


class Record(NamedTuple):
    """A record as the broker delivers it."""

    offset: int
    kafka_ts_ms: int
    value: bytes | None


class Landed(NamedTuple):
    """A valid record and what became of it."""

    offset: int
    kafka_ts_ms: int
    event: Event
    duplicate: bool
    late: bool


def time_of(record: Record, event: Event) -> int:
    """Where a record moves its group's time: no clock but the broker's can be ahead."""
    return min(event["ts_ms"], record.kafka_ts_ms if record.kafka_ts_ms >= 0 else event["ts_ms"])


def clock_of(landed: Iterable[Landed]) -> int:
    """The clock of a partition after these records; 0: none has come."""
    return max((time_of(Record(one.offset, one.kafka_ts_ms, None), one.event) for one in landed), default=0)


class Counted(NamedTuple):
    """An event that is no duplicate, in its group's log."""

    event: Event
    late: bool


@lru_cache(100_000)
def _day(zone: str, ts_ms: int) -> int:
    local = (_EPOCH + timedelta(milliseconds=ts_ms)).astimezone(ZoneInfo(zone))
    return (local.date() - date(1970, 1, 1)).days


@dataclass
class Days:
    """Days of a time zone as numbers since 1970-01-01."""

    zone: str

    def of(self, ts_ms: int) -> int:
        return _day(self.zone, ts_ms)


def without_itself(event: Event) -> Event:
    """A group that speaks under its own id is no member."""
    itself = event.get("member_id") and event["group_id"].split(":", 2)[2:] == [event["member_id"]]
    return event | {"member_id": None} if itself else event


def activity(event: Event) -> str | None:
    """Which activity an event is: spoke, reacted, read, or none."""
    return None if event.get("removed") else _ACTIVITY.get(event["type"])


@dataclass
class Group:
    """All that came about one group, in order, and the days that closed meanwhile."""

    days: Days
    lateness_ms: int
    log: list[Counted] = field(default_factory=list)
    time_ms: int | None = None
    closed_day: int = 0
    member_days: dict[tuple[int, str], int] = field(default_factory=dict)
    roster_ms: int | None = None

    @property
    def watermark_ms(self) -> int:
        assert self.time_ms is not None
        return self.time_ms - self.lateness_ms

    def move(self, ts_ms: int) -> None:
        """Time goes on: close the days that the watermark has left behind."""
        if self.time_ms is None:
            self.closed_day = self.days.of(ts_ms - self.lateness_ms)
        self.time_ms = max(self.time_ms or 0, ts_ms)
        while self.closed_day < self.days.of(self.watermark_ms):
            self._close(self.closed_day)
            self.closed_day += 1

    def add(self, event: Event, time_ms: int) -> bool:
        """One more event, which moves time to `time_ms`. Returns whether it is late."""
        self.move(time_ms)
        hour_end = (event["ts_ms"] // HOUR_MS + 1) * HOUR_MS
        late = hour_end <= self.watermark_ms or self.days.of(event["ts_ms"]) < self.closed_day
        self.log.append(Counted(event, late))
        roster = self.newest_roster()
        if roster is not None and roster["complete"]:
            self.roster_ms = roster["time"]
        return late

    def _close(self, day: int) -> None:
        for member, messages in self.messages_of(day).items():
            self.member_days[day, member] = messages

    def messages_of(self, day: int) -> Counter[str]:
        """Messages a member of one day, late ones left out."""
        return Counter(
            e["member_id"]
            for e, late in self.log
            if e["type"] == "message" and e["member_id"] and not late and self.days.of(e["ts_ms"]) == day
        )

    def newest_roster(self) -> dict[str, Any] | None:
        """The roster whose rows or end came last in time."""
        found: dict[str, dict[str, Any]] = {}
        for e, _ in self.log:
            if e["type"] in ("roster", "roster_end"):
                one = found.setdefault(e["snapshot_id"], {"id": e["snapshot_id"], "times": [], "complete": False})
                one["times"].append(e["ts_ms"])
                one["complete"] |= e.get("complete", False)
        newest = max(found.values(), key=lambda one: max(one["times"]), default=None)
        return newest and {"id": newest["id"], "time": min(newest["times"]), "complete": newest["complete"]}

    def members(self) -> list[str]:
        """Everyone known, in order of appearance."""
        return list(dict.fromkeys(e["member_id"] for e, _ in self.log if e.get("member_id")))


@dataclass
class Community:
    """One partition of chat.events."""

    zone: str = "UTC"
    lateness_h: int = 48
    horizon: int = 4_000_000
    landed: list[Landed] = field(default_factory=list)
    dead: dict[int, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    _newest: dict[str, int] = field(default_factory=dict)

    def deliver(self, record: Record) -> None:
        """Take the next record."""
        try:
            event = validate("chat.events", record.value, record.kafka_ts_ms).model_dump()
        except InvalidEventError as error:
            self.dead[record.offset] = error.kind
            return
        before = self._newest.get(event["event_id"])
        self._newest[event["event_id"]] = record.offset
        duplicate = before is not None and record.offset - before <= self.horizon
        late = not duplicate and self._count(event, time_of(record, event))
        self.landed.append(Landed(record.offset, record.kafka_ts_ms, event, duplicate, late))

    def _count(self, event: Event, time_ms: int) -> bool:
        if event["type"] == "tick":
            for group in self.groups.values():
                group.move(time_ms)
            return False
        event = without_itself(event)
        new = Group(Days(self.zone), self.lateness_h * HOUR_MS)
        return self.groups.setdefault(event["group_id"], new).add(event, time_ms)


def community(records: list[Record], zone: str = "UTC", lateness_h: int = 48, horizon: int = 4_000_000) -> Community:
    """Everything that one partition's records amount to."""
    result = Community(zone, lateness_h, horizon)
    for record in records:
        result.deliver(record)
    return result


# --- rows of what is known now --------------------------------------------------------------------------------------


def _newest(events: list[Event], *types: str) -> int | None:
    return max((e["ts_ms"] for e in events if e["type"] in types), default=None)


def _mask(ages: set[int], width: int) -> int:
    return sum(1 << age for age in ages if age < width)


def _first_join(events: list[Event]) -> tuple[int | None, str | None, str]:
    """Time, inviter and source of the first known join."""
    sources = get_args(JoinSource)
    joins = [
        (e["ts_ms"], e["inviter_id"] is None, (e["inviter_id"] or "").encode(), sources.index(e["source"]))
        for e in events
        if e["type"] == "join"
    ] + [
        (e["joined_at_ms"], e["inviter_id"] is None, (e["inviter_id"] or "").encode(), sources.index(e["source"]))
        for e in events
        if e["type"] == "roster" and e["joined_at_ms"]
    ]
    if not joins:
        return None, None, ""
    ts_ms, _, inviter, source = min(joins)
    return ts_ms, inviter.decode() or None, sources[source]


def membership(group: Group, member: str) -> dict[str, Any]:
    """The row of one member of a group."""
    counted = [c for c in group.log if c.event.get("member_id") == member]
    events = [c.event for c in counted]
    acts = [e for e in events if activity(e)]
    last: int = max((e["ts_ms"] for e in acts), default=0)
    row: dict[str, Any] = {"last_ms": last or None, "first_ms": min(e["ts_ms"] for e in events)}
    for what in ("spoke", "reacted", "read"):
        times = [e["ts_ms"] for e in acts if activity(e) == what]
        row[what] = _mask({group.days.of(last) - group.days.of(t) for t in times}, 128)
        row[f"{what}_hours"] = _mask({last // HOUR_MS - t // HOUR_MS for t in times}, 64)
    row["join_ms"], row["inviter_id"], row["source"] = _first_join(events)
    row["spoke_ms"] = _newest(events, "message")
    row["in_ms"], row["out_ms"] = _newest(events, "join", "roster"), _newest(events, "leave")
    roles = [
        (e["ts_ms"], get_args(Role).index(e["role"]))
        for e in events
        if e["type"] in ("roster", "profile") and e["role"]
    ]
    row["role_ms"], role = max(roles, default=(None, 0))
    row["role"] = get_args(Role)[role]
    for kind, name in (("message", "messages"), ("join", "joins"), ("leave", "leaves")):
        row[name] = sum(e["type"] == kind for e in events)
    row["open"] = {
        day: n for day in {group.days.of(e["ts_ms"]) for e in events} if day >= group.closed_day
        and (n := group.messages_of(day)[member])
    }  # fmt: skip
    out = row["out_ms"] is not None and row["out_ms"] >= (row["in_ms"] or 0)
    signs = [row["in_ms"] or 0, last, row["first_ms"]]
    row["present"] = not out and not (group.roster_ms is not None and group.roster_ms > max(signs))
    return row


def group_row(group: Group) -> dict[str, Any]:
    """The row of one group."""
    events = [c.event for c in group.log]
    facts = [e for e in events if e["type"] == "group"]
    counts = [(e["ts_ms"], e["member_count"]) for e in facts if e["member_count"] is not None]
    states = [(e["ts_ms"], e["status"] == "dissolved") for e in facts]
    beats = [(e["ts_ms"], not e["healthy"]) for e in events if e["type"] == "heartbeat"]
    roster = group.newest_roster()
    return {
        "max_ms": group.time_ms, "first_ms": min(e["ts_ms"] for e in events),
        "activity_ms": max((e["ts_ms"] for e in events if activity(e)), default=None),
        "closed_hour": group.watermark_ms // HOUR_MS, "closed_day": group.closed_day,
        "created_ms": min((e["created_at_ms"] for e in facts if e["created_at_ms"]), default=None),
        "status_ms": max(states, default=(None, False))[0],
        "status": "dissolved" if max(states, default=(None, False))[1] else "open",
        "count_ms": max(counts, default=(None, 0))[0], "member_count": max(counts, default=(None, 0))[1],
        "heartbeat_ms": max(beats, default=(None, False))[0], "healthy": not max(beats, default=(None, False))[1],
        "snapshot": roster and roster["id"], "snapshot_ms": roster and roster["time"],
        "complete": bool(roster and roster["complete"]), "roster_ms": group.roster_ms,
        "late": sum(c.late for c in group.log), "platform": events[-1]["platform"],
    }  # fmt: skip


def is_question(message: Event) -> bool:
    """What the event says, or its text."""
    said = message["question"]
    return bool(_QUESTION.search(message["text"] or "")) if said is None else bool(said)


def counts_of(event: Event) -> dict[str, int]:
    """What one event adds to its hour and day, distinct members apart."""
    kind = event["type"]
    names = {
        "message": "messages", "reaction": "reactions", "read": "reads", "join": "joins", "leave": "leaves",
        "edit": "edits", "recall": "recalls", "call": "calls",
    }  # fmt: skip
    if kind not in names or event.get("removed"):
        return {}
    found = {names[kind]: 1}
    if kind == "message":
        found |= {
            "replies": int(bool(event["reply_to_message_id"] or event["reply_to_member_id"])),
            "mentions": len(event["mentions"]), "links": int(event["link_count"] > 0),
            "questions": int(is_question(event)),
        }  # fmt: skip
    return found


def panes(group: Group) -> dict[tuple[int, int], Counter[str]]:
    """(1: a day, 0: an hour; its number) -> counts; also of hours and days whose events count nothing."""
    found: dict[tuple[int, int], Counter[str]] = {}
    known: set[tuple[Any, ...]] = set()
    distinct = {"spoke": "speakers", "reacted": "reactors", "read": "readers"}
    for event, late in group.log:
        for bucket in ((0, event["ts_ms"] // HOUR_MS), (1, group.days.of(event["ts_ms"]))):
            what = activity(event)
            who = event.get("member_id")
            first = what is not None and who is not None and (bucket, what, who) not in known
            known.add((bucket, what, who))
            if not late:
                pane = found.setdefault(bucket, Counter())
                pane.update(counts_of(event))
                if first and what:
                    pane[distinct[what]] += 1
    return found
