"""The questions answered from the oracle's logs: the views' rows as dictionaries, by the definitions in docs/questions.

A view's rows come in no order here; days are dates, moments are aware datetimes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import exp, log
from typing import Any
from zoneinfo import ZoneInfo

from sinks.clickhouse.questions import questions
from tests.oracle.community import HOUR_MS, Community, Group, activity, clock_of, membership, panes

Row = dict[str, Any]
SUMS = ("messages", "joins", "leaves", "replies", "questions", "mentions", "links")
WIDTHS = {"24h": 1, "7d": 7, "28d": 28}
_BANDS = ((50, "1-50"), (150, "51-150"), (200, "151-200"), (500, "201-500"))


#: Columns that hold names of groups and members; `tests/sinks/test_names.py` is about these.
_NAMES = {column.name for question in questions().values() for column in question.columns if column.named}


def groups_of(partitions: Iterable[Community]) -> dict[str, Group]:
    return {name: group for partition in partitions for name, group in partition.groups.items()}


def now_of(partitions: Iterable[Community]) -> int:
    """Event time, where there is only chat: the highest of the partitions' clocks."""
    return max((clock_of(partition.landed) for partition in partitions), default=0)


def moment(ts_ms: int, zone: str) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ts_ms)).astimezone(ZoneInfo(zone))


def comparable(rows: Iterable[Row], names: Iterable[str] | None = None) -> list[str]:
    """Rows in one order, shares to nine digits, moments as seconds; only these columns, else all but names."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, dict):
            return sorted(value.items())
        if isinstance(value, list):
            return [plain(one) for one in value]
        return round(value, 9) if isinstance(value, float) else value

    return sorted(
        repr([(k, plain(row[k])) for k in sorted(row.keys() - _NAMES if names is None else names)]) for row in rows
    )


def date_of(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)


def account_of(group: str, member: str) -> str:
    """A member's account: the same in all groups of a workspace."""
    platform, workspace, *_ = [*group.split(":", 2), "", ""]
    return f"{platform}:{workspace}:{member}"


