"""What importers produce: chunks of records with their place in the file, and what could not be read."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

from schemas.errors import ConfigError
from sources.mapping import Mapping
from sources.text import BOM, open_text

#: Approximate size in bytes of a chunk, the unit of sending, acknowledging and resuming.
CHUNK_BYTES = 8 * 2**20
#: Longest line that is sent, in bytes; Kafka accepts no larger record. Longer lines are only reported.
MAX_LINE_BYTES = 4_000_000


class Problem(NamedTuple):
    """One line that could not be read: `line` counts from 1, `kind` is a stable class, `reason` says what is wrong."""

    line: int
    kind: str
    reason: str


class Position(NamedTuple):
    """A place in a file's text (`sources.text`): bytes and lines before it."""

    offset: int = 0
    line: int = 0


START = Position()


@dataclass
class Chunk:
    """Records of one topic in order, made from the lines before `end`.

    `keys[i]` is None where the line has no key; the record is sent anyway. `passed_over` counts what was understood but
    left out on purpose, by reason: a plural, such as "private chats". Reasons are few, whatever the file contains.
    """

    topic: str
    end: Position
    keys: list[bytes | None] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)

    def add(self, key: bytes | None, value: bytes) -> None:
        """Append one record."""
        self.keys.append(key)
        self.values.append(bytes(memoryview(value)))  # orjson allocates 4 KB per value: a copy has the exact size


@dataclass(frozen=True)
class Options:
    """How to read files; each format ignores the options it has no use for.

    `topic`: of `ndjson` files whose name does not say it. `group`: the group id of `edges` and `irc` files, the first
    id of the group of a `telegram` file. `joins`: precede a member's first message of an `edges` file by a join. `day`:
    the date on which an `irc` file begins. `keep_text`: let messages carry their text. `workspace`: the corp of `wecom`
    groups. `at_ms`: when the member lists of a `wecom` file were taken, milliseconds since the Unix epoch.
    `mapping`: which column of a `mapped` file is which field. `memory`: a folder that keeps what one file tells
    about names for the next one.
    """

    topic: str | None = None
    group: str | None = None
    joins: bool = True
    day: date | None = None
    keep_text: bool = False
    workspace: str = "-"
    at_ms: int | None = None
    mapping: Mapping | None = None
    memory: Path | None = None


#: Reads one file from a position; the same file and position always give the same chunks.
Reader = Callable[[Path, Options, Position], Iterator[Chunk]]


def read_lines(path: Path, start: Position = START) -> Iterator[tuple[Position, list[bytes | None], Position]]:
    """Lines of a file without their newline, about `CHUNK_BYTES` at a time, as (begin, lines, end).

    gzip is decompressed, UTF-16 becomes UTF-8, and a byte order mark is left out. None stands for a line beyond
    `MAX_LINE_BYTES`, which is skipped in constant memory. Raises `DataError` when the file cannot be read.
    """
    with open_text(path, start.offset) as text:
        begin, offset = start, start.offset
        while block := text.read(CHUNK_BYTES):
            offset += len(block)
            *whole, tail = block.split(b"\n")
            if tail:
                rest = text.readline(MAX_LINE_BYTES + 1)
                offset += len(rest)
                whole.append((tail + rest).removesuffix(b"\n"))
                while rest and not rest.endswith(b"\n"):  # already too long
                    rest = text.readline(CHUNK_BYTES)
                    offset += len(rest)
            if begin == START:
                whole[0] = whole[0].removeprefix(BOM)
            lines = [line if len(line) <= MAX_LINE_BYTES else None for line in whole]
            end = Position(offset, begin.line + len(lines))
            yield begin, lines, end
            begin = end


def too_long(line: int) -> Problem:
    """The problem of a line that is too long to be sent."""
    return Problem(line, "too_long", f"longer than {MAX_LINE_BYTES:,} bytes, so it was not sent")


def group_fields(group: str) -> tuple[str, str]:
    """(platform, group id) of a `platform:workspace:native id`; raises `ConfigError` when it is none."""
    platform, *rest = group.split(":", 2)
    if len(rest) != 2 or not platform or not all(rest) or len(group) > 128:
        raise ConfigError(
            f"--group {group!r} is not a group id: write platform:workspace:native id, such as other:-:students."
        )
    return platform, group
