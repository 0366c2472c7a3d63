"""Finds chats and messages in Telegram's `result.json` by its layout, one line at a time, in constant memory.

Telegram Desktop indents by one space; any other indentation (`python -m json.tool`, `jq .`) works too. A message is
what stands between a `{` and the `}` of the same indentation below `"messages": [`. Characters below 32 are escaped by
Telegram Desktop as `\\x1F`, which is not JSON and is fixed here; so are the files of custom emoji, which version 4.1
writes without quotes.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import orjson

from schemas.errors import InvalidEventError
from sources.chunks import MAX_LINE_BYTES, Problem, too_long
from sources.importers.records import load, problem

_FIELD = re.compile(rb'"(?:name|type|id)": .+')
_UNQUOTED = re.compile(rb'("document_id": )(?!"|-?\d+,?\s*$|null)(.*?)(,?\s*)$', re.MULTILINE)
_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)


class Found(NamedTuple):
    """A chat (`data`: its name, type and id), a message, the end of a chat, or a problem; `line` is its first one."""

    what: Literal["chat", "message", "end", "problem"]
    line: int
    data: dict[str, Any] | Problem


class Layout:
    """Where in the file we are, according to the lines so far."""

    def __init__(self) -> None:
        self._header: dict[str, Any] = {}
        self._in_chat = False
        self._seen_chat = False
        self._message: list[bytes] = []
        self._message_line = 0
        self._message_indent = 0
        self._deeper = b" ", b"\t"
        self._message_bytes = 0
        self._last = b""

    def feed(self, begin: int, lines: list[bytes | None]) -> Iterator[Found]:
        """What the next lines complete; the first is line `begin` + 1, None is a line too long to be read."""
        for number, line in enumerate(lines, begin + 1):
            if self._message and line is not None and line.startswith(self._deeper):
                self._keep(line)
            else:
                yield from self._add(number, line)

    def _add(self, number: int, line: bytes | None) -> Iterator[Found]:
        if line is None:
            self._message_bytes += MAX_LINE_BYTES + 1
            if not self._message:
                yield Found("problem", number, too_long(number))
            return
        text = line.strip()
        self._last = line.rstrip() or self._last
        indent = len(line) - len(line.lstrip(b" \t"))
        if self._message:
            yield from self._in_message(number, line, text, indent)
        elif self._in_chat:
            yield from self._between(number, line, text, indent)
        else:
            yield from self._outside(number, text)

    def finish(self, number: int) -> Iterator[Found]:
        """What is left open or missing at the end of the file, after line `number`."""
        if self._message:
            yield self._broken("the file ends inside this message: it was cut off, and the rest is missing")
        elif self._seen_chat and self._last != b"}":
            reason = "the file ends too early: it was cut off, and the rest is missing"
            yield Found("problem", number, Problem(number, "layout", reason))
        if self._in_chat:
            yield Found("end", number, {})
        if not self._seen_chat:
            reason = "no messages found: a Telegram export has one indented object per message (python -m json.tool)"
            yield Found("problem", number, Problem(number, "layout", reason))

    def _outside(self, number: int, text: bytes) -> Iterator[Found]:
        if text == b'"messages": [':
            self._in_chat = self._seen_chat = True
            yield Found("chat", number, self._header)
        elif text.removesuffix(b",") == b'"messages": []':
            self._seen_chat = True
            yield Found("chat", number, self._header)
            yield Found("end", number, {})
        elif text[-1:] in (b"{", b"[") or text[:1] in (b"}", b"]"):
            self._header = {}
        elif _FIELD.fullmatch(text):
            try:
                self._header |= load(b"{" + _fix(text.removesuffix(b",")) + b"}")
            except InvalidEventError as error:
                yield Found("problem", number, problem(number, error))

    def _between(self, number: int, line: bytes, text: bytes, indent: int) -> Iterator[Found]:
        if text == b"{":
            self._begin_message(number, line, indent)
        elif text[:1] in (b"]", b"}"):
            yield self._end_chat(number)
        elif text:
            yield Found("problem", number, Problem(number, "layout", "expected the { of a message on its own line"))

    def _begin_message(self, number: int, line: bytes, indent: int) -> None:
        self._message, self._message_line, self._message_indent = [line], number, indent
        self._message_bytes = len(line)
        self._deeper = line[:indent] + b" ", line[:indent] + b"\t"

    def _end_chat(self, number: int) -> Found:
        self._in_chat = False
        return Found("end", number, {})

    def _in_message(self, number: int, line: bytes, text: bytes, indent: int) -> Iterator[Found]:
        if indent <= self._message_indent and text == b"{":
            yield self._broken("another message begins inside this one")
            self._begin_message(number, line, indent)
            return
        if indent < self._message_indent and text[:1] == b"]":
            yield self._broken("the chat ends inside this message")
            yield self._end_chat(number)
            return
        self._keep(line)
        if indent == self._message_indent and text in (b"}", b"},"):
            yield self._end_message()

    def _keep(self, line: bytes) -> None:
        self._message_bytes += len(line)
        if self._message_bytes <= MAX_LINE_BYTES:
            self._message.append(line)

    def _end_message(self) -> Found:
        number, lines = self._message_line, self._message
        self._message = []
        if self._message_bytes > MAX_LINE_BYTES:
            return Found("problem", number, too_long(number))
        try:
            return Found("message", number, load(_fix(b"\n".join(lines).rstrip().removesuffix(b","))))
        except InvalidEventError as error:
            return Found("problem", number, problem(number, error))

    def _broken(self, reason: str) -> Found:
        self._message = []
        return Found("problem", self._message_line, Problem(self._message_line, "layout", reason))


def _fix(text: bytes) -> bytes:
    """Fix what is not valid JSON: escapes, and values without quotes."""
    if b'"document_id": ' in text:
        text = _UNQUOTED.sub(lambda found: found[1] + orjson.dumps(found[2].decode(errors="replace")) + found[3], text)
    if b"\\x" not in text:
        return text
    return _ESCAPE.sub(lambda found: b"\\u00" + found[1][1:] if len(found[1]) == 3 else found[0], text)
