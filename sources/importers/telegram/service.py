"""Service messages of a Telegram export: who joined, who left, what happened to the group."""

from collections.abc import Callable, Iterator
from typing import Any

from schemas.errors import InvalidEventError
from sources.importers.records import whole
from sources.importers.telegram.names import Named

#: Suffix of the event id, milliseconds (0: those of the message), fields.
Happening = tuple[str, int, dict[str, Any]]
#: Whom the name in the event of this suffix stands for.
Finder = Callable[[object, str], Named | None]

#: Actions that say who joined or left, or what the group is called.
TELLING = frozenset(
    {
        "create_channel", "create_group", "edit_group_title", "invite_members", "join_group_by_link",
        "join_group_by_request", "remove_members",
    }
)  # fmt: skip
#: Actions that say nothing about who is in the group, nor about the group itself.
SILENT_ACTIONS = frozenset(
    {
        "allow_sending_messages", "attach_menu_bot_allowed", "boost_apply", "clear_history", "delete_group_photo",
        "edit_chat_theme", "edit_group_photo", "giveaway_launch", "giveaway_results", "group_call",
        "group_call_scheduled", "invite_to_group_call", "joined_telegram", "migrate_from_group",
        "migrate_to_supergroup",
        "paid_messages_price_change", "paid_messages_refund", "phone_call", "pin_message", "proximity_reached",
        "requested_peer", "requested_phone_number", "score_in_game", "send_gift_code", "send_passport_values",
        "send_payment", "send_premium_gift", "send_star_gift", "send_stars_gift", "send_webview_data",
        "set_chat_wallpaper", "set_messages_ttl", "set_same_chat_wallpaper", "suggest_profile_photo", "take_screenshot",
        "todo_append_tasks", "todo_completions", "topic_created", "topic_edit",
    }
)  # fmt: skip


def service_events(
    message: dict[str, Any], actor: str | None, itself: str, find: Finder, facts: dict[str, Any]
) -> Iterator[Happening]:
    """The events of one service message of the actions in `TELLING`.

    actor: who did it; `itself`: the group, in whose name administrators may act. `facts` is what is known about the
    group; what the message tells is added there. Raises `InvalidEventError` when the message does not say whom it is
    about.
    """
    action = message["action"]
    if action == "edit_group_title":
        yield _titled(message, facts)
        return
    if actor is None:
        raise InvalidEventError("missing", "actor_id: expected user, channel or chat and a number")
    inviter = None if actor == itself else actor
    match action:
        case "create_group" | "create_channel":
            facts |= {"owner_id": inviter, "created_at_ms": whole(message, "date_unixtime") * 1000}
            yield _titled(message, facts)
            if inviter:
                yield ":join", 0, _join(actor, "unknown")
            yield from _invited(message, inviter, find, founding=True)
        case "invite_members":
            yield from _invited(message, inviter, find)
        case "join_group_by_link":
            maker = find(message.get("inviter"), ":inviter")
            yield ":join", 0, _join(actor, "link", maker.id if maker else None)
        case "join_group_by_request":
            yield ":join", 0, _join(actor, "link")
        case "remove_members":
            yield from _removed(message, actor, find)


def _join(who: str, source: str, inviter: str | None = None) -> dict[str, Any]:
    return {"type": "join", "member_id": who, "source": source, "inviter_id": inviter}


def _titled(message: dict[str, Any], facts: dict[str, Any]) -> Happening:
    """The group as it was known at that time, under the name that the message gives it."""
    return ":group", 0, facts | {"name": message.get("title")}


def _names(message: dict[str, Any]) -> list[object]:
    names = message.get("members")
    return names if isinstance(names, list) else []


def _invited(message: dict[str, Any], actor: str | None, find: Finder, founding: bool = False) -> Iterator[Happening]:
    """Members who were added by another member; those who add themselves joined on their own.

    A founder has already been reported.
    """
    unknown = 0
    for place, name in enumerate(_names(message)):
        if actor and name is not None and name == message.get("actor"):
            if not founding:
                yield f":join:{place}", 0, _join(actor, "unknown")
        elif who := find(name, f":join:{place}"):
            yield f":join:{place}", 0, _join(who.id, "invite", actor)
        else:
            unknown += 1
    if unknown:
        raise InvalidEventError("unknown_member", f"members: {unknown} without a name were added (deleted accounts)")


def _removed(message: dict[str, Any], actor: str, find: Finder) -> Iterator[Happening]:
    """Members who were removed by another member; those who remove themselves have left."""
    for place, name in enumerate(_names(message)):
        if name == message.get("actor"):  # both may be null: a deleted account that left
            yield f":leave:{place}", 0, {"type": "leave", "member_id": actor, "reason": "left"}
        elif who := find(name, f":leave:{place}"):
            fields = {"type": "leave", "member_id": who.id, "reason": "kicked", "actor_id": actor}
            yield f":leave:{place}", 0, fields
        else:
            raise InvalidEventError("unknown_member", "members: a member without a name was removed (deleted account)")
