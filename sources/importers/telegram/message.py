"""What one message object of a Telegram export contains: ids, time, text, kind, reactions."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from schemas.errors import InvalidEventError
from sources.importers.telegram.clock import Clock, local_s

_MEDIA = {
    "sticker": "image", "voice_message": "voice", "video_message": "video", "video_file": "video",
    "animation": "video", "audio_file": "file",
}  # fmt: skip
_LINKS = ("link", "text_link")
#: Marks of channels and supergroups, and of basic groups, in ids as bots see them.
_CHANNEL, _GROUP = -1_000_000_000_000, 0


def peer_id(peer: object) -> str | None:
    """The id of `user1`, `channel2` or `chat3` as bots see it (1, -1000000000002, -3); None for any other."""
    return _peer_id(peer) if isinstance(peer, str) else None


@lru_cache(maxsize=10_000)
def _peer_id(peer: str) -> str | None:
    for prefix, sign, shift in (("user", 1, 0), ("channel", -1, _CHANNEL), ("chat", -1, _GROUP)):
        digits = peer.removeprefix(prefix)
        if digits != peer and digits.isascii() and digits.isdigit() and len(digits) < 20:
            return str(sign * int(digits) + shift)
    return None


def linked_channel(message: dict[str, Any]) -> str | None:
    """The channel whose post a message is, if Telegram forwarded it to the linked discussion group; else None."""
    author = message.get("from_id")
    posted = isinstance(author, str) and author.startswith("channel") and message.get("saved_from") is not None
    return peer_id(author) if posted and message.get("saved_from") == message.get("from") else None


def native_id(chat: dict[str, Any]) -> str:
    """The id of a chat as bots see it. Raises `InvalidEventError` when it has none."""
    kind = "chat" if chat.get("type") == "private_group" else "channel"
    found = peer_id(f"{kind}{chat.get('id')}")
    if found is None:
        raise InvalidEventError("missing", "id: a chat needs a numeric id")
    return found


def is_channel(native: str) -> bool:
    """Whether an id, as bots see it, is that of a channel or supergroup."""
    return native.removeprefix("-").isdecimal() and int(native) <= _CHANNEL


def text_of(message: dict[str, Any]) -> tuple[str, int, list[str]]:
    """The text, how many links Telegram saw in it, and the ids of members mentioned by name.

    A mention by @username has no id in an export.
    """
    text = message.get("text")
    parts = text if isinstance(text, list) else [text]
    words: list[str] = []
    links, mentions = 0, []
    for part in parts:
        entity = part if isinstance(part, dict) else {"text": part}
        if isinstance(word := entity.get("text"), str):
            words.append(word)
        links += entity.get("type") in _LINKS
        if entity.get("type") == "mention_name" and (user := peer_id(f"user{entity.get('user_id')}")):
            mentions.append(user)
    return "".join(words), links, mentions


def kind_of(message: dict[str, Any], text: str) -> str:
    """The contract's kind of a message."""
    if isinstance(media := message.get("media_type"), str):
        return _MEDIA.get(media, "other")
    if "photo" in message:
        return "image"
    if "file" in message:
        return "image" if str(message.get("mime_type")).startswith("image/") else "file"
    if "poll" in message:
        return "poll"
    return "text" if text else "other"


class Reaction(NamedTuple):
    """Who reacted with what and when (milliseconds)."""

    member: str
    name: object
    emoji: str
    at_ms: int


def reactions_of(message: dict[str, Any], sent_ms: int, clock: Clock) -> Iterator[Reaction]:
    """The reactions to a message, as far as the export names who reacted.

    Reactions carry local time only, which `clock` converts. Without a readable time they get the message's time.
    """
    for reaction in _dicts(message.get("reactions")):
        emoji = reaction.get("emoji") or reaction.get("document_id") or reaction.get("type")
        for recent in _dicts(reaction.get("recent")):
            local = local_s(recent.get("date"))
            at = None if local is None else clock.unix_of(local, sent_ms // 1000)
            if member := peer_id(recent.get("from_id")):
                yield Reaction(member, recent.get("from"), str(emoji), sent_ms if at is None else at * 1000)


def names_of(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of people, with the ids that a message shows for them."""
    pairs = [(message.get(who), message.get(f"{who}_id")) for who in ("from", "actor")]
    for reaction in _dicts(message.get("reactions")):
        pairs += [(recent.get("from"), recent.get("from_id")) for recent in _dicts(reaction.get("recent"))]
    for name, peer in pairs:
        member = peer_id(peer) if str(peer).startswith("user") else None
        if isinstance(name, str) and name and member:
            yield name, member


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
