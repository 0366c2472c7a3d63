"""Worlds written out event by event; a moment is a number of days since 1970-01-01, in UTC."""

import json
from collections.abc import Sequence
from typing import Any

from tests.oracle.community import Record
from tests.oracle.worlds import DAY_MS, World

#: 2024-10-04.
D = 20_000
#: The groups of all events.
ONE, OTHER = "wecom:c:one", "wecom:c:other"


def said(day: float, kind: str, member: str = "", group: str = ONE, /, **more: Any) -> tuple[float, dict[str, Any]]:
    """An event of chat."""
    event = {"type": kind, "group_id": group, "platform": "wecom"} | ({"member_id": member} if member else {})
    return day, event | ({"message_id": "m", "kind": "text"} if kind == "message" else {}) | more


def tick(day: float) -> tuple[float, dict[str, Any]]:
    """A tick of any topic."""
    return day, {"type": "tick"}


def did(day: float, user: str, kind: str = "open", /, **more: Any) -> tuple[float, dict[str, Any]]:
    """An event of the product."""
    return day, {"type": kind, "user_id": user} | more


def link(day: float, account: str, user: str, unlink: bool = False) -> tuple[float, dict[str, Any]]:
    """A record about the account of a member of both groups."""
    return day, {"account_id": f"wecom:c:{account}", "user_id": user, "source": "login", "unlink": unlink}


def world(*events: tuple[float, dict[str, Any]]) -> World:
    """Records of these events, in the order in which they come."""
    records = []
    for offset, (day, event) in enumerate(events):
        ts_ms = int(day * DAY_MS)
        records.append(Record(offset, ts_ms, json.dumps({"event_id": f"e{offset}", "ts_ms": ts_ms} | event).encode()))
    return World("UTC", 48, 4_000_000, tuple(records))


def _roster(day: float, snapshot: str, *names: str, complete: bool = True, **more: Any) -> list[tuple[float, Any]]:
    rows = [said(day, "roster", name, snapshot_id=snapshot, **more) for name in names]
    return [*rows, said(day + 0.1, "roster_end", complete=complete, snapshot_id=snapshot)]


#: By what they show: chat, product and links, a world per partition.
LITERALS: dict[str, tuple[Sequence[World], Sequence[World], Sequence[World]]] = {
    "an import far behind the clock": (
        [
            world(
                tick(D + 400),
                *(said(D + n, "message", "ann") for n in range(9)),
                said(D, "join", "bob"),
                tick(D + 405),
            )
        ],
        [],
        [],
    ),
    "acts and facts of days that are closed": (
        [
            world(
                said(D + 0.5, "message", "ann"),
                said(D + 3.5, "read", "cy", count=1),
                said(D + 0.6, "leave", "ann"),
                said(D + 0.7, "message", "bob"),
                said(D - 300, "profile", "dan", role="operator"),
                said(D + 4.2, "edit", "eve", message_id="m"),
                said(D + 4.2, "reaction", "eve", message_id="m", removed=True),
                said(D + 0.2, "group", member_count=9),
                said(D + 4.5, "group", member_count=7),
                tick(D + 9),
            )
        ],
        [world(did(D + 0.5, "wecom:c:ann"), tick(D + 5), did(D + 1, "wecom:c:bob"), tick(D + 9))],
        [],
    ),
    "an hour that is closed on a day that is open": (
        [
            world(
                said(D + 0.1, "message", "ann"),
                said(D + 2.5, "message", "bob"),
                said(D + 0.2, "message", "ann", link_count=1),
                said(D + 0.3, "join", "cy"),
                tick(D + 9),
            )
        ],
        [],
        [],
    ),
    "rosters that name some": (
        [
            world(
                *(said(D + 0.1, "join", name) for name in ("ann", "bob", "cy")),
                said(D + 1.2, "read", "bob", count=1),
                *_roster(D + 1.5, "s", "cy", joined_at_ms=int((D - 30) * DAY_MS)),
                said(D + 1.7, "read", "ann", count=1),
                *_roster(D + 4.5, "t", "one"),
                *_roster(D + 5.5, "u", "ann", complete=False),
                tick(D + 9),
            )
        ],
        [],
        [],
    ),
    "a link that joins two persons and is taken back": (
        [
            world(
                said(D - 60, "profile", "bob"),
                said(D - 60, "profile", "cy"),
                said(D + 0.5, "message", "ann", OTHER),
                tick(D + 9),
            )
        ],
        [world(did(D + 0.5, "u"), did(D + 3.5, "w"), tick(D + 9))],
        [
            world(
                link(D + 1.5, "ann", "u"),
                link(D + 1.5, "bob", "u"),
                link(D + 2.5, "bob", "u", True),
                (D + 4.5, {"account_id": "u", "user_id": "w", "source": "login"}),
                link(D + 1.1, "cy", "u"),
                tick(D + 9),
            )
        ],
    ),
    "calls and links that are posted": (
        [
            world(
                said(D - 60, "profile", "u"),
                said(D - 60, "profile", "u", OTHER),
                said(D + 1.5, "call", call_id="c", kind="poll"),
                said(D + 1.5, "call", "", OTHER, call_id="held", kind="poll", link_ids=["held"], holdout=True),
                said(D + 2.5, "message", "bob", OTHER, link_ids=["l"]),
                tick(D + 50),
            )
        ],
        [
            world(
                did(D + 0.5, "wecom:c:u", "click", call_id="c"),
                did(D + 0.5, "wecom:c:u", "click", call_id="held"),
                did(D + 0.5, "wecom:c:u", "click", link_id="held"),
                did(D + 0.5, "wecom:c:u", "click", link_id="l"),
                did(D + 3.5, "wecom:c:u", "click", group_id=OTHER),
                tick(D + 50),
            )
        ],
        [],
    ),
    "a name that becomes known by its id": (
        [
            world(
                said(D + 0.5, "message", "name:ann"),
                said(D + 2.5, "profile", "name:ann", role="alias"),
                said(D + 2.5, "message", "7"),
                said(D + 4.5, "profile", "name:ann", role="member"),
                tick(D + 9),
            )
        ],
        [],
        [],
    ),
    "reading that a source begins to report": (
        [
            world(
                said(D + 0.5, "message", "ann"),
                said(D + 0.5, "message", "ann", OTHER),
                tick(D + 40),
                said(D + 33.5, "read", "cy", count=1),
                said(D + 41.5, "read", "dan", count=1),
                tick(D + 46),
            )
        ],
        [],
        [],
    ),
    "use without chat": (
        [world(tick(D + 9))],
        [world(did(D + 0.5, "u"), tick(D + 9))],
        [world(link(D + 0.5, "ann", "u"), tick(D + 9))],
    ),
}
