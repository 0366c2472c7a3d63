"""Small adversarial worlds: few groups, members and ids, all types of events, clocks that jump, broken records."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.oracle.community import Record

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000

#: Time zones, and a moment shortly before something odd happens to their clocks; so long ago that no world reaches the
#: present.
ZONES = {
    "UTC": "2018-02-27T20:00",
    "Asia/Kolkata": "2018-02-27T17:00",
    "Asia/Kathmandu": "2018-01-01T17:00",
    "America/New_York": "2018-03-10T20:00",
    "Europe/Berlin": "2017-10-28T20:00",
    "Australia/Lord_Howe": "2018-03-31T09:00",
    "America/Sao_Paulo": "2018-11-03T20:00",
    "Pacific/Apia": "2011-12-29T20:00",
}
GROUPS = ("irc:-:#a", "wecom:公司:群", "b")
#: The last is also the native id of a group.
MEMBERS = ("ann", "bob", "李雷", "m" * 128, "#a")
TEXTS = (
    None,
    "",
    "hi",
    "why?",
    "see http://a/?q=1",
    "really?!",
    "为什么？",
    "لماذا؟",
    "a?b",
    "?9 ? ",
    'a "quoted" \\ line\n',
    "😀?",
)

_ADVANCES = st.one_of(
    st.sampled_from([0, 0, 1, MINUTE_MS, 20 * MINUTE_MS, HOUR_MS, 5 * HOUR_MS, 13 * HOUR_MS]),
    st.sampled_from([0, 0, 0, DAY_MS, 47 * HOUR_MS, 3 * DAY_MS, 8 * DAY_MS, 27 * DAY_MS, 127 * DAY_MS, 200 * DAY_MS]),
    st.integers(0, 2 * DAY_MS),
)
_DELAYS = st.one_of(
    st.just(0),
    st.sampled_from([0, 0, 30 * MINUTE_MS, 23 * HOUR_MS, 47 * HOUR_MS, 48 * HOUR_MS, 49 * HOUR_MS]),
    st.sampled_from([0, 3 * DAY_MS, 26 * DAY_MS, 127 * DAY_MS, 128 * DAY_MS, 300 * DAY_MS]),
    st.integers(0, 4 * DAY_MS),
)
#: How far the clock of a device is ahead; a record's stamp may be wrong with it.
_AHEAD = st.sampled_from([0] * 20 + [1, 20 * MINUTE_MS, HOUR_MS, HOUR_MS + 1])
_WRONG_STAMPS = st.sampled_from([0] * 24 + [50 * MINUTE_MS, 2 * DAY_MS, 30 * DAY_MS])
_TYPES = (
    *["message"] * 8,
    *["reaction"] * 3,
    *["read"] * 3,
    *["join"] * 3,
    *["leave"] * 2,
    *["roster"] * 3,
    "roster_end",
    "profile",
    "group",
    "heartbeat",
    "call",
    "edit",
    "recall",
    "tick",
    "tick",
)
BROKEN = (
    None,
    b"",
    b"{",
    b"[]",
    b'{"type":"message"}',
    b'{"type":"shout","event_id":"e1","ts_ms":1700000000000}',
    b"\xff\xfe",
    b'{"event_id":"e1","type":"tick","ts_ms":1}',
    b'{"event_id":"e1","event_id":"e2","type":"tick","ts_ms":1700000000000}',
)
_MAYBE_MEMBER = st.sampled_from((None, None, *MEMBERS))
_ROLES = st.sampled_from(("member", "operator", "alias", "bot"))

#: Fields beyond the envelope, group and member.
_FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "message": {
        "text": st.sampled_from(TEXTS),
        "question": st.sampled_from((None, None, True, False)),
        "reply_to_message_id": st.sampled_from((None, None, "m1")),
        "reply_to_member_id": _MAYBE_MEMBER,
        "mentions": st.lists(st.sampled_from(MEMBERS), max_size=3) | st.none(),
        "link_count": st.sampled_from((None, 0, 1, 7)),
        "mentions_all": st.sampled_from((None, True)),
        "feature_version": st.sampled_from((None, 3)),
    },
    "reaction": {"removed": st.sampled_from((None, None, False, True)), "emoji": st.sampled_from((None, "👍"))},
    "join": {
        "inviter_id": _MAYBE_MEMBER,
        "source": st.sampled_from((None, "invite", "link", "unknown")),
        "channel": st.sampled_from((None, "ads")),
    },
    "leave": {"reason": st.sampled_from((None, "kicked"))},
    "roster": {
        "joined_at_ms": st.sampled_from((None, 0, 946_684_800_000, 1_300_000_000_000, 1_519_700_000_000)),
        "role": _ROLES | st.none(),
        "inviter_id": _MAYBE_MEMBER,
        "source": st.sampled_from((None, "invite", "qr")),
    },
    "roster_end": {"complete": st.booleans()},
    "profile": {"role": _ROLES | st.none(), "attributes": st.sampled_from((None, {}, {"city": '"上海"'}))},
    "group": {
        "status": st.sampled_from((None, "open", "dissolved")),
        "member_count": st.sampled_from((None, 0, 7)),
        "created_at_ms": st.sampled_from((None, 0, 1_510_000_000_000, 1_400_000_000_000)),
        "tags": st.sampled_from((None, ["t", "u"])),
    },
    "heartbeat": {"healthy": st.booleans()},
    "call": {"window_h": st.sampled_from((None, 1, 48))},
    "recall": {"member_id": _MAYBE_MEMBER, "actor_id": _MAYBE_MEMBER},
}
_NO_MEMBER = ("recall", "roster_end", "group", "heartbeat", "call")
_CONSTANT: dict[str, dict[str, Any]] = {
    "message": {"message_id": "m2", "kind": "text"},
    "edit": {"message_id": "m2"},
    "recall": {"message_id": "m2"},
    "reaction": {"message_id": "m2"},
    "read": {"count": 2},
    "heartbeat": {"source_id": "s"},
    "call": {"call_id": "c", "kind": "poll"},
}


@dataclass(frozen=True)
class World:
    """The records of one partition and the settings under which they are judged."""

    zone: str
    lateness_h: int
    horizon: int
    records: tuple[Record, ...]


@cache
def body(kind: str, groups: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """An event of a type, without its id and time."""
    fields: dict[str, st.SearchStrategy[Any]] = {"type": st.just(kind)}
    if kind != "tick":
        fields |= {"group_id": st.sampled_from(groups)} | _FIELDS.get(kind, {})
        if kind not in _NO_MEMBER:
            fields["member_id"] = st.sampled_from(MEMBERS)
    return st.fixed_dictionaries(fields).map(lambda found: _CONSTANT.get(kind, {}) | found)


@cache
def bodies(groups: tuple[str, ...] = GROUPS) -> st.SearchStrategy[dict[str, Any]]:
    """Events of any type in any of these groups."""
    return st.sampled_from(_TYPES).flatmap(lambda kind: body(kind, groups))


@st.composite
def worlds(
    draw: st.DrawFn, size: int = 45, zones: tuple[str, ...] = tuple(sorted(ZONES)), groups: tuple[str, ...] = GROUPS,
    least: int = 1, horizons: tuple[int, ...] = (4_000_000, 4_000_000, 3, 8),
) -> World:  # fmt: skip
    """A world of `least` to `size` records."""
    zone = draw(st.sampled_from(zones))
    now = int(datetime.fromisoformat(ZONES[zone]).replace(tzinfo=UTC).timestamp() * 1000)
    records, offset = [], draw(st.sampled_from((0, 0, 17)))
    clocks = st.tuples(_ADVANCES, _DELAYS, _AHEAD, _WRONG_STAMPS)
    plan = st.tuples(clocks, bodies(groups), st.integers(0, 24), st.integers(0, 30))
    for number, ((advance, delay, ahead, wrong), event, form, repeated) in enumerate(
        draw(st.lists(plan, min_size=least, max_size=size))
    ):
        now += advance
        stamp = now + wrong
        ts_ms = stamp - delay + ahead
        same = number - repeated if 0 < repeated < 6 and repeated <= number else number
        event = event | {"event_id": f"e{same}", "ts_ms": ts_ms}
        invalid = form == 24
        records.append(Record(offset, stamp, BROKEN[number % len(BROKEN)] if invalid else encode(event, form)))
        offset += 1 + (form == 7) * 3
    horizon = draw(st.sampled_from(horizons))
    return World(zone, draw(st.sampled_from((48, 48, 1, 20))), horizon, tuple(records))


@st.composite
def displaced(draw: st.DrawFn, size: int = 40) -> tuple[World, World]:
    """The same events in the order of their times, and each delayed by no more than the lateness; all days closed."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    ts_ms = int(datetime.fromisoformat(ZONES[zone]).replace(tzinfo=UTC).timestamp() * 1000)
    lateness_h = draw(st.sampled_from((48, 20)))
    plan = st.tuples(_ADVANCES, st.integers(0, lateness_h * HOUR_MS), bodies(), st.integers(0, 23))
    timed = []
    for number, (advance, delay, event, form) in enumerate(draw(st.lists(plan, min_size=2, max_size=size))):
        ts_ms += advance
        if event["type"] != "tick":  # groups that a tick finds depend on the order
            delay = delay if not event["type"].startswith("roster") else 0  # rosters follow each other
            timed.append((ts_ms, delay, encode(event | {"event_id": f"e{number}", "ts_ms": ts_ms}, form)))
    end = ts_ms + 5 * DAY_MS
    last = encode({"type": "tick", "event_id": "end", "ts_ms": end})
    orders = []
    for key in (lambda one: one[0], lambda one: one[0] + one[1]):
        values = [value for _, _, value in sorted(timed, key=key)]
        orders.append([Record(offset, end, value) for offset, value in enumerate([*values, last])])
    return World(zone, lateness_h, 4_000_000, tuple(orders[0])), World(zone, lateness_h, 4_000_000, tuple(orders[1]))


