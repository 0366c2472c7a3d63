"""Half a year of two groups and a product: people are contacted, refer, buy, fade and come back."""

import json
import random
from typing import Any

from tests.oracle.community import Record
from tests.oracle.worlds import DAY_MS, World, encode

BEGIN_MS, DAYS = 1_735_693_200_000, 200
PLACES = {"wecom:公司:群": "wecom:公司", "irc:-:#a": "irc:-"}
CITIES, ROLES, TRADES = ("上海", "Berlin", ""), ("buyer", "maker"), ("bakery", "steel")


def lives_of_people(seed: int, zone: str = "UTC", size: int = 40) -> tuple[World, World, World]:
    """Chat, product and links; every member `m7` may be the user `u7`."""
    rng = random.Random(seed)
    chat, product, links = [], [], []
    for number in range(size):
        begin = min(rng.uniform(0, 230), 197)
        stays = begin, min(begin + rng.expovariate(1 / 90), DAYS)
        for group, workspace in PLACES.items():
            if rng.random() < 0.75:
                chat += _member(rng, f"m{number}", group, stays, number)
                if rng.random() < 0.6:
                    link = {"account_id": f"{workspace}:m{number}", "user_id": f"u{number}", "source": "login"}
                    links.append((rng.uniform(0, DAYS), link))
        if rng.random() < 0.7:
            product += _user(rng, number, size, stays)
        for _ in range(rng.choice((0, 0, 1, 2))):
            product.append((rng.choice((rng.uniform(*stays), rng.uniform(100, DAYS))), _contact(rng, number)))
    chat.append((DAYS, {"type": "tick"}))
    return _world(zone, rng, chat), _world(zone, rng, product), _world(zone, rng, links)


