"""What product events and links amount to, computed slowly and obviously: lists of records in, answers out.

Shares nothing with kernels and views but the contract's own `validate`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from math import exp, floor, log1p
from typing import NamedTuple, get_args

from schemas.chat import Role
from schemas.errors import InvalidEventError
from schemas.validate import validate
from tests.oracle.answers import Row, account_of, groups_of, moment, now_of
from tests.oracle.community import Community, Days, Event, Group, Landed, Record, activity, clock_of, membership

#: More links in a row are a cycle, or as bad as one; more accounts are not one person; more money is a mistake.
LINKS, ACCOUNTS, ABSURD = 3, 100, 10**12
OWN = ("signup", "trial", "open", "view", "click", "share", "purchase", "custom")
EFFECTIVE = ("active", "participant", "lurker")
#: In the order in which a person's best state is chosen.
STATES = (
    *EFFECTIVE, "newcomer", "elsewhere", "unobservable", "at_risk", "zombie", "excluded", "left",
)  # fmt: skip


def landed_of(topic: str, records: Iterable[Record], horizon: int = 4_000_000) -> tuple[list[Landed], dict[int, str]]:
    """The valid records of a partition and what became of them, and what is wrong with the others, by offset."""
    newest: dict[str, int] = {}
    found, dead = [], {}
    for record in records:
        try:
            event = validate(topic, record.value, record.kafka_ts_ms).model_dump()
        except InvalidEventError as error:
            dead[record.offset] = error.kind
            continue
        before = newest.get(event["event_id"])
        newest[event["event_id"]] = record.offset
        repeated = before is not None and record.offset - before <= horizon
        found.append(Landed(record.offset, record.kafka_ts_ms, event, repeated, False))
    return found, dead


def events_of(topic: str, records: Iterable[Record], horizon: int = 4_000_000) -> list[Event]:
    """The valid events of a partition, each once, ticks left out."""
    found, _ = landed_of(topic, records, horizon)
    return [one.event for one in found if not one.duplicate and one.event["type"] != "tick"]


def newest_of(topic: str, records: Iterable[Record]) -> int:
    """The clock of a partition after these records."""
    return clock_of(landed_of(topic, records)[0])


def _said(links: Iterable[Event]) -> dict[str, set[tuple[int, bool, str, str, str]]]:
    """Account -> what was said of it: when, whether it was an unlink, by which record, of which user, how known."""
    said = defaultdict(set)
    for e in links:
        said[e["account_id"]].add((e["ts_ms"], e["unlink"], e["event_id"], e["user_id"], e["source"]))
    return said


def owners(links: Iterable[Event]) -> dict[str, Row]:
    """Account -> its owner, for accounts that have one."""
    named = {account: max(found) for account, found in _said(links).items()}
    user_of = {account: "" if newest[1] else newest[3] for account, newest in named.items()}
    ends = {account: _end(user_of, account) for account, user in user_of.items() if user}
    sizes = Counter(ends.values())
    found: dict[str, Row] = {}
    for account, end in ends.items():
        quarantined = end == "" or sizes[end] > ACCOUNTS
        found[account] = {
            "account_id": account, "user_id": user_of[account], "quarantined": int(quarantined),
            "person_id": account if quarantined else end, "since_ms": named[account][0], "source": named[account][4],
        }  # fmt: skip
    return found


def _end(user_of: dict[str, str], account: str) -> str:
    """Where the chain of an account ends; empty when it is too long."""
    for _ in range(LINKS):
        account = user_of[account]
        if not user_of.get(account):
            return account
    return ""


class Before(NamedTuple):
    """What was known of a membership on the days before; days as numbers."""

    state: str = ""
    since: int | None = None
    returned: int | None = None


@dataclass
class People:
    """All that is known of people: chat, product and links."""

    chat: list[Community]
    product: list[Event]
    links: list[Event]
    zone: str = "UTC"
    #: The highest clock of the partitions of the product and of links.
    clock_ms: int = 0
    theta: float = 1 / 30
    #: The day at whose end people are looked at; none: today.
    day: int | None = None
    #: (group, member) -> what is known of the days before: state, since, returned on.
    before: dict[tuple[str, str], Before] = field(default_factory=dict)
    #: User -> days of use that the product's clock has closed.
    used_on: dict[str, set[int]] = field(default_factory=dict)
    days: Days = field(init=False)

    def __post_init__(self) -> None:
        self.days = Days(self.zone)
        self.groups: dict[str, Group] = groups_of(self.chat)
        #: The deployment's event time: the highest clock of all.
        self.now_ms = max(now_of(self.chat), self.clock_ms)
        self.today = self.days.of(self.now_ms)
        if self.day is not None:
            self.today = self.day
        self.owners = owners(self.links)

    def so_far(self, ts_ms: int) -> bool:
        """Whether something was before the end of the day."""
        return self.days.of(ts_ms) <= self.today

    def person(self, one: str) -> str:
        return str(self.owners[one]["person_id"]) if one in self.owners else one

    # --- product

    def acts(self) -> list[Event]:
        """What users did themselves."""
        return [e for e in self.product if e["type"] in OWN]

    def recent(self, times: Iterable[int], days: int = 28) -> bool:
        return any(self.today - days < self.days.of(ts_ms) <= self.today for ts_ms in times)

    def used(self) -> dict[str, list[int]]:
        """When people used the product."""
        found: dict[str, list[int]] = defaultdict(list)
        for e in self.acts():
            found[self.person(e["user_id"])].append(e["ts_ms"])
        return found

    @property
    def used_days(self) -> dict[str, set[int]]:
        """On which closed days people used the product."""
        found: dict[str, set[int]] = defaultdict(set)
        for user, days in self.used_on.items():
            found[self.person(user)] |= days
        return found

    def acts_here(self) -> dict[tuple[str, str], list[int]]:
        """(person, group) -> acts with the group's id, or that of a call of it or of a link that was posted there."""
        log = [c.event for group in self.groups.values() for c in group.log]
        calls = [e for e in log if e["type"] == "call" and not e["holdout"]]
        posts = [*calls, *(e for e in log if e["type"] == "message")]
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for e in self.acts():
            groups = {e.get("group_id")}
            groups |= {call["group_id"] for call in calls if e.get("call_id") == call["call_id"]}
            groups |= {post["group_id"] for post in posts if e.get("link_id") in post["link_ids"]}
            for group in groups - {None}:
                found[self.person(e["user_id"]), str(group)].append(e["ts_ms"])
        return found

    def orders(self) -> list[Row]:
        """What every order is worth."""
        paid, back = defaultdict(list), defaultdict(list)
        for e in self.product:
            if e["type"] == "purchase":
                paid[e["order_id"]].append(e)
            if e["type"] == "refund":
                back[e["order_id"], e["refund_id"]].append(e)
        rows = []
        for order, events in paid.items():
            first = min(events, key=lambda e: (e["ts_ms"], e["event_id"]))
            refunds = [
                min(some, key=lambda e: (e["ts_ms"], e["event_id"])) for (of, _), some in back.items() if of == order
            ]
            refunds = [e for e in refunds if e["amount_minor"] < ABSURD]
            asked = sum(e["amount_minor"] for e in refunds if e["currency"] == first["currency"])
            amount = first["amount_minor"]
            currencies = {e["currency"] for e in [*events, *refunds]}
            rows.append({
                "order_id": order, "user_id": first["user_id"], "person_id": self.person(first["user_id"]),
                "ts_ms": first["ts_ms"], "amount_minor": amount, "currency": first["currency"],
                "items": first["items"], "product_id": first["product_id"] or "", "group_id": first["group_id"] or "",
                "campaign_id": first["campaign_id"] or "", "cost_minor": first["cost_minor"],
                "asked_back_minor": asked, "refunded_minor": min(asked, amount),
                "net_minor": amount - min(asked, amount), "absurd": int(amount >= ABSURD),
                "repeated": len({e["event_id"] for e in events}) - 1, "mixed_currencies": int(len(currencies) > 1),
            })  # fmt: skip
        return rows

    # --- states

    def members(self) -> list[Row]:
        """Every membership with its evidence and its state."""
        used, here = self.used(), self.acts_here()
        rows = [
            self._member(name, group, member)
            for name, group in self.groups.items()
            for member in group.members()
            if self.so_far(membership(group, member)["first_ms"])
        ]
        groups_28d: dict[str, int] = defaultdict(int)
        for row in rows:
            groups_28d[row["person_id"]] += row.pop("active_28d")
        for row in rows:
            person, group = row["person_id"], row["group_id"]
            row["groups_28d"] = groups_28d[person]
            row["in_product"] = int(row["linked"] or any(self.so_far(ts_ms) for ts_ms in used[person]))
            row["used_28d"] = self.recent(used[person])
            row["acted_here_28d"] = self.recent(here[person, group])
            row["last_used_ms"] = max(used[person], default=None)
            row["last_act_here_ms"] = max(here[person, group], default=None)
            before = self.before.get((group, row["member_id"]), Before())
            row["state"], row["reason"] = state_of(row, before.state, self.theta)
            row["fading"] = int(row["state"] in EFFECTIVE and row["score"] < row.pop("score_28d_ago") / 2)
            row |= changed(row["state"], before, self.today)
        return rows

    def _member(self, name: str, group: Group, member: str) -> Row:
        known = membership(group, member)
        account = account_of(name, member)
        told = [c.event for c in group.log if c.event.get("member_id") == member]
        mine = [e for e in told if self.so_far(e["ts_ms"])]
        ages = {what: set[int]() for what in ("spoke", "reacted", "read")}
        for e in mine:
            if what := activity(e):
                ages[what].add(self.today - self.days.of(e["ts_ms"]))
        span = self.today - self.days.of(known["first_ms"])
        linked = account in self.owners and not self.owners[account]["quarantined"]
        days = sorted({age for found in ages.values() for age in found})
        newest = min((self.today - self.days.of(e["ts_ms"]) for e in told if activity(e)), default=0)
        held = [age for age in days if age - newest < 128]  # days of a mask that ends with the newest activity
        gaps = [older - newer for newer, older in pairwise(held)]
        joined = None if known["join_ms"] is None else self.days.of(known["join_ms"])
        role, present = self._place(group, known, mine)
        return {
            "group_id": name, "member_id": member, "account_id": account, "person_id": self.person(account),
            "linked": int(linked), "role": role, "present": present, "ages": ages,
            "new": joined is not None and self.today - 7 < joined <= self.today,
            "active_28d": bool(days) and days[0] < 28,
            "reads_reported": int(any(e["type"] == "read" for e, _ in group.log)),
            "score": chance(held, span, 0), "score_28d_ago": chance(held, span, 28) if span >= 28 else 0.0,
            "rhythm": (sum(gap >= days[0] for gap in gaps) + 2) / (len(gaps) + 2) if days else 1.0,
        }  # fmt: skip

    def _place(self, group: Group, known: Row, mine: list[Event]) -> tuple[str, bool]:
        """Role, and whether in the group, at the end of the day; later activity speaks against an earlier roster."""
        if self.day is None:
            return known["role"], known["present"]
        roles = [
            (e["ts_ms"], get_args(Role).index(e["role"]))
            for e in mine
            if e["type"] in ("roster", "profile") and e["role"]
        ]
        times = {
            kinds: max((e["ts_ms"] for e in mine if e["type"] in kinds), default=0)
            for kinds in (("join", "roster"), ("leave",))
        }
        came, went = times["join", "roster"], times["leave",]
        rosters: dict[str, list[Event]] = defaultdict(list)
        for e, _ in group.log:
            if e["type"] in ("roster", "roster_end") and self.so_far(e["ts_ms"]):
                rosters[e["snapshot_id"]].append(e)
        whole = [
            (max(e["ts_ms"] for e in some), min(e["ts_ms"] for e in some))
            for some in rosters.values()
            if any(e.get("complete") for e in some)
        ]
        missed = max(whole, default=(0, 0))[1] > max(came, known["last_ms"] or 0, known["first_ms"])
        return get_args(Role)[max(roles, default=(0, 0))[1]], not (went and went >= came) and not missed


