"""Who was reached, who they are and what one person did, computed slowly and obviously."""

from collections import Counter, defaultdict
from typing import Any

from tests.oracle.answers import Row, account_of, moment
from tests.oracle.community import activity, membership
from tests.oracle.people import STATES, People

_EFFECTIVE = ("active", "participant", "lurker")
#: Days that a mask holds, the newest activity's among them.
MASK = 128


def inside(people: People) -> list[Row]:
    """Members who are in their group, operators, aliases and bots left out."""
    return [row for row in people.members() if row["state"] not in ("left", "excluded")]


def referrals(people: People) -> dict[tuple[str, str], int]:
    """(referrer, referred) -> the first day on which the one was named as the other's referrer."""
    found: dict[tuple[str, str], int] = {}
    for e in people.product:
        if e["type"] in ("signup", "trial") and e["referrer_user_id"]:
            pair = people.person(e["referrer_user_id"]), people.person(e["user_id"])
            if pair[0] != pair[1]:
                day = people.days.of(e["ts_ms"])
                found[pair] = min(found.get(pair, day), day)
    return found


def chat_days(people: People, group: str, member: str) -> set[int]:
    """Days of a member's activity in a group."""
    log = people.groups[group].log
    return {people.days.of(e["ts_ms"]) for e, _ in log if e.get("member_id") == member and activity(e)}


def used_days(people: People) -> dict[str, set[int]]:
    """User -> days on which the user did something."""
    found: dict[str, set[int]] = defaultdict(set)
    for e in people.acts():
        found[e["user_id"]].add(people.days.of(e["ts_ms"]))
    return found


def _returned(own: list[tuple[int, set[int]]], contacted: int, today: int) -> int | None:
    """Whether somebody was active on one of the 14 days after; `own`: first day known and days active, one a mask."""
    window = set(range(contacted + 1, contacted + 15))
    forgotten = False
    for first, days in own:
        reach = max(days) - MASK + 1 if days else first
        if any(day in window for day in days if day >= reach):
            return 1
        forgotten |= any(first <= day < reach for day in window)
    return None if contacted + 14 >= today or forgotten else 0


def contacts(people: People) -> list[Row]:
    said = [e for e in people.product if e["type"] == "contact"]
    referred = Counter(referrer for referrer, _ in referrals(people))
    payers = {order["person_id"] for order in people.orders() if not order["absurd"]}
    known = {(g, m): membership(people.groups[g], m) for g in people.groups for m in people.groups[g].members()}
    used = used_days(people)
    rows, classes = [], {}
    for row in inside(people):
        group, member, person = row["group_id"], row["member_id"], row["person_id"]
        mine = [e for e in said if people.person(e["user_id"]) == person and e["group_id"] in (None, group)]
        newest = max(mine, key=lambda e: (e["ts_ms"], e["event_id"]), default=None)
        join_ms = known[group, member]["join_ms"]
        invited = [1 for (g, m), one in known.items() if g == group and m != member and one["inviter_id"] == member]
        own = [(people.days.of(known[group, member]["first_ms"]), chat_days(people, group, member))]
        own += [(min(days), days) for user, days in used.items() if people.person(user) == person]
        found = {name: row[name] for name in ("group_id", "member_id", "person_id", "account_id", "state", "score")} | {
            "contacted": int(newest is not None), "contacts": len(mine),
            "last_contacted_at": newest and moment(newest["ts_ms"], people.zone),
            "owner": newest and newest["operator_id"], "purpose": newest and newest["purpose"],
            "depth": newest and newest["depth"], "outcome": newest and newest["outcome"],
            "after_join": int(newest["ts_ms"] >= join_ms) if newest and join_ms is not None else None,
            "returned_14d": newest and _returned(own, people.days.of(newest["ts_ms"]), people.today),
            "has_referred": int(referred[person] > 0 or len(invited) > 0), "referred": referred[person],
            "invited": len(invited), "payer": int(person in payers), "next": None,
        }  # fmt: skip
        rows.append(found)
        barred = any(
            people.days.of(e["ts_ms"]) > people.today - (90 if e["outcome"] == "refused" else 14) for e in mine
        )
        if not barred and row["state"] == "newcomer" and not mine:
            classes[group, member] = 1
        elif not barred and row["fading"]:
            classes[group, member] = 2
        elif not barred and row["state"] == "at_risk":
            classes[group, member] = 3
    for group in people.groups:
        order = sorted(
            (row for row in rows if row["group_id"] == group and (group, row["member_id"]) in classes),
            key=lambda row: (
                classes[group, row["member_id"]], -row["payer"], -round(row["score"], 9), row["member_id"].encode(),
            ),
        )  # fmt: skip
        for rank, row in enumerate(order[:1000], 1):
            row["next"] = rank
    return rows


# --- profiles -------------------------------------------------------------------------------------------------------


