"""Service messages of a Telegram export: who came, who went, what became of the group."""

from collections.abc import Callable, Iterator
from typing import Any

from schemas.errors import InvalidEventError
from sources.importers.records import whole
from sources.importers.telegram.message import peer_id

#: Suffix of the event id, milliseconds (0: those of the message), fields.
Happening = tuple[str, int, dict[str, Any]]


def service_events(
    message: dict[str, Any], member: Callable[[object], str | None], facts: dict[str, Any]
) -> Iterator[Happening]:
    """The events of one service message; none when it says nothing of members or the group.

    `member` turns a name into an id. `facts` is what is known of the group; what the message tells of it is put there.
    Raises `InvalidEventError` when it does not say whom it is about.
    """
    match message.get("action"):
        case "create_group" | "create_channel":
            creator = _actor(message)
            facts |= {"owner_id": creator, "created_at_ms": whole(message, "date_unixtime") * 1000}
            yield _titled(message, facts)
            yield ":join", 0, _join(creator, "unknown")
            yield from _invited(message, member)
        case "edit_group_title":
            yield _titled(message, facts)
        case "invite_members":
            yield from _invited(message, member)
        case "join_group_by_link":
            yield ":join", 0, _join(_actor(message), "link", member(message.get("inviter")))
        case "join_group_by_request":
            yield ":join", 0, _join(_actor(message), "link")
        case "remove_members":
            yield from _removed(message, member)


def _actor(message: dict[str, Any]) -> str:
    actor = peer_id(message.get("actor_id"))
    if actor is None:
        raise InvalidEventError("missing", "actor_id: expected user, channel or chat and a number")
    return actor


def _join(who: str, source: str, inviter: str | None = None) -> dict[str, Any]:
    return {"type": "join", "member_id": who, "source": source, "inviter_id": inviter}


def _titled(message: dict[str, Any], facts: dict[str, Any]) -> Happening:
    """The group as it was known at that time, under the name that the message gives it."""
    return ":group", 0, facts | {"name": message.get("title")}


def _names(message: dict[str, Any]) -> list[object]:
    names = message.get("members")
    return names if isinstance(names, list) else []


def _invited(message: dict[str, Any], member: Callable[[object], str | None]) -> Iterator[Happening]:
    """Members who were added by another one; who adds himself came in without help."""
    actor = _actor(message)
    unknown = 0
    for place, name in enumerate(_names(message)):
        if name is not None and name == message.get("actor"):
            yield f":join:{place}", 0, _join(actor, "unknown")
        elif who := member(name):
            yield f":join:{place}", 0, _join(who, "invite", actor)
        else:
            unknown += 1
    if unknown:
        raise InvalidEventError("unknown_member", f"members: {unknown} came in who have no name (deleted accounts)")


def _removed(message: dict[str, Any], member: Callable[[object], str | None]) -> Iterator[Happening]:
    """Members who were removed by another one; who removes himself has left."""
    actor = _actor(message)
    for place, name in enumerate(_names(message)):
        if name == message.get("actor"):  # both may be null: a deleted account that left
            yield f":leave:{place}", 0, {"type": "leave", "member_id": actor, "reason": "left"}
        elif who := member(name):
            fields = {"type": "leave", "member_id": who, "reason": "kicked", "actor_id": actor}
            yield f":leave:{place}", 0, fields
        else:
            raise InvalidEventError("unknown_member", "members: one without a name was removed (deleted account)")