def state_of(row: Row, was: str, theta: float) -> tuple[str, str]:
    """State and reason of a member with this evidence, whose state of the day before `was` this."""
    ages = row["ages"]
    within = {f"{what}_{n}d": any(age < n for age in ages[what]) for what in ages for n in (7, 28)}
    rules = (
        ("left", "left", not row["present"]),
        ("excluded", row["role"], row["role"] != "member"),
        ("active", "spoke_7d", within["spoke_7d"]),
        ("participant", "spoke_28d", within["spoke_28d"]),
        ("participant", "reacted_28d", within["reacted_28d"]),
        ("lurker", "read_28d", within["read_28d"]),
        ("lurker", "acted_here_28d", row["acted_here_28d"]),
        ("newcomer", "joined_7d", row["new"]),
        ("elsewhere", "used_28d", row["used_28d"]),
        ("elsewhere", "other_group_28d", row["groups_28d"] > 0),
        ("unobservable", "no_reading_no_product", not row["reads_reported"] and not row["in_product"]),
        ("zombie", "score", row["score"] < theta * (1.1 if was == "zombie" else 1)),
        ("at_risk", "score", True),
    )
    return next((state, reason) for state, reason, holds in rules if holds)


def changed(state: str, before: Before, today: int) -> Row:
    """What the state was before, since when it is what it is, and whether the member had come back."""
    back = state in EFFECTIVE and before.state in ("at_risk", "zombie")
    return {
        "previous": before.state,
        "since": before.since if state == before.state else today,
        "returned": today if back else before.returned,
    }


