"""What people add to questions about chat: each once over all groups on a closed day, buyers of the windows that end
now, use on the days of a cohort."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

from tests.oracle import answers
from tests.oracle.answers import Row, account_of
from tests.oracle.community import HOUR_MS, Group, membership
from tests.oracle.people import People

_PEOPLE = {"speakers": "spoke", "reactors": "reacted", "readers": "read"}


def rolling_activity(people: People) -> list[Row]:
    """All of it, with the people in the group now who paid; `*` counts a person with several accounts once."""
    if not people.groups:
        return []
    now_ms = people.now_ms
    orders = [(order["person_id"], order["ts_ms"]) for order in people.orders()]
    inside = {
        name: {people.person(account_of(name, m)) for m in group.members() if membership(group, m)["present"]}
        for name, group in people.groups.items()
    }
    inside["*"] = set().union(*inside.values())
    rows = {
        (row["group_id"], row["window"]): row
        for row in answers.rolling_activity(people.chat, people.zone, people.person, now_ms)
    }
    for name, members in inside.items():
        for window, hours, days in (("1h", 1, 0), ("24h", 24, 0), ("7d", 0, 7), ("28d", 0, 28)):
            buyers = {
                person
                for person, ts_ms in orders
                if person in members
                and (
                    now_ms // HOUR_MS - hours < ts_ms // HOUR_MS <= now_ms // HOUR_MS
                    if hours
                    else people.today - days < people.days.of(ts_ms) <= people.today
                )
            }
            rows[name, window]["buyers"] = len(buyers)
    return list(rows.values())


def tiers(people: People) -> list[Row]:
    """All of it, and everybody once (`*`): on how many days, and how much, a person spoke as a plain member of any."""
    return answers.tiers(people.chat, people.zone, people.person, people.now_ms)


def everybody_daily(people: People) -> list[Row]:
    """The rows of `*` in `rolling_activity_daily` of the day at whose end people are looked at."""
    members = people.members()

    def active(what: str, days: int) -> int:
        return len({row["person_id"] for row in members if any(age < days for age in row["ages"][what])})

    rows = []
    for window, days in answers.WIDTHS.items():
        counts: Counter[str] = Counter()
        for group in people.groups.values():
            counts.update(answers.sums_of(group, 1, people.today - days + 1, people.today))
        who = {name: active(what, days) for name, what in _PEOPLE.items()}
        rates = answers.rates_of(*(active("spoke", n) for n in (1, 7, 28)))
        same = {"group_id": "*", "window": window, "buyers": None, "advertising": None}
        rows.append(same | {name: counts[name] for name in answers.SUMS} | who | rates)
    return rows


def retention_daily(people: People) -> list[Row]:
    """Use of the product by linked members on day n after their first join."""
    used = {person: {people.days.of(ts_ms) for ts_ms in times} for person, times in people.used().items()}
    cohorts: dict[tuple[Any, ...], Row] = defaultdict(lambda: {"linked_base": 0, "used": 0, "used_within_7d": 0})
    for name, group in people.groups.items():
        for member in group.members():
            for n, key, joined in _closed(name, group, member):
                owner = people.owners.get(account_of(name, member))
                cohort = cohorts[key]
                if owner and not owner["quarantined"]:
                    days = used.get(owner["person_id"], set())
                    cohort["linked_base"] += 1
                    cohort["used"] += joined + n in days
                    cohort["used_within_7d"] += n >= 7 and not days.isdisjoint(range(joined + n - 6, joined + n + 1))
    names = ("group_id", "cohort", "n", *answers.BROUGHT_BY)
    return [dict(zip(names, key, strict=True)) | row for key, row in cohorts.items()]


def _closed(name: str, group: Group, member: str) -> list[tuple[int, tuple[Any, ...], int]]:
    """Every n whose day is closed, the cohort, and the day of the first join."""
    row = membership(group, member)
    if row["join_ms"] is None:
        return []
    joined = group.days.of(row["join_ms"])
    day = date(1970, 1, 1) + timedelta(days=joined)
    return [
        (n, (name, day, n, *answers.brought_by(group, member, row)), joined)
        for n in (1, 7, 30, 60, 90)
        if joined + n < group.closed_day
    ]


ANSWERS = {answer.__name__: answer for answer in (rolling_activity, tiers, retention_daily)}
