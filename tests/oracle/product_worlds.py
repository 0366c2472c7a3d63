"""Small adversarial worlds of product events and links, beside a chat world of the same time."""

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.oracle.community import Record
from tests.oracle.people import ABSURD
from tests.oracle.worlds import BROKEN, DAY_MS, GROUPS, HOUR_MS, ZONES, World

USERS = ("u1", "u2", "u3", "anon:1", "anon:2")
ACCOUNTS = ("irc:-:ann", "irc:-:bob", "irc:-:李雷", "wecom:公司:ann", "wecom:公司:bob", "b::ann", *USERS)

_MAYBE_GROUP = st.sampled_from((None, None, *GROUPS))
_AMOUNTS = st.sampled_from((0, 1, 999, 12_345, ABSURD - 1, ABSURD, 2**63 - 1))
_CURRENCIES = st.sampled_from(("CNY", "CNY", "CNY", "USD"))
_REFERRERS = st.sampled_from((None, *ACCOUNTS[3:]))
_MAYBE = {
    "group_id": _MAYBE_GROUP,
    "call_id": st.sampled_from((None, None, "c")),
    "link_id": st.sampled_from((None, None, "l1")),
    "campaign_id": st.sampled_from((None, "k")),
}
_FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "signup": {"campaign_id": _MAYBE["campaign_id"], "referrer_user_id": _REFERRERS},
    "trial": {"referrer_user_id": _REFERRERS},
    "open": {},
    "view": {"content_id": st.just("x")},
    "click": _MAYBE,
    "share": {"target": st.just("group"), "group_id": _MAYBE_GROUP},
    "purchase": {
        "order_id": st.sampled_from(("o1", "o2", "o3", "o4")), "amount_minor": _AMOUNTS, "currency": _CURRENCIES,
        "group_id": _MAYBE_GROUP, "cost_minor": st.sampled_from((None, 7)),
    },
    "refund": {
        "order_id": st.sampled_from(("o1", "o2", "o3")), "refund_id": st.sampled_from(("r1", "r2")),
        "amount_minor": _AMOUNTS, "currency": _CURRENCIES,
    },
    "contact": {
        "operator_id": st.sampled_from(("op", "other")),
        "purpose": st.sampled_from(("sales", "winback")), "outcome": st.sampled_from(("reached", "refused")),
        "depth": st.sampled_from((None, "short", "deep")), "group_id": _MAYBE_GROUP,
    },
    "custom": {"name": st.just("lesson"), "value": st.sampled_from((None, 1.5, -2, 1e-7))},
    "tick": {},
}  # fmt: skip


def _body(kind: str, users: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    # who is contacted may not be linked yet, and go by the account
    who = (*users, *ACCOUNTS[:4]) if kind == "contact" and users == USERS else users
    user = {} if kind == "tick" else {"user_id": st.sampled_from(who)}
    return st.fixed_dictionaries({"type": st.just(kind)} | user | _FIELDS[kind])


@cache
def product_events(users: tuple[str, ...] = USERS) -> st.SearchStrategy[dict[str, Any]]:
    """Events of any type of any of these users, without their ids and times."""
    return st.sampled_from(sorted(_FIELDS)).flatmap(lambda kind: _body(kind, users))


PRODUCT_EVENTS = product_events()
LINK_EVENTS = st.fixed_dictionaries(
    {
        "account_id": st.sampled_from(ACCOUNTS), "user_id": st.sampled_from(USERS), "source": st.just("login"),
        "unlink": st.sampled_from((None, False, False, True)),
    }
)  # fmt: skip


@st.composite
def beside(draw: st.DrawFn, events: st.SearchStrategy[dict[str, Any]], chat: World, size: int, least: int = 0) -> World:
    """Records of another topic, from two months before the end of the chat world to a day after; some come twice."""
    end = max(record.kafka_ts_ms for record in chat.records)
    records = []
    plan = st.tuples(
        events, st.integers(-DAY_MS, 60 * DAY_MS) | st.sampled_from((0, HOUR_MS, 28 * DAY_MS)), st.booleans()
    )
    for number, (event, ago, again) in enumerate(draw(st.lists(plan, min_size=least, max_size=size))):
        body = event | {"event_id": f"p{number}", "ts_ms": end - ago}
        value = json.dumps({name: value for name, value in body.items() if value is not None}).encode()
        records += [value] * (1 + again)
    draw(st.randoms(use_true_random=False)).shuffle(records)
    return World(chat.zone, 48, 4_000_000, tuple(Record(i, end + DAY_MS, value) for i, value in enumerate(records)))


@st.composite
def topic_worlds(
    draw: st.DrawFn, events: st.SearchStrategy[dict[str, Any]], size: int = 40,
    zones: tuple[str, ...] = tuple(sorted(ZONES)), least: int = 1, repeats: int = 5,
) -> World:  # fmt: skip
    """`least` to `size` records of a topic in no order of time, with broken ones and gaps among them.

    A record may have the id of one of the `repeats` records before it.
    """
    records, offset, end = [], draw(st.sampled_from((0, 0, 17))), 1_772_000_000_000
    ago = st.integers(0, 60 * DAY_MS) | st.sampled_from((0, HOUR_MS, 28 * DAY_MS, 130 * DAY_MS))
    plan = st.tuples(events, ago, st.integers(0, 24), st.integers(0, 30))
    for number, (event, before, form, repeated) in enumerate(draw(st.lists(plan, min_size=least, max_size=size))):
        same = number - repeated if 0 < repeated <= min(repeats, number) else number
        body = event | {"event_id": f"p{same}", "ts_ms": end - before + number}
        value = json.dumps({name: said for name, said in body.items() if said is not None or form % 3}).encode()
        records.append(Record(offset, end + number, BROKEN[number % len(BROKEN)] if form == 24 else value))
        offset += 1 + (form == 7) * 3
    horizon = draw(st.sampled_from((4_000_000, 4_000_000, 3, 8)))
    return World(draw(st.sampled_from(zones)), 48, horizon, tuple(records))


def product_worlds(
    size: int = 40, zones: tuple[str, ...] = tuple(sorted(ZONES)), users: tuple[str, ...] = USERS, least: int = 1,
    repeats: int = 5,
) -> st.SearchStrategy[World]:  # fmt: skip
    """Records of product events of these users."""
    return topic_worlds(product_events(users), size, zones, least, repeats)
