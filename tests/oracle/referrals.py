"""Who brought whom, and what that earned, computed slowly and obviously."""

from collections import defaultdict
from itertools import combinations
from statistics import fmean
from typing import NamedTuple

from tests.oracle.answers import Row, account_of
from tests.oracle.community import Event
from tests.oracle.credits import staff, tie
from tests.oracle.people import People

KINDS = ("signup", "trial", "code", "share", "inviter")


class Bound(NamedTuple):
    """Who brought somebody, and since when."""

    referrer: str
    since_ms: int


def _known(people: People) -> set[str]:
    """Who has done anything, in a group or in the product."""
    members = {account_of(name, member) for name, group in people.groups.items() for member in group.members()}
    return {people.person(one) for one in members | {e["user_id"] for e in people.product if "user_id" in e}}


def claims_of(people: People) -> list[tuple[Event, str, str, str]]:
    """Who claims to have been brought by whom: the event, its kind, and the accounts, in the order that counts."""
    claims, joins = [], defaultdict(list)
    for e in people.product:
        if e["type"] in ("signup", "trial") and e["referrer_user_id"]:
            claims.append((e, e["type"], e["user_id"], e["referrer_user_id"]))
        if e["type"] == "click" and e["sharer_user_id"]:
            claims.append((e, "share", e["user_id"], e["sharer_user_id"]))
    for name, group in people.groups.items():
        for e, _ in group.log:
            if e["type"] == "join" and e["member_id"] in group.members():
                account = account_of(name, e["member_id"])
                inviter = account_of(name, e["inviter_id"]) if e["inviter_id"] else ""
                joins[people.person(account)].append((e["ts_ms"], tie((e["event_id"],)), e, account, inviter))
    for mine in joins.values():
        _, _, e, account, inviter = min(mine, key=lambda one: one[:2])
        if inviter:
            claims.append((e, "inviter", account, inviter))
    return sorted(claims, key=lambda one: (one[0]["ts_ms"], KINDS.index(one[1]), tie((one[0]["event_id"],))))


def referrers(people: People, refused: list[tuple[Event, str, str, str]] | None = None) -> dict[str, Bound]:
    """Person -> the first who may have brought them. `refused` gets the claims by which people would bring themselves,
    also by way of others, before anybody brought them."""
    known, nobody, found = _known(people), staff(people), dict[str, Bound]()
    for e, kind, who, by in claims_of(people):
        person, referrer = people.person(who), people.person(by)
        above = referrer
        while above in found:
            above = found[above].referrer
        if referrer in known and referrer not in nobody and person not in found and above != person:
            found[person] = Bound(referrer, e["ts_ms"])
        elif (
            refused is not None
            and referrer in known
            and above == person
            and (referrer == person or (referrer not in nobody and person not in found))
        ):
            refused.append((e, kind, who, by))
    return found


def _distance(bound: dict[str, Bound], one: str, other: str) -> int:
    """Steps between two people of a tree."""
    ways = []
    for who in (one, other):
        way = [who]
        while way[-1] in bound:
            way.append(bound[way[-1]].referrer)
        ways.append(way)
    meeting = next(who for who in ways[0] if who in ways[1])
    return ways[0].index(meeting) + ways[1].index(meeting)


def referral_tree(people: People) -> list[Row]:
    bound = referrers(people)
    direct = defaultdict(list)
    for who, by in bound.items():
        direct[by.referrer].append(who)

    def below(person: str) -> list[str]:
        return [one for who in direct[person] for one in (who, *below(who))] if person in direct else []

    def generations(person: str) -> int:
        return 1 + max(map(generations, direct[person])) if person in direct else 0

    orders = [o for o in people.orders() if not o["absurd"]]
    rows = []
    for person, mine in list(direct.items()):
        everybody = below(person)
        steps, above = 0, person
        while above in bound:
            steps, above = steps + 1, bound[above].referrer
        times = [bound[who].since_ms - bound[bound[who].referrer].since_ms for who in everybody if who not in mine]
        times = [one for one in times if one >= 0]  # who was brought later than they brought others tells nothing
        tree = {
            "person_id": person, "direct": len(mine), "indirect": len(everybody) - len(mine),
            "depth": generations(person), "generation": steps,
            "k": fmean(len(direct.get(who, ())) for who in everybody),
            "virality": fmean(_distance(bound, *pair) for pair in combinations([person, *everybody], 2)),
            "cycle_days": fmean(times) / 86_400_000 if times else None,
        }  # fmt: skip
        paid = [o for o in orders if o["person_id"] in everybody]
        for currency in sorted({o["currency"] for o in paid}) or [""]:
            some = [o for o in paid if o["currency"] == currency]
            own = [o for o in some if o["person_id"] in mine]
            rows.append(tree | {
                "currency": currency, "direct_orders": len(own), "direct_net_minor": sum(o["net_minor"] for o in own),
                "orders": len(some), "net_minor": sum(o["net_minor"] for o in some),
            })  # fmt: skip
    return rows


ANSWERS = {"referral_tree": referral_tree}