def _attributes(people: People, group: str, member: str, fields: list[str], separator: str) -> dict[str, Any]:
    """Attribute -> (whether a profile says it, time and id of what says it), value."""
    events: dict[Any, Row] = {}
    for e, _ in people.groups[group].log:
        if e.get("member_id") == member and e["type"] in ("roster", "profile"):
            events[e["ts_ms"], e["event_id"], e["type"]] = e
    said: dict[str, Any] = {}
    nickname = None
    for at, e in sorted(events.items(), key=lambda one: one[0]):
        for name, value in e.get("attributes", {}).items():
            said[name] = (1, *at[:2]), value
        nickname = (at, e["nickname"]) if e["nickname"] else nickname
    said = {name: one for name, one in said.items() if one[1]}
    if nickname:
        parts = [part.strip(" ") for part in nickname[1].split(separator)]
        if len(parts) == len(fields) and all(parts):
            for name, part in zip(fields, parts, strict=True):
                if name != "name":
                    said.setdefault(name, ((0, *nickname[0][:2]), part))
    return said


def profiles(people: People, fields: list[str] | None = None, separator: str = "-") -> list[Row]:
    members = inside(people)
    best: dict[str, str] = {}
    for row in members:
        best[row["person_id"]] = min(best.get(row["person_id"], STATES[-1]), row["state"], key=STATES.index)
    places: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    newest: dict[tuple[str, str], Any] = {}
    for row in members:
        for name, one in _attributes(people, row["group_id"], row["member_id"], fields or [], separator).items():
            places[row["group_id"], name, one[1]].append((row["person_id"], row["state"]))
            known = newest.get((row["person_id"], name), one)
            newest[row["person_id"], name] = max(known, one, key=lambda said: (said[0][:2], said[1].encode()))
    for (person, name), (_, value) in newest.items():
        places["*", name, value].append((person, best[person]))
    orders = [order for order in people.orders() if not order["absurd"]]
    rows = []
    for (group, name, value), found in places.items():
        mine = [order for order in orders if order["person_id"] in {person for person, _ in found}]
        states = [state for _, state in found]
        rows.append(
            {"group_id": group, "attribute": name, "value": value, "members": len(found)}
            | {state: states.count(state) for state in STATES if state not in ("left", "excluded")}
            | {"effective": sum(states.count(state) for state in _EFFECTIVE)}
            | {"payers": len({order["person_id"] for order in mine})}
            | {
                "revenue_minor": {
                    currency: sum(order["net_minor"] for order in mine if order["currency"] == currency)
                    for currency in sorted({order["currency"] for order in mine})
                }
            }
        )
    return rows


# --- journeys -------------------------------------------------------------------------------------------------------


def cross_group(people: People) -> list[Row]:
    members = inside(people)
    rows = []
    for row in members:
        mine = [other for other in members if other["person_id"] == row["person_id"]]
        groups = {other["group_id"] for other in mine}
        effective = {other["group_id"] for other in mine if other["state"] in _EFFECTIVE} - {row["group_id"]}
        dead = row["state"] not in (*_EFFECTIVE, "newcomer")
        if len(groups) > 1:
            rows.append(
                {name: row[name] for name in ("person_id", "group_id", "member_id", "account_id", "state")}
                | {"groups": len(groups), "effective_elsewhere": sorted(effective, key=str.encode)}
                | {"dead_here_alive_there": int(dead and bool(effective))}
            )
    return rows


def journey(people: People, asked: str) -> list[Row]:
    """What the person of an account did."""
    person = people.person(asked)
    rows = []
    for partition in people.chat:
        for landed in partition.landed:
            e = landed.event
            if landed.duplicate or e["type"] not in _ACTS or not e["member_id"]:
                continue
            account = account_of(e["group_id"], e["member_id"])
            detail = "removed" if e.get("removed") else e.get(_ACTS[e["type"]])
            rows.append((account, "chat", e["group_id"], detail, e))
    for e in people.product:
        money = e["type"] in ("purchase", "refund")
        detail = " ".join(str(e[name]) for name in ("order_id", "amount_minor", "currency")) if money else ""
        detail = f"{e['purpose']} {e['outcome']}" if e["type"] == "contact" else detail
        rows.append((e["user_id"], "product", e.get("group_id"), detail or e.get(_ACTS.get(e["type"], "")), e))
    return [
        {
            "person_id": person, "ts": moment(e["ts_ms"], people.zone), "side": side, "group_id": group or "",
            "what": e["type"], "detail": "" if detail is None else str(detail), "account_id": account,
            "event_id": e["event_id"],
        }
        for account, side, group, detail, e in rows
        if people.person(account) == person
    ]  # fmt: skip


#: What somebody did -> the field that says more.
_ACTS = {
    "message": "kind", "edit": "", "recall": "", "reaction": "emoji", "read": "count", "join": "source",
    "leave": "reason", "profile": "role", "signup": "referrer_user_id", "trial": "referrer_user_id",
    "open": "content_id", "view": "content_id", "click": "link_id", "share": "target", "custom": "name",
}  # fmt: skip

ANSWERS = {answer.__name__: answer for answer in (contacts, cross_group, profiles)}