def at_the_edges(zone: str = "UTC") -> tuple[World, World, World]:
    """People of one group who did, or were told, one thing exactly so many days ago; some of it in another group."""
    group, workspace = next(iter(PLACES.items()))
    chat: list[tuple[float, dict[str, Any]]] = []
    product: list[tuple[float, dict[str, Any]]] = []

    def member(name: str, seen: float, *active: float) -> dict[str, Any]:
        about = {"member_id": name, "group_id": group}
        chat.append((seen, {"type": "roster"} | about))
        chat.extend((DAYS - ago, {"type": "read", "count": 1} | about) for ago in active)
        return {"type": "contact", "user_id": f"{workspace}:{name}", "operator_id": "op", "purpose": "sales"}

    for ago in (0, 6, 7, 13, 14, 15, 27, 28, 29, 38, 89, 90, 91, 127, 128, 129):
        member(f"joined{ago}", DAYS - ago)
        told = {"type": "roster", "joined_at_ms": BEGIN_MS + (DAYS - ago) * DAY_MS}
        chat.append((DAYS - 1, told | {"member_id": f"told{ago}", "group_id": group}))
        member(f"read{ago}", 0, ago)
        did = {"message": {"message_id": f"m{ago}", "kind": "text"}, "reaction": {"message_id": "m0"}}
        for kind, fields in did.items():
            member(f"{kind}{ago}", 0)
            chat.append((DAYS - ago, {"type": kind, "member_id": f"{kind}{ago}", "group_id": group} | fields))
        member(f"again{ago}", 0)
        chat.append((DAYS - ago, {"type": "join", "member_id": f"again{ago}", "group_id": group}))
        member(f"away{ago}", 0)
        chat.append((DAYS - ago, {"type": "read", "count": 1, "member_id": f"away{ago}", "group_id": f"{workspace}:b"}))
        bought = [("purchase", _price(f"p{ago}.{n}", 70)) for n in range(1 + ago % 3)]
        for way in ("link_id", "call_id"):
            user = member(f"{way}{ago}", 0)["user_id"]
            product.append((DAYS - ago, {"type": "click", "user_id": user, way: "way"}))
        for kind, fields in [("click", {"group_id": group}), ("open", {}), *bought]:
            user = member(f"{kind}{ago}", 0)["user_id"]
            product.append((DAYS - ago, {"type": kind, "user_id": user} | fields))
        product.append((DAYS - ago - 50, {"type": "click", "user_id": f"{workspace}:click{ago}", "group_id": group}))
        for apart in (27, 28):
            member(f"{apart}and{ago}", DAYS - ago - apart, ago)
        for outcome in ("reached", "refused"):
            contact = member(f"{outcome}{ago}", 0, 30)
            product.append((DAYS - ago, contact | {"outcome": outcome}))
        product.append((DAYS - ago, {"type": "purchase", "user_id": f"u{ago}"} | _price(f"o{ago}", 900)))
        product.append((DAYS - 100, {"type": "purchase", "user_id": f"u{ago}"} | _price(f"r{ago}", 100)))
        product.append(
            (DAYS - ago, {"type": "refund", "user_id": f"u{ago}", "refund_id": "r"} | _price(f"r{ago}", 100))
        )
    member("poster", 0)  # of a link that brings people here
    posted = {"type": "message", "message_id": "p", "kind": "text", "member_id": "poster", "link_ids": ["way"]}
    call = {"type": "call", "kind": "event", "platform": "wecom"}
    held = call | {"call_id": "held", "link_ids": ["held"], "holdout": True}  # calls nobody, and leads nobody here
    chat += [(1, event | {"group_id": group}) for event in (posted, call | {"call_id": "way"}, held)]
    for way in ("link_id", "call_id"):
        user = member(f"held{way}", 0)["user_id"]
        product.append((DAYS - 1, {"type": "click", "user_id": user, way: "held"}))
    for back in (0, 1, 14, 15):
        contact = member(f"back{back}", 0, 60 - back)
        product.append((DAYS - 60, contact | {"outcome": "no_answer"}))
    for newest in (0, 30, 45, 46, 59, 60):  # what the mask still tells of the days after a contact 188 days ago
        contact = member(f"forgotten{newest}", 0, newest)
        product.append((12, contact | {"outcome": "reached"}))
    # who pays in two currencies, and asks back more in one, later less, and something in the other; who pays and is no
    # plain member; who pays and has left
    for name, told in {"rich": {}, "boss": {"role": "operator"}, "gone": {}}.items():
        user = member(name, 0, 1)["user_id"]
        kind = "leave" if name == "gone" else "profile"
        chat.append((DAYS - 0.5, {"type": kind, "member_id": name, "group_id": group} | told))
        for currency in ("USD", "CNY"):
            price = _price(f"{name}{currency}", 50) | {"currency": currency}
            product.append((DAYS - 2, {"type": "purchase", "user_id": user} | price))
        again = {"type": "purchase", "user_id": user} | price | {"order_id": f"{name}USD"}
        product.append((DAYS - 1.5, again))  # the same order, in another currency
        refund = {"type": "refund", "user_id": user, "order_id": f"{name}CNY"}
        for ago, number, currency, amount in ((1, "r", "CNY", 80), (0.9, "r", "CNY", 8), (0.8, "s", "USD", 7)):
            back = {"refund_id": number, "currency": currency, "amount_minor": amount}
            product.append((DAYS - ago, refund | back))
    # a roster of the other group, after which some were there all the same; more accounts than a person has; an account
    # that is linked and unlinked at once
    listed = {"group_id": f"{workspace}:b", "platform": "wecom", "snapshot_id": "s"}
    chat.append((DAYS - 10, {"type": "roster", "member_id": "away0"} | listed))
    chat.append((DAYS - 10, {"type": "roster_end", "complete": True} | listed))
    nobody = {"group_id": f"{workspace}:empty", "platform": "wecom"}
    chat.append((DAYS - 50, {"type": "heartbeat", "source_id": "s", "healthy": True} | nobody))
    # who joins and leaves at once; how many the platform says there are; a group that is three days old
    member("hasty", 0)
    chat += [(DAYS - 3, {"type": kind, "member_id": "hasty", "group_id": group}) for kind in ("leave", "join")]
    chat.append((DAYS - 3, {"type": "group", "group_id": group, "platform": "wecom", "member_count": 999}))
    chat.append((DAYS - 3, {"type": "read", "count": 1, "member_id": "away0", "group_id": f"{workspace}:new"}))
    crowd = [member(f"crowd{n}", 0)["user_id"] for n in range(101)]
    links = [(DAYS - 5, {"account_id": one, "user_id": "crowd", "source": "login"}) for one in crowd]
    product.append((DAYS - 60, {"type": "click", "user_id": "anon:6", "group_id": group}))
    for one in ("anon:6", f"{workspace}:click6"):  # one person
        links.append((DAYS - 5, {"account_id": one, "user_id": "two", "source": "login"}))
    torn = {"account_id": member("torn", 0)["user_id"], "user_id": "u13", "source": "login"}
    links += [(DAYS - 4, torn | {"unlink": unlink}) for unlink in (True, False)]
    chat.append((DAYS, {"type": "tick"}))
    rng = random.Random(0)
    return _world(zone, rng, chat), _world(zone, rng, product), _world(zone, rng, links)


def _price(order: str, amount: int) -> dict[str, Any]:
    return {"order_id": order, "amount_minor": amount, "currency": "CNY"}