def _active(group: Group, what: str, daily: int, first: int, last: int) -> set[str]:
    """Members, not the group itself, with an activity in the hours, or days, from `first` to `last`, late ones too."""
    return {
        e["member_id"]
        for e, _ in group.log
        if e.get("member_id")
        and activity(e) == what
        and first <= (group.days.of(e["ts_ms"]) if daily else e["ts_ms"] // HOUR_MS) <= last
    }


def sums_of(group: Group, daily: int, first: int, last: int) -> Row:
    """What the hours, or days, from `first` to `last` counted."""
    total: Counter[str] = Counter()
    for (kind, bucket), counts in panes(group).items():
        if kind == daily and first <= bucket <= last:
            total.update(counts)
    return {name: total[name] for name in SUMS}


def rates_of(dau: int, wau: int, mau: int) -> Row:
    return {"dau": dau, "wau": wau, "mau": mau, "stickiness": dau / mau if mau else 0.0}


def rolling_activity(
    partitions: Sequence[Community], zone: str, person: Callable[[str], str] = lambda one: one,
    now_ms: int | None = None,
) -> list[Row]:  # fmt: skip
    """Messages, people and the rest in the windows that end now; `*`: the people of all groups, each once."""
    groups = groups_of(partitions)
    now_ms = now_of(partitions) if now_ms is None else now_ms
    rows = []
    for place in (*groups, "*"):
        some = groups if place == "*" else {place: groups[place]}
        who = (lambda name, member: person(account_of(name, member))) if place == "*" else (lambda _, member: member)
        for window, daily, width in (("1h", 0, 1), ("24h", 0, 24), ("7d", 1, 7), ("28d", 1, 28)):
            row: Row = {"group_id": place, "window": window, "as_of": moment(now_ms, zone)}
            row |= {"buyers": 0, "advertising": None}
            sums: Counter[str] = Counter()
            for group in some.values():
                now = _now(group, now_ms)[daily]
                sums.update(sums_of(group, daily, now - width + 1, now))
            row |= {name: sums[name] for name in SUMS}
            row |= rates_of(*(_distinct(some, now_ms, "spoke", 1, n, who) for n in (1, 7, 28)))
            for people, what in (("speakers", "spoke"), ("reactors", "reacted"), ("readers", "read")):
                row[people] = _distinct(some, now_ms, what, daily, width, who)
            rows.append(row)
    return rows


def _distinct(
    groups: dict[str, Group], now_ms: int, what: str, daily: int, width: int, who: Callable[[str, str], str]
) -> int:
    """How many were active in the windows that end now; `who` tells by group and member who is the same."""
    return len(
        {
            who(name, member)
            for name, group in groups.items()
            for now in (_now(group, now_ms)[daily],)
            for member in _active(group, what, daily, now - width + 1, now)
        }
    )


def _now(group: Group, now_ms: int) -> tuple[int, int]:
    """Hour and day of a moment."""
    return now_ms // HOUR_MS, group.days.of(now_ms)


# --- tiers ----------------------------------------------------------------------------------------------------------


def _concentration(counts: list[int]) -> Row:
    """How unequal the messages of the speakers are."""
    counts, total = sorted(counts), sum(counts)
    if not total:
        return {"effective_speakers": 0.0, "gini": 0.0, "half_of_messages_by": 0}
    entropy = -sum(c / total * log(c / total) for c in counts)
    between = sum(abs(a - b) for a in counts for b in counts)
    largest, half = 0, 0
    for count in reversed(counts):
        largest, half = largest + count, half + 1
        if 2 * largest >= total:
            break
    return {
        "effective_speakers": exp(entropy), "gini": between / (2 * len(counts) * total), "half_of_messages_by": half,
    }  # fmt: skip


def _spoken(group: Group, member: str, days: range, late: bool) -> list[int]:
    """Days of the messages of a member, one a message."""
    found = [
        group.days.of(e["ts_ms"])
        for e, was_late in group.log
        if e["type"] == "message" and e["member_id"] == member and (late or not was_late)
    ]
    return [day for day in found if day in days]


def tiers(
    partitions: Sequence[Community], zone: str, person: Callable[[str], str] = lambda one: one,
    now_ms: int | None = None,
) -> list[Row]:  # fmt: skip
    """Loud, occasional and silent members, operators, aliases and bots left out; `*`: all of them, each person once."""
    groups = groups_of(partitions)
    now_ms = now_of(partitions) if now_ms is None else now_ms
    everybody: dict[str, list[tuple[Group, str]]] = {}
    rows = []
    for name, group in groups.items():
        known = {member: membership(group, member) for member in group.members()}
        base = [member for member, row in known.items() if row["present"] and row["role"] == "member"]
        for member in base:
            everybody.setdefault(person(account_of(name, member)), []).append((group, member))
        if base:
            row = _tiers_now(({member: [(group, member)] for member in base}), now_ms)
            rows.append({"group_id": name, "as_of": moment(now_ms, zone)} | row)
    if everybody:
        rows.append({"group_id": "*", "as_of": moment(now_ms, zone)} | _tiers_now(everybody, now_ms))
    return rows


def _tiers_now(base: dict[str, list[tuple[Group, str]]], now_ms: int) -> Row:
    """Of people, each by their memberships."""
    spoken, messages = {}, {}
    for one, memberships in base.items():
        days, count = set[int](), 0
        for group, member in memberships:
            today = group.days.of(now_ms)
            days |= set(_spoken(group, member, range(today - 27, today + 1), late=True))
            count += len(_spoken(group, member, range(today - 27, today + 1), late=False))
        spoken[one], messages[one] = len(days), count
    return tiers_of(spoken, messages)


def tiers_of(spoken: dict[str, int], messages: dict[str, int]) -> Row:
    """Of people: on how many of 28 days each spoke, and how many messages each wrote."""
    row = _tiers(list(spoken.values()), len(spoken))
    loud = sum(n for m, n in messages.items() if spoken[m] >= 8)
    total = sum(messages.values())
    row |= {"messages": total, "loud_messages": loud, "loud_message_share": loud / total if total else 0.0}
    row["occasional_messages"] = sum(n for m, n in messages.items() if 1 <= spoken[m] < 8)
    return row | _concentration([n for n in messages.values() if n])


def _tiers(days_spoken: list[int], members: int) -> Row:
    counts = {
        "daily": sum(n >= 20 for n in days_spoken), "loud": sum(n >= 8 for n in days_spoken),
        "occasional": sum(1 <= n < 8 for n in days_spoken), "silent": sum(n == 0 for n in days_spoken),
    }  # fmt: skip
    shares = {f"{tier}_share": counts[tier] / members for tier in ("loud", "occasional", "silent")}
    band = next((name for most, name in _BANDS if members <= most), "501+")
    return {"members": members, "size_band": band} | counts | shares


#: View -> its rows, of views that read what the people agent has landed.
ANSWERS: dict[str, Callable[[Sequence[Community], str], list[Row]]] = {
    answer.__name__: answer for answer in (rolling_activity, tiers)
}
