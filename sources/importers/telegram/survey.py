"""What must be known about a Telegram export before its first message: names, topics, clock, what groups became."""

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import InvalidEventError
from sources.chunks import read_lines
from sources.importers.telegram.clock import Clock, unix_s
from sources.importers.telegram.layout import Layout
from sources.importers.telegram.message import linked_channel, names_of, native_id

GROUPS = ("private_group", "private_supergroup", "public_supergroup")


class Numbers:
    """Numbers of messages, which mostly rise by one: kept as runs."""

    def __init__(self) -> None:
        self._firsts, self._lasts, self._others = array("q"), array("q"), set[int]()

    def add(self, number: int) -> None:
        """Add one."""
        if abs(number) >= 2**62:
            self._others.add(number)
        elif self._lasts and number == self._lasts[-1] + 1:
            self._lasts[-1] = number
        elif not self._lasts or number > self._lasts[-1]:
            self._firsts.append(number)
            self._lasts.append(number)
        elif number not in self:
            self._others.add(number)

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._firsts, number)
        return bool(place and number <= self._lasts[place - 1]) or number in self._others


class _Moved(NamedTuple):
    """A group became a supergroup: when (Unix seconds), who did it, and what the group was called."""

    at: int
    actor: object
    title: object


@dataclass
class Chat:
    """What is known about one group of a file; `own` is its id as bots see it, None where the file has none."""

    own: str | None
    title: object = None
    group_id: str = ""
    names: dict[str, str | None] = field(default_factory=dict)
    """The one id that goes with a name; None where there are several. The same for all chats of a group."""
    topics: set[int] = field(default_factory=set)
    posts: set[int] = field(default_factory=set)
    """Messages that the linked channel sent."""
    channels: set[str] = field(default_factory=set)
    """Channels that are linked."""
    seen: Numbers = field(default_factory=Numbers)
    became: _Moved | None = None
    was: _Moved | None = None

    def look(self, message: dict[str, Any]) -> None:
        """Note what a message says about others."""
        for name, member in names_of(message):
            known = self.names.setdefault(name, member)
            self.names[name] = member if known == member else None
        number = message.get("id")
        if not isinstance(number, int):
            return
        self.seen.add(number)
        if channel := linked_channel(message):
            self.channels.add(channel)
            self.posts.add(number)
        at = unix_s(message.get("date_unixtime")) or 0
        match message.get("action"):
            case "topic_created":
                self.topics.add(number)
            case "migrate_to_supergroup":
                self.became = _Moved(at, message.get("actor_id"), self.title)
            case "migrate_from_group":
                self.was = _Moved(at, message.get("actor_id"), message.get("title"))


def survey(path: Path) -> tuple[dict[int, Chat], Clock]:
    """The groups of a file, by the line where they begin, and its clock."""
    chats: dict[int, Chat] = {}
    layout, clock, now = Layout(), Clock(), None
    for begin, lines, _ in read_lines(path):
        for what, at, data in layout.feed(begin.line, lines):
            if what == "chat" and isinstance(data, dict) and data.get("type") in GROUPS:
                now = chats[at] = Chat(_own(data), data.get("name"))
            elif what in ("chat", "end"):
                now = None
            elif now and isinstance(data, dict):
                clock.look(data)
                now.look(data)
    return chats, clock


def _own(header: dict[str, Any]) -> str | None:
    try:
        return native_id(header)
    except InvalidEventError:
        return None
