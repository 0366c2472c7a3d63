"""One person and one call, to compile every kernel of the people agent before there is anybody."""

from typing import Any, cast

import numpy as np
import pyarrow as pa

from analytics.people.activity import SUMS
from analytics.people.score import Score
from sinks.clickhouse.readers.calls import CallReader, New
from sinks.clickhouse.readers.marks import Marks
from streams.people.memory.now import Now
from streams.people.results.ledger import Ledger
from streams.people.state import PeopleState

_DAY_MS = 86_400_000
_GROUP, _ACCOUNT, _USER = "wecom:a:g", "wecom:a:m", "u"
_TOLD = ("series_id", "variant", "campaign_id")
_CONTACT = dict.fromkeys(("event_id", "owner", "purpose", "depth", "outcome"), "x") | {"user_id": _USER, "group_id": ""}

_COST = dict.fromkeys(("channel", "group_id", "operator_id"), "") | {
    "campaign_id": "k", "kind": "ads", "currency": "CNY",
}  # fmt: skip


def _table(texts: dict[str, str], words: tuple[str, ...] = (), numbers: dict[str, int] | None = None) -> pa.Table:
    columns = {name: pa.array([text]) for name, text in texts.items()}
    columns |= {name: pa.array([1], pa.uint64()) for name in words}
    return pa.table(columns | {name: pa.array([value], pa.int64()) for name, value in (numbers or {}).items()})


def one_person(day: int = 20_000) -> dict[str, pa.Table]:
    """A reading: a member who acted in the product by a link of the group, linked to a user."""
    at = day * _DAY_MS
    times = dict.fromkeys(("first_ms", "last_ms", "spoke_ms", "join_ms", "in_ms"), at)
    days = dict.fromkeys(("base_day", "first_day", "joined_day"), day)
    member, used = {"group_id": _GROUP, "account_id": _ACCOUNT}, {"last_ms": at, "base_day": day}
    return {
        "memberships": _table(
            member | {"inviter": _ACCOUNT},
            ("spoke_lo", "reacted_lo", "read_lo", "active_hi", "spoke_hours", "reacted_hours", "read_hours"),
            times | days | {"out_ms": 0, "plays": 0},
        )
        .append_column("open_messages", pa.array([[1, 0, 0, 0]], pa.list_(pa.uint32())))
        .append_column("source", pa.array(["invite"])),
        "users": _table(
            {"user_id": _USER}, ("used_lo", "used_hi"), used | {"first_ms": at, "first_day": day, "signup_day": day}
        ),
        "acts": _table({"user_id": _USER, "group_id": "", "way": "link:l"}, ("acted_lo",), used),
        "links": _table(
            {"account_id": _ACCOUNT, "user_id": _USER, "event_id": "e", "source": "login"},
            (),
            {"ts_ms": at, "unlink": 0},
        ),
        "groups_now": _table(
            {"group_id": _GROUP}, (), {"roster_ms": 0, "first_ms": at, "members": 1, "closed_day": day}
        ),
        "ways": _table({"group_id": _GROUP, "way": "link:l"}),
        "reading": _table({"group_id": _GROUP}),
        "orders": _order(at, day),
        "panes": _table({"group_id": _GROUP}, (), dict.fromkeys(SUMS, 1) | {"number": 2 * day + 1}),
        "spoken": _table(member, (), {"day": day, "messages": 1}),
        "brought": _table(member | {"campaign_id": "k", "channel": "c"}, (), {"at_ms": at}),
        "whole_rosters": _table({"group_id": _GROUP}, (), {"start_ms": at, "day": day}),
        "absences": _table(member, (), {"from_ms": at, "first_day": day, "until_day": day + 1, "missed": 1}),
        "talked": _table(member).append_column("days", pa.array([[day + 1]], pa.list_(pa.uint16()))),
        "lived": _table(member).append_column("days", pa.array([[day + 1]], pa.list_(pa.uint16()))),
        "used": _table({"user_id": _USER}).append_column("days", pa.array([[day + 1]], pa.list_(pa.uint16()))),
        "referrals": _table({"user_id": _USER, "referrer_user_id": "r"}, (), {"day": day}),
        "profiles": _table(member | {"attribute": "city", "value": "x"}, (), {"newest_ms": at}),
        "nicknames": _table(member | {"called": "x-y"}, (), {"newest_ms": at}),
        "contacts": _table(_CONTACT, (), {"ts_ms": at, "day": day}),
        "joined": _touch(_ACCOUNT, "join", at),
        "touched": _touch(_USER, "click", at),
        **dict.fromkeys(Ledger.reads, pa.table({})),
        "claimed": _table({"user_id": _USER, "referrer": "r", "kind": "trial"}, ("event",), {"ts_ms": at}),
        "converted": _table({"goal": "trial", "event_id": "e", "user_id": _USER}, (), {"ts_ms": at, "day": day}),
        "prints": _table({"user_id": _USER}, ("print",), {"kind": 0, "ts_ms": at}),
        "costs": _table(_COST, ("event_hash",), {"partition": 0, "offset": 0, "ts_ms": at, "amount_minor": 1}),
        "named_in_chat": _table({"campaign_id": "k"}, (), {"first_ms": at, "last_ms": at}),
        "did_for_campaigns": _table({"campaign_id": "k", "user_id": _USER, "kind": "share"}, ("event",), {}),
        "named_in_product": _table({"campaign_id": "k"}, (), {"first_ms": at, "last_ms": at}),
    }


