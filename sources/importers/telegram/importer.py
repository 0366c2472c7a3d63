"""Imports exports of Telegram Desktop (`result.json`): the groups of one chat's or of a whole account's export.

Private chats and channels are passed over. Ids are those that bots see, so that a live feed agrees with an export.
"""

import heapq
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError, InvalidEventError
from schemas.topics import CHAT
from sources.chunks import Chunk, Options, Position, Problem, group_fields, read_lines
from sources.importers.features import features
from sources.importers.ids import event_id
from sources.importers.records import add_event, problem, whole
from sources.importers.telegram.layout import Found, Layout
from sources.importers.telegram.message import kind_of, names_of, native_id, peer_id, reactions_of, text_of
from sources.importers.telegram.service import Happening, service_events

GROUPS = ("private_group", "private_supergroup", "public_supergroup")
#: Types of other chats, and why they are passed over.
NO_GROUPS = {
    "personal_chat": "private chats (only groups are read)",
    "bot_chat": "private chats (only groups are read)",
    "saved_messages": "private chats (only groups are read)",
    "replies": "private chats (only groups are read)",
    "verify_codes": "private chats (only groups are read)",
    "private_channel": "channels (only groups are read)",
    "public_channel": "channels (only groups are read)",
}
#: Telegram Desktop takes this from the ids of messages that were sent before a group became a supergroup.
MIGRATED = 1_000_000_000
#: Authors of so many messages before the present one are remembered, to say whom a reply is to.
AUTHORS = 100_000


def read_telegram(path: Path, options: Options, start: Position) -> Iterator[Chunk]:
    """Read one file. It is read twice: the first time for the names, topics and chats that are in it.

    Raises `ConfigError` when `options.group` names one group and the file has several.
    """
    surveys = _survey(path)
    if options.group and len(surveys) > 1:
        raise ConfigError(f"{path.name} has {len(surveys)} groups: --group can name the first id of one only.")
    layout, reader = Layout(), _Reader(options, surveys)
    chunk: Chunk | None = None
    for begin, lines, end in read_lines(path):
        if chunk and chunk.end.offset > start.offset:
            yield chunk
        chunk = Chunk(CHAT.name, end)
        for found in layout.feed(begin.line, lines):
            reader.take(chunk, found)
    if chunk and chunk.end.offset > start.offset:
        for found in layout.finish(chunk.end.line):
            reader.take(chunk, found)
        yield chunk


@dataclass
class _Survey:
    """What must be known of a group before its first message."""

    names: dict[str, str | None] = field(default_factory=dict)
    """The one id that goes with a name; None where there are several."""
    topics: set[int] = field(default_factory=set)


def _survey(path: Path) -> dict[int, _Survey]:
    """The groups of a file, by the line where they begin."""
    surveys: dict[int, _Survey] = {}
    layout, now = Layout(), None
    for begin, lines, _ in read_lines(path):
        for what, at, data in layout.feed(begin.line, lines):
            if what == "chat" and isinstance(data, dict) and data.get("type") in GROUPS:
                now = surveys[at] = _Survey()
            elif what in ("chat", "end"):
                now = None
            elif now and isinstance(data, dict):
                for name, member in names_of(data):
                    known = now.names.setdefault(name, member)
                    now.names[name] = member if known == member else None
                if data.get("action") == "topic_created" and isinstance(data.get("id"), int):
                    now.topics.add(data["id"])
    return surveys


class _Reader:
    """Hands what is found in a file to the group that it belongs to."""

    def __init__(self, options: Options, surveys: dict[int, _Survey]) -> None:
        self._options, self._surveys = options, surveys
        self._chat: _Chat | None = None

    def take(self, chunk: Chunk, found: Found) -> None:
        """Add the events of one thing found in the file, or its problem."""
        try:
            if isinstance(found.data, Problem):
                chunk.problems.append(found.data)
            elif found.what == "chat":
                self._chat = self._begin(chunk, found.line, found.data)
            elif found.what == "end":
                if self._chat:
                    self._chat.end(chunk)
                self._chat = None
            elif self._chat:
                self._chat.message(chunk, found.line, found.data)
        except InvalidEventError as error:
            chunk.problems.append(problem(found.line, error))

    def _begin(self, chunk: Chunk, line: int, header: dict[str, Any]) -> "_Chat | None":
        kind = header.get("type")
        if not isinstance(kind, str):
            raise InvalidEventError("missing", "type: a chat without one is passed over")
        if survey := self._surveys.get(line):
            return _Chat(header, survey, self._options)
        if kind not in NO_GROUPS:
            raise InvalidEventError("unknown_chat", f"type: {kind[:40]!r} is no kind of chat that is known here")
        chunk.passed_over[NO_GROUPS[kind]] += 1
        return None