def encode(event: dict[str, Any], form: int = 0) -> bytes:
    """An event as JSON; `form` picks one of several ways to write the same.

    A roster's id stands for its time, so that rosters follow each other and do not overlap.
    """
    event = dict(event)
    if event["type"] != "tick":
        event["platform"] = "wecom" if event["group_id"].startswith("wecom") else "irc"
    if event["type"] in ("roster", "roster_end"):
        event["snapshot_id"] = f"s{event['ts_ms'] // (12 * HOUR_MS)}"
    if form % 3:
        event = {name: value for name, value in event.items() if value is not None}
    if form % 5 == 1:
        event["deep"] = {"er": [1.5]}
    return json.dumps(event, ensure_ascii=form % 4 == 0).encode()


def ticked(*worlds: World, days: float = 5) -> tuple[World, ...]:
    """The same worlds, each with one more record: a tick so many days after all of them, which closes their days."""
    end = max((record.kafka_ts_ms for world in worlds for record in world.records), default=0) + int(days * DAY_MS)
    value = encode({"type": "tick", "event_id": f"tick{end}", "ts_ms": end})
    return tuple(
        replace(world, records=(*world.records, Record(offset, end, value)))
        for world in worlds
        for offset in (world.records[-1].offset + 1 if world.records else 0,)
    )
