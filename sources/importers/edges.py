"""Imports edge lists, one `source target seconds` per line: a message by the source that mentions the target."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from schemas.topics import CHAT
from sources.chunks import Chunk, Options, Position, Problem, group_fields, read_lines, too_long
from sources.importers.ids import event_id
from sources.text import plain_name

PLATFORM = "other"


def read_edges(path: Path, options: Options, start: Position) -> Iterator[Chunk]:
    """Read one file, which is one group. Lines before `start` are read too: they tell who has already joined.

    Edge lists contain no joins: a member's first message is preceded by a join at the same millisecond, unless
    `options.joins` is off. Members who are only mentioned never join.
    """
    edges = _Edges(*group_fields(options.group or f"{PLATFORM}:-:{plain_name(path).stem}"), joins=options.joins)
    for begin, lines, end in read_lines(path):
        chunk = Chunk(CHAT.name, end)
        for number, line in enumerate(lines, begin.line + 1):
            if line is None:
                chunk.problems.append(too_long(number))
            else:
                edges.add(chunk, number, line)
        if end.offset > start.offset:
            yield chunk


class _Edges:
    """Who has spoken so far, and how often the same edge was seen at the present time."""

    def __init__(self, platform: str, group_id: str, joins: bool) -> None:
        self._envelope = {"platform": platform, "group_id": group_id}
        self._group_id, self._key, self._joins = group_id, group_id.encode(), joins
        self._joined: set[str] = set()
        self._seconds = -1
        self._same: Counter[tuple[str, str]] = Counter()

    def add(self, chunk: Chunk, number: int, line: bytes) -> None:
        """Add the events of one line, or its problem."""
        try:
            source, target, when = line.decode().split()
            seconds = int(when)
        except ValueError:
            if number == 1 and line.strip():
                chunk.passed_over["header lines"] += 1
            elif line.strip():
                chunk.problems.append(Problem(number, "invalid_line", "expected: source target seconds"))
            return
        if seconds != self._seconds:
            self._seconds = seconds
            self._same.clear()
        ordinal = self._same[source, target]
        self._same[source, target] += 1
        if self._joins and source not in self._joined:
            self._joined.add(source)
            self._event(chunk, event_id(self._group_id, source, "join"), "join", seconds, source, {"source": "unknown"})
        id_ = event_id(self._group_id, source, seconds, target, ordinal)
        message = {"message_id": id_, "kind": "text", "mentions": [target]}
        self._event(chunk, id_, "message", seconds, source, message)

    def _event(self, chunk: Chunk, id_: str, type_: str, seconds: int, member: str, fields: dict[str, Any]) -> None:
        envelope = {"event_id": id_, "type": type_, "ts_ms": seconds * 1000} | self._envelope | {"member_id": member}
        chunk.add(self._key, orjson.dumps(envelope | fields))