def chance(days: list[int], span: int, ago: int) -> float:
    """The score so many days ago, of active days and the first day known: 1 / (2 + idle days), in steps."""
    idle = min((age for age in days if age >= ago), default=span) - ago
    return 1 / (1 + exp(floor(log1p(idle) * 8 + 0.5) / 8))


# --- the views ------------------------------------------------------------------------------------------------------


def account_owners(people: People) -> list[Row]:
    return list(people.owners.values())


def link_conflicts(people: People) -> list[Row]:
    """How often accounts were linked while they belonged to somebody else."""
    found = {
        account: sum(not a[1] and not b[1] and a[3] != b[3] for a, b in pairwise(sorted(said)))
        for account, said in _said(people.links).items()
    }
    return [{"account_id": account, "conflicts": n} for account, n in found.items() if n]


def orders(people: People) -> list[Row]:
    return people.orders()


def member_status(people: People) -> list[Row]:
    names = ("group_id", "member_id", "person_id", "account_id", "state", "reason", "score", "rhythm", "previous",
             "role", "linked", "groups_28d", "reads_reported", "in_product")  # fmt: skip
    return [
        {name: row[name] for name in names}
        | {
            "since": row["since"] and date(1970, 1, 1) + timedelta(days=row["since"]),
            "returned_on": row["returned"] and date(1970, 1, 1) + timedelta(days=row["returned"]),
            "fading": row["fading"],
            "last_used_at": row["last_used_ms"] and moment(row["last_used_ms"], people.zone),
            "last_act_here_at": row["last_act_here_ms"] and moment(row["last_act_here_ms"], people.zone),
        }
        for row in people.members()
    ]


