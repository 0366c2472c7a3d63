"""Groups that are called: drawn ones, dense enough to meet every edge, and one made by hand."""

import json
import random
from typing import Any

from tests.oracle.community import Record
from tests.oracle.worlds import MINUTE_MS, World, encode

#: A multiple of twelve hours, so that it is plain which rows are of one roster.
BEGIN_MS = 41_018 * 43_200_000
A, B, EMPTY = "wecom:公司:群", "wecom:公司:b", "irc:-:#c"
Event = dict[str, Any]
Timed = list[tuple[float, Event]]


def made(zone: str, *topics: Timed, end: int) -> tuple[World, ...]:
    """Worlds of chat, product and links, of events at these minutes, up to the minute `end`."""
    worlds = []
    for topic, events in enumerate(topics):
        records = []
        for number, (minute, event) in enumerate(events):
            body = {"event_id": f"{topic}/{number}", "ts_ms": BEGIN_MS + round(minute * MINUTE_MS)} | event
            value = json.dumps(body).encode() if topic else encode(body)
            records.append(Record(number, BEGIN_MS + end * MINUTE_MS, value))
        worlds.append(World(zone, 48, 4_000_000, tuple(records)))
    return tuple(worlds)


def drawn_calls(seed: int, zone: str = "UTC", size: int = 260) -> tuple[World, ...]:
    """Three days of two groups whose events all come at full or half hours."""
    rng, held, end = random.Random(seed), random.Random(-seed - 1), 3 * 24 * 60
    members, users = [f"m{n}" for n in range(7)], ("u1", "u2", "u3", "wecom:公司:m5")
    ids = tuple(f"c{n}" for n in range(9))
    links, campaigns, messages = ("l1", "l2"), ("k1", "k2"), ("t1", "t2")

    def maybe(values: tuple[str, ...]) -> str | None:
        return rng.choice((None, *values))

    def chat() -> Event:
        kind = rng.choices(
            ("message", "reaction", "call", "join", "leave", "roster", "roster_end", "profile", "read"),
            (9, 4, 3, 3, 1, 5, 1, 1, 1),
        )[0]
        more: Event = {
            "message": {
                "message_id": rng.choice(("t3", "t4", "t9", *messages)),
                "kind": rng.choice(("text", "text", "poll", "image")),
                "reply_to_message_id": maybe((*messages, "t3", "t9")), "campaign_id": maybe(campaigns),
                "link_ids": rng.sample(links, rng.choice((0, 0, 0, 1, 2))), "link_count": rng.choice((0, 0, 0, 1)),
                "mentions_all": rng.random() < 0.1,
                "call_id": rng.choice((None, None, None, "c1")),
            },
            "reaction": {"message_id": rng.choice(messages), "removed": rng.random() < 0.2},
            "call": {
                "call_id": rng.choice(ids), "kind": rng.choice(("poll", "event")), "window_h": rng.choice((1, 4, 24)),
                "message_id": maybe(messages), "campaign_id": maybe(campaigns), "series_id": maybe(("s",)),
                "variant": maybe(("v",)), "link_ids": rng.sample(links, rng.randrange(3)),
                "holdout": held.random() < 0.1,
            },
            "roster_end": {"complete": rng.random() < 0.8},
            "roster": {"role": rng.choice(("member", "member", "member", "operator"))},
            "profile": {"role": rng.choice((None, "member", "operator", "bot"))},
            "read": {"count": 1},
        }.get(kind, {})  # fmt: skip
        who = {} if kind in ("call", "roster_end") else {"member_id": rng.choice(members)}
        return {"type": kind, "group_id": rng.choice((A, B))} | who | more

    def product() -> Event:
        kind = rng.choice(("click", "click", "click", "share", "signup", "trial", "purchase", "open", "refund"))
        more: Event = {
            "click": {"call_id": maybe((*ids, "other")), "link_id": maybe(links), "campaign_id": maybe(campaigns)},
            "share": {"target": "group", "link_id": maybe(links), "campaign_id": maybe(campaigns)},
            "signup": {"campaign_id": maybe(campaigns)}, "trial": {"campaign_id": maybe(campaigns)},
            "purchase": {"order_id": "o", "amount_minor": 1, "currency": "CNY", "campaign_id": maybe(campaigns)},
            "refund": {"order_id": "o", "refund_id": "r", "amount_minor": 1, "currency": "CNY"},
        }.get(kind, {})  # fmt: skip
        return {"type": kind, "user_id": rng.choice(users)} | more

    def link() -> Event:
        named = {"account_id": f"wecom:公司:{rng.choice(members)}", "user_id": rng.choice(users[:3])}
        return named | {"source": "login", "unlink": rng.random() < 0.1}

    topics = []
    for draw, count in ((chat, size), (product, size // 2), (link, 7)):
        events: Timed = [(rng.randrange(0, end, 30), draw() | {"event_id": f"e{n}"}) for n in range(count)]
        topics.append([one for event in events for one in [event] * (1 + (rng.random() < 0.1))])
    ordered = sorted(topics[0], key=lambda one: one[0] + rng.randrange(600))
    return made(zone, [*ordered, (end, {"type": "tick"})], *topics[1:], end=end)


def called_by_hand() -> tuple[World, ...]:
    """One of every edge; members say by their names what becomes of them."""
    chat, product, links = [], [], []

    def say(minute: float, member: str, group: str = A, type_: str = "message", **fields: Any) -> None:
        more = {"message": {"message_id": "t", "kind": "text"}, "reaction": {"message_id": "t1"}}.get(type_, {})
        chat.append((minute, {"type": type_, "group_id": group, "member_id": member} | more | fields))

    def call(minute: float, call_id: str, group: str = A, **fields: Any) -> None:
        chat.append((minute, {"type": "call", "group_id": group, "call_id": call_id, "kind": "poll"} | fields))

    def use(minute: float, user: str, type_: str, **fields: Any) -> None:
        product.append((minute, {"type": type_, "user_id": user} | fields))

    def link(member: str, user: str) -> None:
        links.append((1, {"account_id": f"wecom:公司:{member}", "user_id": user, "source": "login"}))

    instant = 1 / MINUTE_MS
    inside = ["atonce", "last", "over", "reacted", "removed", "unlinked", "talked", "spokebefore", "silent", "later"]
    inside += ["ann", "bob", "dan", "othergroup"]
    for member in (*inside, "left", "operator", "missed", "missedlater"):
        say(0, member, type_="join")
    for member in ("ann", "dan"):
        say(0, member, B, "join")
    for kind in ("join", "leave"):  # at once: whoever does both is gone
        say(60, "torn", B, kind)
    say(0, "heard", type_="join")  # on neither roster, and there all the same
    say(600, "heard")
    say(400, "left", type_="leave")
    for minute, missing in ((500, "missed"), (1150, "missedlater")):  # complete rosters before and after the call
        for member in (*inside, "operator", "missedlater"):
            if member != missing:
                say(minute, member, type_="roster", role="operator" if member == "operator" else "member")
        chat.append((minute, {"type": "roster_end", "group_id": A, "complete": True}))
    # the list that ends at 1150 is not complete before, and one that ends with a call is not before it
    say(990, "atonce", type_="roster")
    say(1030, "ann", B, "roster")
    chat.append((1030, {"type": "roster_end", "group_id": B, "complete": True}))
    for number in range(6):  # with c2 and b9 more than the five that count
        call(100 + 60 * number, f"b{number}", B, window_h=1)
    use(110, "u3", "click", call_id="b0")
    say(880 - instant, "silent")
    say(880, "spokebefore")
    call(1000, "c1", message_id="t1", link_ids=["l1"], campaign_id="k", window_h=2, series_id="weekly", variant="b")
    call(1010, "c1", message_id="t2", window_h=9)  # the same call again
    say(1000, "newcomer", type_="join")
    say(1000, "atonce", reply_to_message_id="t1")
    say(1120 - instant, "last", reply_to_message_id="t1")
    say(1120, "over", reply_to_message_id="t1")
    for member in ("left", "operator", "newcomer"):
        say(1020, member, reply_to_message_id="t1")
    say(1020, "reacted", type_="reaction", removed=False)
    say(1020, "removed", type_="reaction", removed=True)
    say(1020, "othergroup", B, reply_to_message_id="t1")
    say(1060, "talked")
    say(1070, "later", type_="profile", role="operator")
    call(1030, "c2", B, campaign_id="k", window_h=2)  # two open calls of one campaign
    for member, user in (("ann", "u1"), ("bob", "u2"), ("dan", "u3"), ("talked", "u4")):
        link(member, user)
    use(1040, "u1", "purchase", order_id="o", amount_minor=5, currency="CNY", campaign_id="k")
    use(1040, "u2", "signup", campaign_id="k")
    use(1040, "u3", "click", call_id="c1", campaign_id="k")
    use(1120, "u4", "click", link_id="l1")  # when the window is over
    for call_id, group in (("a9", A), ("b9", B)):  # at the same time
        call(1200, call_id, group, campaign_id="k9", window_h=1)
    call(1205, "held", campaign_id="k9", window_h=1, holdout=True)  # takes no answers: A is not called
    say(1300, "operator", message_id="t5", link_ids=["l5"])  # a call by itself
    say(1301, "operator", message_id="t1", link_ids=["l5"])  # that of c1
    say(1302, "operator", message_id="t6", link_ids=["l5"], call_id="c1")
    say(1303, "operator", message_id="t7")
    say(1304, "silent", message_id="t8", link_ids=["l5"])
    say(1305, "operator", message_id="t5", kind="poll")  # the same message again
    say(1310, "last", reply_to_message_id="t5")
    use(1311, "u2", "click", link_id="l5")
    use(1210, "u1", "share", target="moments", campaign_id="k9")
    use(1040, "u9", "click", link_id="l1")  # nobody knows whose user this is
    call(1500, "c3")
    say(1510, "talked", reply_to_message_id="t1")
    call(1500, "c4", EMPTY, window_h=1)
    chat.append((1560, {"type": "tick"}))
    return made("UTC", sorted(chat, key=lambda one: one[0]), product, links, end=1560)
