"""What became of those who joined, by what brought them, computed slowly and obviously."""

from collections import Counter, defaultdict
from typing import Any

from analytics.results.inviters import Prior, quality
from tests.oracle.answers import Row
from tests.oracle.closed_days import CHAT_DAYS, chat_acts, closed_days
from tests.oracle.community import Event
from tests.oracle.people import OWN, People
from tests.oracle.retention import Membership, brought_by, cohort_members, stayed
from tests.oracle.worlds import DAY_MS, HOUR_MS

DIMENSIONS = ("source", "inviter", "campaign", "channel")
_COUNTS = (
    "joins", "left_1h", "left_1d", "left_7d", "joins_7d", "spoke_7d", "effective_7d", "joins_30d", "effective_30d",
    "new_people", "signed_up_30d",
)  # fmt: skip


def _acts(people: People) -> dict[tuple[str, str], set[int]]:
    """(person, group) -> days of acts there: of a user with one id, those of the 64 days that end with the newest."""
    log = [c.event for group in people.groups.values() for c in group.log]
    calls = [e for e in log if e["type"] == "call" and not e["holdout"]]
    posts = [*calls, *(e for e in log if e["type"] == "message")]
    days = defaultdict(set)
    for e in people.product:
        for name in ("group_id", "call_id", "link_id"):
            if e["type"] in OWN and e.get(name):
                days[e["user_id"], name, e[name]].add(people.days.of(e["ts_ms"]))
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for (user, name, target), mine in days.items():
        groups = {target} if name == "group_id" else set()
        groups |= {call["group_id"] for call in calls if name == "call_id" and call["call_id"] == target}
        groups |= {post["group_id"] for post in posts if name == "link_id" and target in post["link_ids"]}
        for group in groups:
            found[people.person(user), group] |= {day for day in mine if max(mine) - day < 64}
    return found


def _left_ms(one: Membership) -> int | None:
    """When somebody first left after joining."""
    join_ms, last_ms, days = one.row["join_ms"], one.row["last_ms"] or 0, one.group.days
    mine = [e for e, _ in one.group.log if e.get("member_id") == one.member]
    found = [e["ts_ms"] for e in mine if e["type"] == "leave" and e["ts_ms"] >= join_ms]
    named = [e["ts_ms"] for e in mine if e["type"] in ("join", "roster")]
    rosters: dict[str, list[Event]] = defaultdict(list)
    for e, _ in one.group.log:
        if e["type"] in ("roster", "roster_end"):
            rosters[e["snapshot_id"]].append(e)
    for of in rosters.values():
        start = min(e["ts_ms"] for e in of)
        again = min((ts_ms for ts_ms in named if ts_ms > start), default=None)
        missing = start not in named and (again is None or days.of(again) > days.of(start))
        if any(e.get("complete") for e in of) and start >= join_ms and start > last_ms and missing:
            found.append(start)
    return min(found, default=None)


