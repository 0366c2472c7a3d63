"""Which segment everybody was in at the end of closed days, computed slowly and obviously from what each day knows.

Nothing is forgotten: a person is what all memberships and users tell that are known to be the person's that day.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.oracle.answers import Row, date_of
from tests.oracle.community import Event
from tests.oracle.history import Sources
from tests.oracle.history_days import ClosedDay
from tests.oracle.people import ABSURD
from tests.oracle.segments import lifecycle, most, scored, stage, win_back

_FACTS = ("signup", "trial", "purchase", "refund")


@dataclass
class _Person:
    roles: set[str] = field(default_factory=set)
    #: Days of anything that is known of plain memberships and users, days of activity, and whether the person spoke.
    seen: set[int] = field(default_factory=set)
    active: set[int] = field(default_factory=set)
    activated: bool = False


def _persons(sources: Sources, found: ClosedDay) -> dict[str, _Person]:
    day, persons = found.day, defaultdict[str, _Person](_Person)
    owners = sources.owners(day)
    for key, row in found.members.items():
        person = persons[row["person_id"]]
        person.roles.add(row["role"])
        if row["role"] != "member":
            continue
        about = sources.members[key]
        acts = {one: what for one, what in about.acts.items() if one <= day}
        facts = [one for one in about.facts if one.since <= day]
        joins = [one.event["ts_ms"] for one in facts if one.event["type"] == "join"]
        joins += [
            one.event["joined_at_ms"] for one in facts if one.event["type"] == "roster" and one.event["joined_at_ms"]
        ]
        person.active |= acts.keys()
        person.seen |= {*acts, *map(sources.local.of, [*joins, *(one.event["ts_ms"] for one in facts)])}
        person.activated |= any("spoke" in what for what in acts.values())
    for user, days in sources.used.items():
        if used := {one for one in days if one <= day}:
            person = persons[str(owners[user]["person_id"]) if user in owners else user]
            person.active |= used
            person.seen |= used
    return persons


def _facts(sources: Sources, day: int) -> list[Event]:
    return [one.event for one in sources.facts if one.since <= day and one.event["type"] in _FACTS]


def _orders(told: list[Event], sources: Sources) -> list[Row]:
    """Orders that count: whose, when, in which currency, and what they are worth."""
    paid, back = defaultdict(list), defaultdict(list)
    for e in sorted(told, key=lambda e: (e["ts_ms"], e["event_id"])):
        if e["type"] == "purchase":
            paid[e["order_id"]].append(e)
        if e["type"] == "refund":
            back[e["order_id"], e["refund_id"]].append(e)
    rows = []
    for order, payments in paid.items():
        first = payments[0]
        if first["amount_minor"] >= ABSURD:
            continue
        asked = [refunds[0] for (of, _), refunds in back.items() if of == order]
        asked = [e for e in asked if e["amount_minor"] < ABSURD and e["currency"] == first["currency"]]
        net = max(first["amount_minor"] - sum(e["amount_minor"] for e in asked), 0)
        rows.append(
            {
                "user": first["user_id"],
                "day": sources.local.of(first["ts_ms"]),
                "currency": first["currency"],
                "net": net,
            }
        )
    return rows


def segments_on(sources: Sources, found: ClosedDay) -> dict[str, Row]:
    """Person -> the segment at the end of a closed day, of everybody who was known."""
    day, owners = found.day, sources.owners(found.day)

    def of(user: str) -> str:
        return str(owners[user]["person_id"]) if user in owners else user

    told, persons = _facts(sources, day), _persons(sources, found)
    bought: dict[str, dict[str, Row]] = defaultdict(dict)
    for order in _orders(told, sources):
        one = bought[of(order["user"])].setdefault(order["currency"], {"orders": 0, "net_minor": 0, "last": 0})
        one["orders"] += 1
        one["net_minor"] += order["net"]
        one["last"] = max(one["last"], order["day"])
    named = {
        (of(e["referrer_user_id"]), of(e["user_id"]))
        for e in told
        if e["type"] in ("signup", "trial") and e["referrer_user_id"]
    }
    referred = Counter(by for by, who in named if by != who)
    signed_up = {of(e["user_id"]) for e in told if e["type"] == "signup"}
    rows = []
    for name, person in persons.items():
        if person.roles and "member" not in person.roles:
            continue
        first, last = min(person.seen), max(person.active, default=None)
        activated = person.activated or name in signed_up
        revenue = any(one["net_minor"] > 0 for one in bought.get(name, {}).values())
        cycle = lifecycle(day, first, last, None)
        rows.append(
            {
                "person_id": name, "lifecycle": cycle,
                "stage": stage(day, first, last, None, activated, revenue, referred[name]),
                "win_back": win_back(cycle, revenue, activated), "referred": referred[name],
                "first_seen": date_of(first),
                "last_active": None if last is None or cycle in ("new", "engaged") else date_of(last),
            } | most(bought.get(name, {}))
        )  # fmt: skip
    return {row["person_id"]: row for row in scored(rows)}


def changes(days: Mapping[int, Mapping[str, Row]]) -> list[Row]:
    """Rows of every day: of whom anything is another than the day before, and on the first of a month everybody."""
    rows: list[Row] = []
    before: Mapping[str, Row] = {}
    for day, found in days.items():
        everybody = date_of(day).day == 1
        rows += [{"day": date_of(day)} | row for name, row in found.items() if everybody or before.get(name) != row]
        rows += [{"day": date_of(day), "person_id": name, "lifecycle": None} for name in before.keys() - found.keys()]
        before = found
    return rows


def moves(earlier: Mapping[str, Row], later: Mapping[str, Row]) -> list[Row]:
    """How many people went from which segment to which."""
    found: Counter[tuple[str, str, str]] = Counter()
    for name, row in later.items():
        both = earlier.get(name), row
        for what in ("lifecycle", "stage", "win_back", "rfm"):
            unknown = "none" if what == "rfm" else "unknown"
            told = (unknown if one and one[what] is None else str(one[what]) if one else "none" for one in both)
            found[what, *told] += 1
    names = ("dimension", "before", "after")
    return [dict(zip(names, key, strict=True)) | {"people": n} for key, n in found.items()]