def _member(
    rng: random.Random, member: str, group: str, stays: tuple[float, float], number: int
) -> list[tuple[float, dict[str, Any]]]:
    about = {"member_id": member, "group_id": group}
    begin, end = stays
    events: list[tuple[float, dict[str, Any]]] = []
    if number % 5:
        inviter = rng.choice((None, "m0", "m1", member))
        events.append((begin, {"type": "join", "source": "invite", "inviter_id": inviter} | about))
    events.append((begin, {"type": "roster", "nickname": _nickname(rng, member)} | about))
    rhythm = rng.choice((0, 0, 0, 0.05, 0.3, 0.9))
    for day in range(int(begin), int(end)):
        if rng.random() < rhythm:
            spoken = {"type": "message", "message_id": f"{day}", "kind": "text"}
            read = {"type": "read", "count": 1} if group.startswith("wecom") else spoken  # elsewhere nobody reports it
            seen = rng.choice((spoken, spoken, read, {"type": "reaction", "message_id": "1"}))
            events.append((max(begin, day + rng.random()), seen | about))
    for _ in range(rng.choice((0, 1, 3))):
        said = {"industry": rng.choice(TRADES), "city": rng.choice(CITIES), "名": 'a "b"'}
        attributes = dict(rng.sample(sorted(said.items()), rng.randint(0, 3)))
        profile = {"type": "profile", "attributes": attributes, "nickname": rng.choice((None, _nickname(rng, member)))}
        events.append((rng.uniform(begin, end), profile | about))
    if number % 9 == 4:
        events.append((end, {"type": "profile", "role": rng.choice(("operator", "bot"))} | about))
    if end < DAYS and rng.random() < 0.3:
        events.append((end, {"type": "leave"} | about))
    return events


def _nickname(rng: random.Random, name: str) -> str:
    role, trade, city = rng.choice(ROLES), rng.choice(TRADES), rng.choice(CITIES[:2])
    said = f"{name}-{role}-{trade}"
    return rng.choice((name, said, f"{said}-{city}", f"{name} - {role}- {trade} -{city}", f"{name}---", f"{said}-"))


def _user(rng: random.Random, number: int, size: int, stays: tuple[float, float]) -> list[tuple[float, dict[str, Any]]]:
    user = f"u{number}"
    referrer = rng.choice((None, f"u{rng.randrange(size)}", f"wecom:公司:m{rng.randrange(size)}", user))
    events: list[tuple[float, dict[str, Any]]] = [(stays[0], {"type": "signup", "referrer_user_id": referrer})]
    rhythm = rng.choice((0, 0.05, 0.5))
    days = [day for day in range(int(stays[0]) + 1, DAYS) if rng.random() < rhythm]
    events += [(day + rng.random(), {"type": "open"}) for day in days]
    clicks = [(rng.uniform(*stays), {"type": "click", "group_id": group}) for group in PLACES if rng.random() < 0.4]
    events += clicks + [(DAYS - 1, click) for _, click in clicks if number % 2]
    for order in range(rng.choice((0, 0, 1, 2, 3, 5))):
        at, amount, currency = rng.uniform(*stays), rng.choice((0, 500, 999, 10**13)), rng.choice(("CNY", "CNY", "USD"))
        paid = {"order_id": f"{user}/{order}", "amount_minor": amount, "currency": currency}
        events.append((at, {"type": "purchase"} | paid))
        if rng.random() < 0.3:
            refund = {"type": "refund", "refund_id": "r", "amount_minor": min(rng.choice((amount, amount // 2)), 10**9)}
            events.append((rng.uniform(at, DAYS), paid | refund))
    return [(at, {"user_id": user} | event) for at, event in events]


def _contact(rng: random.Random, number: int) -> dict[str, Any]:
    account = rng.choice((f"u{number}", f"wecom:公司:m{number}", f"irc:-:m{number}"))
    return {
        "type": "contact",
        "user_id": account,
        "group_id": rng.choice((None, *PLACES)),
        "operator_id": rng.choice(("op", "Ö")),
        "purpose": rng.choice(("onboarding", "sales")),
        "outcome": rng.choice(("reached", "reached", "refused", "no_answer")),
        "depth": rng.choice((None, "short", "deep")),
    }


def _world(zone: str, rng: random.Random, events: list[tuple[float, dict[str, Any]]]) -> World:
    """A world of these events: chat in the order of time, all else in any order."""
    records, end = [], BEGIN_MS + DAYS * DAY_MS
    for number, (at, event) in enumerate(sorted(events, key=lambda one: one[0])):
        body = event | {"event_id": f"e{number}", "ts_ms": BEGIN_MS + int(at * DAY_MS)}
        value = encode(body) if "member_id" in event else json.dumps(body).encode()
        records += [value] * (1 + (rng.random() < 0.1))
    if not any(event["type"] == "tick" for _, event in events if "type" in event):
        rng.shuffle(records)
    return World(zone, 48, 4_000_000, tuple(Record(i, end, value) for i, value in enumerate(records)))