def joins_quality(people: People) -> list[Row]:
    acts, active = _acts(people), defaultdict(set)
    for partition in people.chat:
        days = closed_days(partition.landed, people.zone, partition.lateness_h, chat_acts, CHAT_DAYS)
        for day, name, member in days["member_day_acts"]:
            active[name, member].add(day)
    memberships = list(cohort_members(people))
    firsts = {(one.name, one.member) for place, one, _ in memberships if place == "*"}
    signups = defaultdict(list)
    for user in {e["user_id"] for e in people.product if e["type"] == "signup"}:
        first = min(e["ts_ms"] for e in people.product if e["type"] == "signup" and e["user_id"] == user)
        signups[people.person(user)].append(people.days.of(first))
    orders = [order for order in people.orders() if not order["absurd"]]

    cells: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    paid: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for place, one, _ in memberships:
        if place == "*" or one.row["role"] != "member":
            continue
        person, join_ms = people.person(one.account), one.row["join_ms"]
        left = _left_ms(one)
        stay = left - join_ms if left is not None else 10**18
        counts = Counter(joins=1, left_1h=stay <= HOUR_MS, left_1d=stay <= DAY_MS, left_7d=stay <= 7 * DAY_MS)
        for n in (7, 30):
            day = one.joined + n
            if day < one.group.closed_day:
                window = range(day - 27, day + 1)
                did = active[one.name, one.member] | acts[person, one.name]
                counts |= Counter(
                    {f"joins_{n}d": 1, f"effective_{n}d": int(stayed(one, day) and any(d in did for d in window))}
                )
                if n == 7:
                    spoken = {d for d, who in one.group.member_days if who == one.member}
                    counts |= Counter(
                        left_of_7d=stay <= 7 * DAY_MS, spoke_7d=any(0 <= d - one.joined <= 7 for d in spoken)
                    )
        mine = []
        if (one.name, one.member) in firsts:
            new = any(0 <= day - one.joined <= 30 for day in signups[person])
            counts |= Counter(new_people=1, signed_up_30d=new)
            mine = [o for o in orders if o["person_id"] == person and 0 <= o["ts_ms"] - join_ms <= 30 * DAY_MS]
        brought = dict(brought_by("*", one))
        if people.person(brought.get("inviter", one.account)) == person:
            brought.pop("inviter", None)
        counts["invited"] = int("inviter" in brought)
        for cell in ((dimension, brought[dimension]) for dimension in DIMENSIONS if dimension in brought):
            cells[cell].update(counts)
            known[cell].add(person)
            for order in mine:
                paid[cell][order["currency"]].append(order)
    rows = []
    for dimension in DIMENSIONS:
        some = {value: counts for (of, value), counts in cells.items() if of == dimension}
        qualities = _qualities({value: (c["effective_30d"], c["joins_30d"]) for value, c in some.items()})
        for value, c in some.items():
            row = {"dimension": dimension, "value": value, "people": len(known[dimension, value])}
            row |= {name: int(c[name]) for name in _COUNTS} | {"small": int(c["joins_30d"] < 20)}
            row |= {"invited_share": c["invited"] / c["joins"]} | qualities.get(
                value, {"quality": None, "quality_lower": None}
            )
            row["left_7d_share"] = c["left_of_7d"] / c["joins_7d"] if c["joins_7d"] else None
            for n in (7, 30):
                row[f"effective_{n}d_share"] = c[f"effective_{n}d"] / c[f"joins_{n}d"] if c[f"joins_{n}d"] else None
            for currency, bought in (paid[dimension, value] or {"": []}).items():
                rows.append(row | {
                    "currency": currency, "bought_30d": len({o["person_id"] for o in bought}),
                    "net_minor": sum(o["net_minor"] for o in bought),
                })  # fmt: skip
    return rows


def _qualities(of: dict[str, tuple[int, int]]) -> dict[str, Row]:
    """Value -> mean and 5 % bound of the chance, by the moments of all values (Kleinman, 1973).

    The bound itself is `analytics.results.inviters`', which has tests on literals.
    """
    some = {value: (k, n) for value, (k, n) in of.items() if n}
    people = sum(n for _, n in some.values())
    share = (sum(k for k, _ in some.values()) + 0.5) / (people + 1)
    differ = sum(n * (k / n - share) ** 2 for k, n in some.values()) / (share * (1 - share)) - (len(some) - 1)
    could = people - sum(n * n for _, n in some.values()) / max(people, 1) - (len(some) - 1)
    alike = differ / could if len(some) > 1 and differ > 0 and could > 0 else 0
    strength = max(1, min(1 / alike - 1 if alike else people, people, 10_000))
    found = {}
    for value, (k, n) in some.items():
        well, badly = share * strength, (1 - share) * strength
        (lower,) = quality([k], [n], Prior(well, badly)).lower
        found[value] = {"quality": (well + k) / (well + badly + n), "quality_lower": float(lower)}
    return found


ANSWERS: dict[str, Any] = {"joins_quality": joins_quality}
