"""What WeCom's API (`externalcontact/groupchat/get`) says about one group: its members now, and how each joined."""

import re
from collections.abc import Iterator
from typing import Any

from schemas.errors import InvalidEventError
from sources.chunks import Chunk
from sources.importers.records import add_event, name_of, whole

_SCENES = {1: "invite", 2: "link", 3: "qr"}
_EMPLOYEE = 1
#: Ids of robots; those of employees are chosen freely and shorter, those of customers begin with wm or wo.
ROBOT = re.compile(r"wb[\w-]{30}", re.ASCII)
#: Unix times from here on are milliseconds.
_MILLISECONDS = 10**11


def add_roster(chunk: Chunk, line: int, data: dict[str, Any], workspace: str, at_ms: int | None) -> None:
    """Add the joins, the group, the member list and its end, from one answer of the API or the group in it.

    The list is complete if every row of it could be read. Raises `InvalidEventError` when the answer is a refusal, has
    no id, no members, or no time (`at` in the line, else `at_ms`).
    """
    if data.get("errcode"):
        raise InvalidEventError("refused", f"the API answered {data['errcode']}: {data.get('errmsg')}")
    group = data["group_chat"] if isinstance(data.get("group_chat"), dict) else data
    members, chat_id = group.get("member_list"), name_of(group, "chat_id")
    if not isinstance(members, list) or not members:
        raise InvalidEventError("missing", "member_list: expected at least one member")
    at_ms = milliseconds(whole(data, "at")) if "at" in data else at_ms
    if at_ms is None:
        raise InvalidEventError(
            "missing", "no time: give it as `at` in the line, with --at, or as a date in the file name"
        )
    rows = [row if isinstance(row, dict) else {} for row in members]
    base, envelope = f"wecom:{chat_id}", {"platform": "wecom", "group_id": f"wecom:{workspace}:{chat_id}"}
    for event in sorted(_joins(rows, base), key=lambda event: int(event["ts_ms"])):
        add_event(chunk, line, event | envelope)
    add_event(chunk, line, _facts(group, len(rows), base, at_ms) | envelope)
    snapshot = {"ts_ms": at_ms, "snapshot_id": f"{chat_id}:{at_ms}"} | envelope
    listed = [add_event(chunk, line, row | snapshot) for row in _rows(group, rows, f"{base}:{at_ms}")]
    end = {"event_id": f"{base}:{at_ms}:end", "type": "roster_end", "complete": all(listed), "count": sum(listed)}
    add_event(chunk, line, end | snapshot)


def milliseconds(unix: int) -> int:
    """A Unix time of WeCom, which may be in seconds."""
    return unix if unix >= _MILLISECONDS else unix * 1000


def _number(data: dict[str, Any], name: str) -> int:
    """A whole number, 0 where there is none."""
    try:
        return whole(data, name)
    except InvalidEventError:
        return 0


def _userid(data: object) -> str | None:
    userid = data.get("userid") if isinstance(data, dict) else None
    return userid if isinstance(userid, str) else None


def _joins(rows: list[dict[str, Any]], base: str) -> Iterator[dict[str, Any]]:
    """How each member joined, where the time is given."""
    for row in rows:
        if joined := _number(row, "join_time"):
            yield {
                "event_id": f"{base}:{_userid(row)}:join:{joined}", "type": "join", "ts_ms": milliseconds(joined),
                "member_id": _userid(row), "source": _SCENES.get(_number(row, "join_scene"), "unknown"),
                "inviter_id": _userid(row.get("invitor")),
            }  # fmt: skip


def _facts(group: dict[str, Any], count: int, base: str, at_ms: int) -> dict[str, Any]:
    created = _number(group, "create_time")
    return {
        "event_id": f"{base}:{at_ms}:group", "type": "group", "ts_ms": at_ms, "name": group.get("name"),
        "owner_id": group.get("owner"), "member_count": count,
        "created_at_ms": milliseconds(created) if created else None,
    }  # fmt: skip


def _rows(group: dict[str, Any], rows: list[dict[str, Any]], base: str) -> Iterator[dict[str, Any]]:
    """The member list. Employees who own or administer the group are its operators."""
    admins = group.get("admin_list")
    leading = {_userid(admin) for admin in admins} if isinstance(admins, list) else set()
    leading.add(str(group.get("owner")))
    for row in rows:
        userid, joined = _userid(row), _number(row, "join_time")
        role = "operator" if userid in leading and _number(row, "type") == _EMPLOYEE else "member"
        yield {
            "event_id": f"{base}:{userid}", "type": "roster", "member_id": userid,
            "joined_at_ms": milliseconds(joined) if joined else None,
            "role": "bot" if userid and ROBOT.fullmatch(userid) else role,
            "nickname": row.get("group_nickname") or row.get("name") or None,
        }  # fmt: skip