def effective_members(people: People) -> list[Row]:
    known = {
        name: _platform_count(people, group)
        for name, group in people.groups.items()
        if people.so_far(min(e["ts_ms"] for e, _ in group.log))
    }
    rows = counts(people.members(), known, people.theta)
    return rows if len(rows) > 1 else []


def _silent(members: Iterable[Row], theta: float) -> Counter[str]:
    """How many members of each group are unobservable and below the chance; and people, in all such groups."""
    found = Counter[str]()
    persons: dict[str, list[Row]] = defaultdict(list)
    for row in members:
        found[row["group_id"]] += row["state"] == "unobservable" and row["score"] < theta
        persons[row["person_id"]].append(row)
    for rows in persons.values():
        best = min((row["state"] for row in rows), key=STATES.index)
        chances = [row["score"] for row in rows if row["state"] == "unobservable"]
        found["*"] += best == "unobservable" and max(chances) < theta
    return found


def counts(members: Collection[Row], known: dict[str, int], theta: float) -> list[Row]:
    """How many members of each state groups have, and people of all groups (`*`); `known`: the platform's counts;
    theta: the chance below which one looks like a zombie."""
    states: dict[str, list[str]] = defaultdict(list)
    best: dict[str, str] = {}
    for row in members:
        states[row["group_id"]].append(row["state"])
        best[row["person_id"]] = min(best.get(row["person_id"], "left"), row["state"], key=STATES.index)
    states["*"] = list(best.values())
    rows, silent = [], _silent(members, theta)
    for group in dict.fromkeys((*states, *known)):
        found = states[group]
        row: Row = {state: found.count(state) for state in STATES}
        inside = len(found) - row["left"]
        row["unseen"] = max(known.get(group, 0) - inside, 0)
        row["headcount"] = inside + row["unseen"]
        row["effective"] = sum(row[state] for state in EFFECTIVE)
        base = row["headcount"] - row["excluded"]
        row["share"] = row["effective"] / base if base > 0 else 0.0
        row["silent_zombies"] = silent[group]
        row["zombies_at_least"] = row["zombie"]
        row["zombies_estimated"] = row["zombie"] + row["silent_zombies"]
        row["zombies_at_most"] = row["zombie"] + row["unobservable"] + row["unseen"]
        rows.append({"group_id": group} | row)
    return rows


