"""Detects the format of a file from its first lines, so that nothing is sent from a file in another format."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from schemas.errors import ConfigError
from schemas.topics import INPUT_TOPICS
from sources.chunks import MAX_LINE_BYTES, Options
from sources.importers import irc
from sources.importers.foreign import CHAT, kind_of_text, what_else
from sources.importers.formats import FORMATS
from sources.importers.mapped.tables import encoding_of, is_json
from sources.importers.ndjson import topic_of, topic_of_event
from sources.text import BOM, open_text

#: How many bytes of the text are examined; more if its first line is longer.
_HEAD_BYTES = 1 << 18
_ACCOUNT = re.compile(rb'^\s*"(?:personal_information|chats|left_chats)":', re.MULTILINE)
_EDGE = re.compile(rb"\s*\S+\s+\S+\s+(\d+)\s*")
#: A time in seconds with this many digits is in this century.
_SECONDS = (9, 10)


@dataclass(frozen=True)
class Head:
    """The beginning of a file: bytes of its text, complete non-empty lines in them, the JSON objects among those."""

    path: Path
    options: Options
    text: bytes
    lines: list[bytes]
    objects: list[dict[str, Any]]


@dataclass(frozen=True)
class Signs:
    """How to recognise a format: a file is `sure` to have it, or `might`. `name`: what messages call such a file."""

    name: str
    sure: Callable[[Head], bool]
    might: Callable[[Head], bool]


def format_of(path: Path, given: str | None, options: Options) -> str:
    """The format of a file: the given one, if the file can have it, else the detected one.

    An empty file has whatever format is given. Raises `ConfigError` when the file has another format, or no known one;
    `DataError` when it cannot be read.
    """
    head = _head(path, options)
    if not head.text.strip():
        return given or "ndjson"
    if foreign := what_else(head.text):
        raise ConfigError(f"{path} is {foreign[0]}: {foreign[1]}.")
    shown = next((name for name, signs in SIGNS.items() if signs.sure(head)), None)
    found = given or shown
    if found is None or (given and not SIGNS[given].sure(head) and (shown or not SIGNS[given].might(head))):
        raise ConfigError(_refusal(head, given, shown))
    if found == "ndjson":
        _check_topic(head)
    return found


def _refusal(head: Head, given: str | None, shown: str | None) -> str:
    if shown:
        return f"{head.path} looks like {SIGNS[shown].name}: use --format {shown}."
    if head.options.mapping and not is_json(head.path) and (header := _header(head)):
        absent = ", ".join(sorted(set(head.options.mapping.columns) - set(header)))
        return f"{head.path} lacks the mapping's columns {absent}; the table has {', '.join(header)}. Nothing was sent."
    what, do = kind_of_text(head.text, head.lines, len(head.objects))
    other = f", not {SIGNS[given].name}" if given else ""
    return f"{head.path} is {what}{other}: {do}. Nothing was sent."


def _check_topic(head: Head) -> None:
    topic, others = topic_of(head.path, head.options), {topic_of_event(data) for data in head.objects} - {None}
    if others and topic not in others:
        other = min(filter(None, others))
        raise ConfigError(f"{head.path} contains events of {other}, not of {topic}: use --topic {other}.")


def _head(path: Path, options: Options) -> Head:
    with open_text(path) as file:
        text = file.read(_HEAD_BYTES)
        if b"\n" not in text:
            text += file.readline(MAX_LINE_BYTES)
        whole = not file.read(1)
    text = text.removeprefix(BOM)
    lines = text.split(b"\n")
    if not whole and len(lines) > 1:
        del lines[-1]
    lines = [line for line in lines if line.strip()]
    return Head(path, options, text, lines, list(_objects(lines)))


def _objects(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            data = orjson.loads(line) if line.lstrip()[:1] == b"{" else None
        except ValueError:
            continue
        if isinstance(data, dict):
            yield data


def _over_lines(head: Head) -> bool:
    """Whether this is one JSON object spread over several lines."""
    return head.lines[0].lstrip()[:1] == b"{" and not any(_objects(head.lines[:1]))


def _telegram(head: Head) -> bool:
    return _over_lines(head) and bool(CHAT.search(head.text) or _ACCOUNT.search(head.text))


def _wecom(head: Head) -> bool:
    return any(
        ("msgid" in data and {"msgtype", "action", "encrypt_chat_msg"} & data.keys())
        or isinstance(data.get("group_chat"), dict)
        or {"chat_id", "member_list"} <= data.keys()
        or {"errcode", "errmsg"} <= data.keys()
        for data in head.objects
    )


def _ndjson(head: Head) -> bool:
    return any(topic_of_event(data) for data in head.objects)


def _keyed(head: Head) -> bool:
    keys = INPUT_TOPICS[topic_of(head.path, head.options)].keys
    return any(key in data for data in head.objects for key in keys)


def _irc(head: Head) -> bool:
    return sum(map(irc.is_line, head.lines)) * 2 > len(head.lines)


def _edges(head: Head) -> bool:
    found = [_EDGE.fullmatch(line) for line in head.lines[1:] or head.lines]  # the first may be a header
    return all(edge and len(edge[1]) in _SECONDS for edge in found)


def _mapped(head: Head) -> bool:
    """Whether every column of the mapping is there."""
    if (mapping := head.options.mapping) is None:
        return False
    if is_json(head.path):
        wanted = {column.partition(".")[0] for column in mapping.columns}
        return any(wanted <= {name.partition(".")[0] for name in data} for data in head.objects)
    return set(mapping.columns) <= set(_header(head))


def _header(head: Head) -> list[str]:
    """The columns that the first row names, read as the mapping says."""
    mapping = head.options.mapping
    assert mapping is not None
    text = head.text.decode(encoding_of(head.path, mapping), "replace")
    try:
        row = next(csv.reader(text.splitlines(keepends=True), delimiter=mapping.delimiter), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in row]


#: In the order in which formats are tried.
SIGNS: dict[str, Signs] = {
    "mapped": Signs("the mapping's table", _mapped, lambda head: is_json(head.path) and bool(head.objects)),
    "telegram": Signs("a Telegram export", _telegram, _over_lines),
    "wecom": Signs("WeCom's archive or member lists", _wecom, lambda head: bool(head.objects)),
    "ndjson": Signs("events of the contract", _ndjson, _keyed),
    "irc": Signs("an IRC log", _irc, lambda head: any(map(irc.is_line, head.lines))),
    "edges": Signs("an edge list", _edges, lambda head: any(map(_EDGE.fullmatch, head.lines))),
}
assert SIGNS.keys() == FORMATS.keys()
