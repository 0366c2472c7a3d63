"""Imports raw IRC logs: messages, actions, joins, leaves and renames; one channel per file.

`[HH:MM] <nick> text`, `[HH:MM] * nick action`, `=== nick [host] has joined #channel`, `has left`, `has quit`,
`=== nick was kicked off #channel by nick`, `=== nick is now known as nick`, and the older action `=== nick action`.
Topic and mode lines say nothing about members and are skipped. Times are taken as UTC.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson

from schemas.errors import ConfigError
from schemas.topics import CHAT
from sources.chunks import Chunk, Options, Position, Problem, group_fields, read_lines, too_long
from sources.importers.features import features
from sources.importers.ids import event_id

MINUTE_MS = 60_000
DAY_MINUTES = 24 * 60
#: A clock that goes back by up to this much was set back (summer time); further back means that the next day has begun.
SET_BACK_MINUTES = 60

_SPOKEN = re.compile(r"\[(\d\d):(\d\d)\]\s+(?:<\s*(\S+?)\s*>|\*\s+(\S+))(?:\s(.*))?$", re.DOTALL)
_JOINED = re.compile(r"=== (\S+)\s+\[\S*\]\s+has joined (\S+)\s*$")
_LEFT = re.compile(r"=== (\S+)\s+\[\S*\]\s+has (?:left|quit)\b")
_KICKED = re.compile(r"=== (\S+) was kicked off \S+ by (\S+)")
_RENAMED = re.compile(r"=== (\S+) is now known as (\S+)\s*$")
_SERVER = re.compile(r"=== (?:mode/|\S*\[?topic/|\S+ (?:sets mode|changed the topic))")
_ACTION = re.compile(r"=== (\S+) (\S.*)$", re.DOTALL)
_ADDRESSED = re.compile(r"@?([^\s,:]+)[,:]\s")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def read_irc(path: Path, options: Options, start: Position) -> Iterator[Chunk]:
    """Read one file, which is one group. Lines before `start` are read too: they tell the time and who is who."""
    channel = _Channel(path, options)
    for begin, lines, end in read_lines(path):
        chunk = Chunk(CHAT.name, end)
        for number, line in enumerate(lines, begin.line + 1):
            if line is None:
                chunk.problems.append(too_long(number))
            else:
                channel.add(chunk, number, line.removesuffix(b"\r"))
        if end.offset > start.offset:
            yield chunk


def is_line(line: bytes) -> bool:
    """Whether a line can only come from such a log."""
    text = _decode(line.removesuffix(b"\r"))
    return any(known.match(text) for known in (_SPOKEN, _JOINED, _LEFT, _KICKED, _RENAMED, _SERVER))


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:  # old logs mix encodings; Latin-1 reads any byte
        return line.decode("latin-1")


def _begin_day(path: Path, options: Options) -> date:
    if options.day:
        return options.day
    named = _DAY.search(path.name)
    try:
        return date.fromisoformat(named[0] if named else "")
    except ValueError:
        raise ConfigError(f"The name {path.name} contains no date (YYYY-MM-DD): give it with --day.") from None


@dataclass
class _Survey:
    """What must be known of a file before its first line: every nick, the channel, the first time of day in minutes."""

    nicks: set[str] = field(default_factory=set)
    channel: str | None = None
    minute: int | None = None

    def look(self, path: Path) -> "_Survey":
        for _, lines, _ in read_lines(path):
            for line in map(_decode, filter(None, lines)):
                if spoken := _SPOKEN.match(line):
                    self.nicks.add((spoken[3] or spoken[4]).lower())
                    if self.minute is None:
                        self.minute = int(spoken[1]) * 60 + int(spoken[2])
                elif joined := _JOINED.match(line):
                    self.nicks.add(joined[1].lower())
                    self.channel = self.channel or joined[2].lower()
                elif renamed := _RENAMED.match(line):
                    self.nicks.update((renamed[1].lower(), renamed[2].lower()))
        return self


class _Channel:
    """The state that the lines of a channel build up: the time, and who is who."""

    def __init__(self, path: Path, options: Options) -> None:
        survey = _Survey().look(path)
        group = options.group or f"irc:-:{survey.channel or path.name.partition('.')[0]}"
        platform, self._group_id = group_fields(group)
        self._envelope = {"platform": platform, "group_id": self._group_id}
        self._key, self._keep_text, self._nicks = self._group_id.encode(), options.keep_text, survey.nicks
        midnight = datetime.combine(_begin_day(path, options), datetime.min.time(), UTC)
        self._day_ms = int(midnight.timestamp()) * 1000
        self._minute = survey.minute or 0
        self._within = 0
        self._same: Counter[tuple[str, ...]] = Counter()
        self._first_id: dict[str, str] = {}

    def _member(self, nick: str) -> str:
        """The first nick of the person who has this nick now. IRC ignores case."""
        return self._first_id.get(nick.lower(), nick.lower())

    def _tick(self, minute: int) -> None:
        """Move to the minute that a line names, if it names one."""
        if minute == self._minute:
            return
        if minute < self._minute - SET_BACK_MINUTES:
            self._day_ms += DAY_MINUTES * MINUTE_MS
        self._minute, self._within = minute, 0
        self._same.clear()

    def add(self, chunk: Chunk, number: int, line: bytes) -> None:
        """Add the event of one line, or its problem."""
        text = _decode(line)
        if spoken := _SPOKEN.match(text):
            self._tick(int(spoken[1]) * 60 + int(spoken[2]))
            self._message(chunk, spoken[3] or spoken[4], spoken[5] or "")
        elif joined := _JOINED.match(text):
            self._event(chunk, "join", joined[1], {"source": "unknown"})
        elif left := _LEFT.match(text):
            self._event(chunk, "leave", left[1], {"reason": "left"})
        elif kicked := _KICKED.match(text):
            self._event(chunk, "leave", kicked[1], {"reason": "kicked", "actor_id": self._member(kicked[2])})
        elif renamed := _RENAMED.match(text):
            self._first_id[renamed[2].lower()] = self._member(renamed[1])
            self._event(chunk, "profile", renamed[1], {"nickname": renamed[2]})
        elif _SERVER.match(text):
            chunk.passed_over["lines about topics and modes"] += 1
        elif action := _ACTION.match(text):
            self._message(chunk, action[1], action[2])
        elif text.strip():
            chunk.problems.append(Problem(number, "invalid_line", "not a message, join, leave or rename"))

    def _message(self, chunk: Chunk, nick: str, text: str) -> None:
        fields: dict[str, Any] = {"kind": "text"} | features(text)
        if self._keep_text:
            fields["text"] = text
        addressed = _ADDRESSED.match(text)
        if addressed and addressed[1].lower() in self._nicks:
            target = self._member(addressed[1])
            fields |= {"mentions": [target], "reply_to_member_id": target}
        self._event(chunk, "message", nick, fields, text)

    def _event(self, chunk: Chunk, type_: str, nick: str, fields: dict[str, Any], text: str = "") -> None:
        """Add one event at the current minute; each is a millisecond later than the one before.

        The id is made from the nick as written and the minute, not the millisecond, so logs that begin elsewhere agree.
        """
        minute_ms = self._day_ms + self._minute * MINUTE_MS
        ordinal = self._same[type_, nick, text]
        self._same[type_, nick, text] += 1
        id_ = event_id(self._group_id, nick, minute_ms, type_, text, ordinal)
        envelope = {"event_id": id_, "type": type_, "ts_ms": minute_ms + self._within} | self._envelope
        if type_ == "message":
            fields = {"message_id": id_} | fields
        self._within += 1
        chunk.add(self._key, orjson.dumps(envelope | {"member_id": self._member(nick)} | fields))
