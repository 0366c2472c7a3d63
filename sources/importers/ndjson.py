"""Imports events of the contract, one per line, passed on byte for byte; only the key is looked up."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import orjson

from schemas.errors import ConfigError, InvalidEventError
from schemas.json_object import read_object
from schemas.topics import CHAT, INPUT_TOPICS
from sources.chunks import MAX_LINE_BYTES, Chunk, Options, Position, read_lines, too_long
from sources.importers.records import name_of, problem
from sources.text import BOM, open_text

#: How many lines are examined when a file's name does not say its topic.
_ASKED = 100
#: Types of events that only one topic has.
_TOPICS = {
    type_: spec
    for spec in INPUT_TOPICS.values()
    for model in spec.events
    for type_ in get_args(model.model_fields["type"].annotation)
    if type_ != "tick"
}


def topic_of(path: Path, options: Options) -> str:
    """The topic of a file: the option's, else the one the file is named after, else its first event's."""
    if options.topic and options.topic not in INPUT_TOPICS:
        raise ConfigError(f"There is no input topic {options.topic}: use one of {', '.join(INPUT_TOPICS)}.")
    named = options.topic or next((topic for topic in INPUT_TOPICS if path.name.startswith(f"{topic}.")), None)
    return named or next(_topics(path), CHAT.name)


def topic_of_event(data: dict[str, Any]) -> str | None:
    """The topic of one event of the contract; None when this is not one."""
    topic = _TOPICS.get(str(data.get("type")))
    return topic.name if topic and any(key in data for key in topic.keys) and "event_id" in data else None


def _topics(path: Path) -> Iterator[str]:
    with open_text(path) as file:
        for line in islice(iter(lambda: file.readline(MAX_LINE_BYTES), b""), _ASKED):
            try:
                data = orjson.loads(line.removeprefix(BOM))
            except ValueError:
                continue
            if isinstance(data, dict) and (topic := topic_of_event(data)):
                yield topic


class _Keys(dict[str, bytes]):
    """Record keys by name, encoded once."""

    def __missing__(self, name: str) -> bytes:
        if not name:
            raise ValueError("an empty key is none")
        key = self[name] = name.encode()
        return key


def read_ndjson(path: Path, options: Options, start: Position) -> Iterator[Chunk]:
    """Read one file. A line that is not JSON or has no key is sent without one, so that it is not lost."""
    topic = topic_of(path, options)
    fields, loads = INPUT_TOPICS[topic].keys, orjson.loads
    field = fields[0]
    for begin, lines, end in read_lines(path, start):
        chunk, known = Chunk(topic, end), _Keys()
        add_key, add_value = chunk.keys.append, chunk.values.append
        for number, line in enumerate(lines, begin.line + 1):
            if line is None:
                chunk.problems.append(too_long(number))
                continue
            try:
                add_key(known[loads(line)[field]])
            except (ValueError, KeyError, TypeError, AttributeError):
                try:
                    add_key(_key(line, fields))
                except InvalidEventError as error:
                    chunk.problems.append(problem(number, error))
                    add_key(None)
            add_value(line)
        yield chunk


def _key(line: bytes, fields: tuple[str, ...]) -> bytes:
    """The key of a line that the fast reader refuses, of the first of these fields that it has.

    Raises `InvalidEventError`.
    """
    if not line:
        raise InvalidEventError("empty", "the line is empty")
    data = read_object(line)
    field = next((name for name in fields if data.get(name) is not None), fields[0])
    key = name_of(data, field)
    try:
        return key.encode()
    except UnicodeEncodeError:
        raise InvalidEventError("invalid_utf8", f"{field}: a lone surrogate escape is not a character") from None