class _Chat:
    """One group as its messages tell it. Edits and reactions wait until the messages have come to their time."""

    def __init__(self, header: dict[str, Any], survey: _Survey, options: Options) -> None:
        self._survey, self._keep_text = survey, options.keep_text
        self._native = native_id(header)
        own = f"telegram:-:{self._native}"
        platform, self._group_id = group_fields(options.group or own)
        self._root = self._group_id.split(":", 2)[2]
        self._first = None if self._group_id == own else self._root
        aliases = [own] if self._first else None
        self._envelope = {"platform": platform, "group_id": self._group_id}
        self._facts: dict[str, Any] = {"type": "group", "name": header.get("name"), "aliases": aliases}
        self._authors: OrderedDict[int, str] = OrderedDict()
        self._pending: list[tuple[int, int, int, dict[str, Any]]] = []
        self._newest: tuple[int, str, int] | None = None
        self._pushed = 0

    def message(self, chunk: Chunk, line: int, message: dict[str, Any]) -> None:
        """Add the events of one message. Raises `InvalidEventError` when it does not say enough."""
        number, sent_ms = whole(message, "id"), _sent_ms(message)
        self._release(chunk, sent_ms)
        base, message_id = self._place(number)
        self._newest = max(self._newest or (0, "", 0), (sent_ms, base, line))
        if message["type"] == "service":
            events = service_events(message, self._member, self._facts)
        else:
            events = self._spoken(number, message_id, sent_ms, message)
        for what, at_ms, fields in events:
            event = {"event_id": base + what, "ts_ms": at_ms or sent_ms} | self._envelope | fields
            if at_ms > sent_ms:
                self._pushed += 1
                heapq.heappush(self._pending, (at_ms, self._pushed, line, event))
            else:
                add_event(chunk, line, event)

    def end(self, chunk: Chunk) -> None:
        """Add what has waited, and what the export knows of the group itself."""
        self._release(chunk, None)
        if self._newest:
            at_ms, base, line = self._newest
            event = {"event_id": f"{base}:group", "ts_ms": at_ms} | self._envelope | self._facts
            add_event(chunk, line, event)

    def _release(self, chunk: Chunk, until_ms: int | None) -> None:
        while self._pending and (until_ms is None or self._pending[0][0] <= until_ms):
            _, _, line, event = heapq.heappop(self._pending)
            add_event(chunk, line, event)

    def _place(self, number: int) -> tuple[str, str]:
        """The beginning of event ids, and the message id, of one message.

        Message ids are those of the group's first id; behind an alias they begin with it.
        """
        native, prefix = self._native, f"{self._native}:" if self._first else ""
        if self._first and number < 0:
            native, prefix, number = self._first, "", number + MIGRATED
        return f"telegram:{native}:{number}", f"{prefix}{number}"

    def _member(self, name: object) -> str | None:
        """The id that goes with a name, else one made from it; None for deleted accounts, which have no name."""
        if not isinstance(name, str) or not name:
            return None
        return self._survey.names.get(name) or f"name:{event_id(self._root, name)}"

    def _spoken(self, number: int, message_id: str, sent_ms: int, message: dict[str, Any]) -> Iterator[Happening]:
        """The message itself, its last edit, and its reactions."""
        author = peer_id(message.get("from_id"))
        if author is None:
            raise InvalidEventError("missing", "from_id: expected user, channel or chat and a number")
        text, links, mentions = text_of(message)
        words = features(text) | {"link_count": links} | ({"text": text} if self._keep_text else {})
        fields = {"type": "message", "member_id": author, "message_id": message_id, "kind": kind_of(message, text)}
        yield "", 0, fields | words | self._reply(message) | {"mentions": mentions or None}
        self._authors[number] = author
        if len(self._authors) > AUTHORS:
            self._authors.popitem(last=False)
        if "edited_unixtime" in message:
            edited_ms = whole(message, "edited_unixtime") * 1000
            kept = {name: words[name] for name in ("text", "link_count") if name in words}
            edit = {"type": "edit", "member_id": author, "message_id": message_id}
            yield f":edit:{edited_ms // 1000}", edited_ms, edit | kept
        for member, emoji, at_ms in reactions_of(message, sent_ms):
            reaction = {"type": "reaction", "member_id": member, "message_id": message_id, "emoji": emoji}
            yield f":reaction:{member}:{emoji}", at_ms, reaction | {"to_member_id": author}

    def _reply(self, message: dict[str, Any]) -> dict[str, Any]:
        """Whom and what a message replies to; a reply to the beginning of a topic only says that it is in there."""
        if "reply_to_message_id" not in message or "reply_to_peer_id" in message:
            return {}
        number = whole(message, "reply_to_message_id")
        message_id = self._place(number)[1]
        if number in self._survey.topics:
            return {"room_id": message_id}
        return {"reply_to_message_id": message_id, "reply_to_member_id": self._authors.get(number)}


def _sent_ms(message: dict[str, Any]) -> int:
    if message.get("type") not in ("message", "service"):
        raise InvalidEventError("unsupported", f"type: {message.get('type')!r} says neither who nor when")
    return whole(message, "date_unixtime") * 1000