def _touch(who: str, kind: str, at: int) -> pa.Table:
    texts = {"who": who, "other": "r", "campaign_id": "k", "channel": "", "group_id": _GROUP, "link_id": ""}
    return _table(texts | {"call_id": "", "kind": kind}, ("event",), {"ts_ms": at})


def _order(at: int, day: int) -> pa.Table:
    texts = {"order_id": "o", "refund_id": "", "event_id": "e", "user_id": _USER, "currency": "CNY"}
    numbers = {"back": 0, "ts_ms": at, "day": day, "amount_minor": 100, "items": 1, "cost_minor": 0}
    return _table(texts | {"product_id": "", "group_id": _GROUP, "campaign_id": ""}, (), numbers)


class _OneCall:
    """Reads what was written and done about the one call of the person's group; stands in for a `CallReader`."""

    def __init__(self, at_ms: int) -> None:
        self._at_ms = at_ms
        self._member = {"group_id": _GROUP, "account_id": _ACCOUNT}

    def written(self, *_: Any) -> pa.Table:
        return _table(self._member, ("about",), {"ts_ms": self._at_ms, "wrote": 1})

    def acted(self, *_: Any) -> pa.Table:
        return _table({"user_id": _USER}, ("about", "link", "campaign"), {"ts_ms": self._at_ms})

    def new(self, *_: Any) -> New:
        groups = _table({"group_id": _GROUP}, (), {"told_ms": self._at_ms, "called": 1})
        return New(groups, self.written(), self.acted())

    def calls(self, *_: Any) -> pa.Table:
        texts = {"group_id": _GROUP, "call_id": "c", "kind": "poll"} | dict.fromkeys(_TOLD, "")
        table = _table(texts, ("id", "message", "campaign"), {"ts_ms": self._at_ms - 1, "window_h": 1, "role": 0})
        more = {name: pa.array([name == "told"]) for name in ("told", "to_all")}
        more["links"] = pa.array([[1]], pa.list_(pa.uint64()))
        return pa.table({name: table[name] for name in table.column_names} | more)

    def said(self, *_: Any) -> pa.Table:
        return _table(self._member, (), {"ts_ms": 1, "came_ms": 1, "went_ms": 0, "named": 0})

    said_before = said

    def rosters(self, *_: Any) -> pa.Table:
        return _table({"group_id": _GROUP}, (), {"at_ms": 1, "roster_ms": 1})


def _take(state: PeopleState, day: int, now: Now) -> None:
    state.take(one_person(day), Marks(), now)
    reader = cast(CallReader, _OneCall(day * _DAY_MS + 2))
    while state.wanted is not None:
        state.answer(state.wanted(reader))


def work_out_one() -> None:
    """Take one person through every step, in memory: once everything, once what is new."""
    day = 20_000
    score = Score(np.zeros(8), np.ones(8), np.zeros(9), np.zeros(9), 0, 0)
    state = PeopleState(nickname="name-city")
    now = Now(day * _DAY_MS, day, (day + 1) * _DAY_MS, score, 0.05, np.ones(129))
    for _ in range(2):
        _take(state, day, now)
    for makers in state.collect().parts.values():
        for make in makers:
            make()
