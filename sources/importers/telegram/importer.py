"""Imports exports of Telegram Desktop (`result.json`): the groups of one chat's or of a whole account's export.

Private chats and channels are skipped. Ids are those that bots see, so that a live feed agrees with an export.
"""

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from schemas.errors import InvalidEventError
from schemas.topics import CHAT
from sources.chunks import Chunk, Options, Position, Problem, read_lines
from sources.importers.records import problem
from sources.importers.telegram.chat import Telling
from sources.importers.telegram.groups import keep_groups, name_groups
from sources.importers.telegram.layout import Found, Layout
from sources.importers.telegram.message import native_id
from sources.importers.telegram.names import Names
from sources.importers.telegram.survey import survey

#: Types of chats that are not groups, and the reason given for skipping them.
NO_GROUPS = {
    "personal_chat": "private chats (only groups are read)",
    "bot_chat": "private chats (only groups are read)",
    "saved_messages": "private chats (only groups are read)",
    "replies": "private chats (only groups are read)",
    "verify_codes": "private chats (only groups are read)",
    "private_channel": "channels (only groups are read)",
    "public_channel": "channels (only groups are read)",
}


def read_telegram(path: Path, options: Options, start: Position) -> Iterator[Chunk]:
    """Read one file. It is read twice: the first time for the names, topics and chats that are in it.

    Raises `ConfigError` when `options.group` names one group and the file has several.
    """
    layout, reader = Layout(), _Reader(path, options)
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
    reader.keep()


class _Reader:
    """Hands each thing found in a file to the group that it belongs to."""

    def __init__(self, path: Path, options: Options) -> None:
        self._options = options
        self._chat: Telling | None = None
        self._chats, self._clock = survey(path)
        self._groups = [chat for chat in self._chats.values() if chat.own]
        name_groups(path, self._groups, options.group, self._remembered("groups"))
        self._names: dict[str, Names] = {}
        self._facts: dict[str, dict[str, Any]] = {}

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

    def keep(self) -> None:
        """Remember groups and their names for later imports."""
        keep_groups(self._groups, self._remembered("groups"))
        for names in self._names.values():
            names.keep()

    def _begin(self, chunk: Chunk, line: int, header: dict[str, Any]) -> Telling | None:
        kind = header.get("type")
        if not isinstance(kind, str):
            raise InvalidEventError("missing", "type: a chat without a type is skipped")
        if chat := self._chats.get(line):
            native = native_id(header)
            if chat.group_id not in self._names:
                self._names[chat.group_id] = self._names_of(chat.group_id, chat.names)
            facts = self._facts.setdefault(chat.group_id, {})
            facts |= {"type": "group", "name": header.get("name")}
            return Telling(native, chat, facts, self._names[chat.group_id], self._clock, self._options.keep_text)
        if kind not in NO_GROUPS:
            raise InvalidEventError("unknown_chat", f"type: {kind[:40]!r} is not a known type of chat")
        chunk.passed_over[NO_GROUPS[kind]] += 1
        return None

    def _names_of(self, group_id: str, seen: dict[str, str | None]) -> Names:
        file = self._remembered(blake2b(group_id.encode(), digest_size=12).hexdigest())
        return Names(group_id.split(":", 2)[2], seen, file)

    def _remembered(self, name: str) -> Path | None:
        return self._options.memory / f"{name}.json" if self._options.memory else None
