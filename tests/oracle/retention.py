"""Who stays, speaks and uses the product, computed slowly and obviously: every cohort, by what brought its members."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from tests.oracle.answers import Row, account_of
from tests.oracle.community import Event, Group, activity, membership
from tests.oracle.people import People

_COUNTS = ("base", "stayed", "spoke", "spoke_within_7d", "linked_base", "used", "used_within_7d")


class Membership(NamedTuple):
    """A member of a group, and what is known of the join."""

    name: str
    group: Group
    member: str
    row: Row

    @property
    def account(self) -> str:
        return account_of(self.name, self.member)

    @property
    def joined(self) -> int:
        return self.group.days.of(self.row["join_ms"])


def retention_daily(people: People) -> list[Row]:
    """Cohorts by day of the first join and what brought them, for every n whose day is closed; `*`: everybody once."""
    cells: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for place, first, all_of in cohort_members(people):
        for n in (1, 7, 30, 60, 90):
            if first.joined + n < first.group.closed_day:
                counts = _counts(people, first.joined + n, n, all_of)
                for dimension, value in brought_by(place, first):
                    cells[place, first.joined, n, dimension, value].update(counts)
    return [
        {"group_id": place, "cohort": date(1970, 1, 1) + timedelta(days=day), "n": n}
        | {"dimension": dimension, "value": value} | {name: counts[name] for name in _COUNTS}
        for (place, day, n, dimension, value), counts in cells.items()
    ]  # fmt: skip


def retention(people: People, day: date | None = None) -> list[Row]:
    """All cohorts together; as of a day, those whose day n had ended by then."""
    found: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in retention_daily(people):
        if day is None or row["cohort"] + timedelta(days=row["n"]) <= day:
            key = tuple(row[name] for name in ("group_id", "dimension", "value", "n"))
            found[key].update({name: row[name] for name in _COUNTS})
    return [
        {"group_id": place, "dimension": dimension, "value": value, "n": n} | {name: counts[name] for name in _COUNTS}
        | {f"{what}_within_7d": counts[f"{what}_within_7d"] if n >= 7 else None for what in ("spoke", "used")}
        | {f"{what}_share": counts[what] / counts["base"] for what in ("stayed", "spoke")}
        | {"used_share": counts["used"] / counts["linked_base"] if counts["linked_base"] else None}
        for (place, dimension, value, n), counts in found.items()
    ]  # fmt: skip


def cohort_members(people: People) -> Iterator[tuple[str, Membership, list[Membership]]]:
    """Where somebody counts, the first join, and the memberships that count."""
    of: dict[str, list[Membership]] = defaultdict(list)
    for name, group in people.groups.items():
        for member in group.members():
            one = Membership(name, group, member, membership(group, member))
            of[people.person(one.account)].append(one)
            if one.row["join_ms"] is not None:
                yield name, one, [one]
    for all_of in of.values():
        joined = [one for one in all_of if one.row["join_ms"] is not None]
        if joined:
            yield (
                "*",
                min(joined, key=lambda one: (one.row["join_ms"], one.name.encode(), one.account.encode())),
                all_of,
            )


def _counts(people: People, day: int, n: int, all_of: list[Membership]) -> dict[str, int]:
    spoken = {d for one in all_of for d, who in one.group.member_days if who == one.member}
    owners = [people.owners.get(one.account) for one in all_of]
    linked = any(owner and not owner["quarantined"] for owner in owners)
    used = people.used_days.get(people.person(all_of[0].account), set()) if linked else set()
    week = set(range(day - 6, day + 1)) if n >= 7 else set()
    return {
        "base": 1, "stayed": int(any(stayed(one, day) for one in all_of)), "spoke": int(day in spoken),
        "spoke_within_7d": int(bool(spoken & week)), "linked_base": int(linked), "used": int(day in used),
        "used_within_7d": int(bool(used & week)),
    }  # fmt: skip


def brought_by(place: str, one: Membership) -> Iterator[tuple[str, str]]:
    """Source and inviter of a member's first join, and the campaign and the channel that it names."""
    yield "all", ""
    yield "source", one.row["source"]
    inviter = one.row["inviter_id"]
    if inviter:
        yield "inviter", account_of(one.name, inviter) if place == "*" else inviter
    first = [
        e for e, _ in one.group.log
        if e["type"] == "join" and (e["member_id"], e["ts_ms"]) == (one.member, one.row["join_ms"])
    ]  # fmt: skip
    for dimension, name in (("campaign", "campaign_id"), ("channel", "channel")):
        if named := [e[name] for e in first if e[name]]:
            yield dimension, min(named, key=str.encode)


def stayed(one: Membership, day: int) -> bool:
    """Whether somebody was in the group at the end of a day."""
    days, join_ms = one.group.days, one.row["join_ms"]
    mine = [e for e, _ in one.group.log if e.get("member_id") == one.member]
    listed = [e for e in mine if e["type"] in ("join", "roster")]
    ins = [e["ts_ms"] for e in listed if days.of(e["ts_ms"]) <= day]
    ins += [join_ms] if join_ms is not None and days.of(join_ms) <= day else []
    if not ins and days.of(one.row["first_ms"]) > day:
        return False
    outs = [e["ts_ms"] for e in mine if e["type"] == "leave" and days.of(e["ts_ms"]) <= day]
    if outs and max(outs) >= max(ins, default=0):
        return False
    signs = [e["ts_ms"] for e in mine if activity(e)] + ins + ([] if listed else [one.row["first_ms"]])
    return _newest_roster(one.group, day) <= max(signs, default=0)


def _newest_roster(group: Group, day: int) -> int:
    """Start of the newest complete roster that began by the end of a day."""
    rosters: dict[str, list[Event]] = defaultdict(list)
    for e, _ in group.log:
        if e["type"] in ("roster", "roster_end"):
            rosters[e["snapshot_id"]].append(e)
    starts = [min(e["ts_ms"] for e in of) for of in rosters.values() if any(e.get("complete") for e in of)]
    return max((start for start in starts if group.days.of(start) <= day), default=0)


ANSWERS = {answer.__name__: answer for answer in (retention_daily, retention)}
