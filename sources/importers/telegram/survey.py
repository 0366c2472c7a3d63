"""What must be known of a Telegram export before its first message: names, topics, clock, which chats are one group."""

from array import array
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import ConfigError, InvalidEventError
from sources.chunks import group_fields, read_lines
from sources.importers.telegram.clock import Clock, unix_s
from sources.importers.telegram.layout import Layout
from sources.importers.telegram.message import linked_channel, names_of, native_id

GROUPS = ("private_group", "private_supergroup", "public_supergroup")
#: A group and the supergroup that it became say so within so many seconds.
_AT_ONCE_S = 60


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
    """What is known of one group of a file; `own` is its id as bots see it, None where the file has none."""

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
        """Take note of what a message says of others."""
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


def survey(path: Path, option: str | None) -> tuple[dict[int, Chat], Clock]:
    """The groups of a file, by the line where they begin, and its clock.

    option: the first id of a group. Raises `ConfigError` when it does not say of which one.
    """
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
    _name_groups(path, [chat for chat in chats.values() if chat.own], option)
    return chats, clock


def _own(header: dict[str, Any]) -> str | None:
    try:
        return native_id(header)
    except InvalidEventError:
        return None


def _name_groups(path: Path, chats: list[Chat], option: str | None) -> None:
    """Give every chat its group's id, and chats of one group the same names."""
    first = _joined(chats)
    roots = {chat.own: first.get(chat.own, chat.own) for chat in chats}
    known = sorted({str(root) for root in roots.values()})
    named: dict[str | None, str] = {root: f"telegram:-:{root}" for root in known}
    if option:
        wanted = group_fields(option)[1].split(":", 2)[2]
        lost = [chat.own for chat in chats if chat.was and chat.own not in first]
        target = known if len(known) == 1 else [wanted] if wanted in known else lost
        if len(target) > 1 or (known and not target):
            reason = f"{path.name} has {len(known)} groups: --group can name the first id of one only"
            raise ConfigError(f"{reason} that was a basic group before. Its groups: {', '.join(known[:20])}.")
        named |= dict.fromkeys(target, option)
    together: dict[str, dict[str, str | None]] = defaultdict(dict)
    for chat in chats:
        chat.group_id = named[roots[chat.own]]
        names = together[chat.group_id]
        for name, member in chat.names.items():
            names[name] = member if names.get(name, member) == member else None
        chat.names = names


def _joined(chats: list[Chat]) -> dict[str | None, str | None]:
    """Supergroups with the basic groups that they were, where both are in the file and say so of each other alone."""
    pairs = [
        (new.own, old.own)
        for new in chats
        for old in chats
        if new.was and old.became and new.was.actor == old.became.actor and new.was.title == old.became.title
        and abs(new.was.at - old.became.at) <= _AT_ONCE_S
    ]  # fmt: skip
    news, olds = [new for new, _ in pairs], [old for _, old in pairs]
    return {new: old for new, old in pairs if news.count(new) == olds.count(old) == 1}