def _platform_count(people: People, group: Group) -> int:
    counts = [
        (c.event["ts_ms"], c.event["member_count"])
        for c in group.log
        if c.event["type"] == "group" and c.event["member_count"] is not None and people.so_far(c.event["ts_ms"])
    ]
    return max(counts, default=(0, 0))[1]


def memberships(people: People) -> list[Row]:
    return [
        {"group_id": name, "member_id": member, "present": int(membership(group, member)["present"])}
        for name, group in people.groups.items()
        for member in group.members()
    ]


def groups(people: People) -> list[Row]:
    """Who is in each group."""
    found = []
    for name, group in people.groups.items():
        known = [membership(group, member) for member in group.members()]
        present = [row for row in known if row["present"]]
        unseen = max(_platform_count(people, group) - len(present), 0)
        found.append({
            "group_id": name, "known": len(known), "present": len(present), "left": len(known) - len(present),
            "excluded": sum(row["role"] != "member" for row in present), "unseen": unseen,
            "headcount": len(present) + unseen,
        })  # fmt: skip
    return found


def payers(people: People) -> list[Row]:
    members = [row for row in people.members() if row["state"] not in ("left", "excluded")]
    counted = [order for order in people.orders() if not order["absurd"]]
    places: dict[str, set[str]] = defaultdict(set)
    effective: dict[str, set[str]] = defaultdict(set)
    for row in members:
        for group in (row["group_id"], "*"):
            places[group].add(row["person_id"])
            if row["state"] in EFFECTIVE:
                effective[group].add(row["person_id"])
    rows = []
    for group, persons in places.items():
        for currency in sorted({order["currency"] for order in counted}):
            by_person: dict[str, list[Row]] = defaultdict(list)
            for order in counted:
                if order["person_id"] in persons and order["currency"] == currency:
                    by_person[order["person_id"]].append(order)
            if not by_person:
                continue
            mine = [order for some in by_person.values() for order in some]
            firsts = [min(order["ts_ms"] for order in some) for some in by_person.values()]
            net = sum(order["net_minor"] for order in mine)
            rows.append({
                "group_id": group, "currency": currency, "payers": len(by_person),
                "first_payers_28d": sum(people.days.of(first) > people.today - 28 for first in firsts),
                "repeat_rate": sum(len(some) > 1 for some in by_person.values()) / len(by_person),
                "orders": len(mine), "revenue_members_minor": net, "average_order_minor": net / len(mine),
                "per_effective_member_minor": net / len(effective[group]) if effective[group] else 0.0,
            })  # fmt: skip
    return rows


ANSWERS = {
    answer.__name__: answer
    for answer in (
        account_owners,
        link_conflicts,
        orders,
        memberships,
        groups,
        member_status,
        effective_members,
        payers,
    )
}
