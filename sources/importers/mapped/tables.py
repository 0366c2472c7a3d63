"""Rows of CSV and JSON lines files, as cells by column name, one line at a time."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import ConfigError, InvalidEventError
from sources.chunks import Problem, too_long
from sources.importers.records import load, problem
from sources.mapping import Mapping
from sources.text import is_utf8, plain_name

JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
#: A quoted cell may span this many lines; beyond that, its quotation mark is considered stray.
MOST_LINES = 100


class Row(NamedTuple):
    """The row that begins at a line: its cells by column, or why it cannot be read."""

    line: int
    cells: dict[str, Any] | Problem


def is_json(path: Path) -> bool:
    """Whether a table is JSON lines, judging by its name; others are CSV."""
    return plain_name(path).suffix.lower() in JSON_ENDINGS


def encoding_of(path: Path, mapping: Mapping) -> str:
    """The encoding of a file's lines; what the file itself says takes precedence over the mapping."""
    return "utf-8" if is_utf8(path) else mapping.encoding


class JsonLines:
    """One JSON object per line."""

    def add(self, number: int, line: bytes | None) -> Iterator[Row]:
        """The row of the next line, if it has one."""
        if line is None:
            yield Row(number, too_long(number))
        elif line.strip():
            try:
                yield Row(number, load(line))
            except InvalidEventError as error:
                yield Row(number, problem(number, error))

    def finish(self) -> Iterator[Row]:
        """Nothing can be left open at the end."""
        yield from ()


class Csv:
    """Comma-separated values with a header; quoted cells may hold line breaks.

    Raises `ConfigError` when the header lacks a column of the mapping, or has two of its name.
    """

    def __init__(self, mapping: Mapping, path: Path) -> None:
        self._mapping, self._name, self._encoding = mapping, path.name, encoding_of(path, mapping)
        self._header: list[str] | None = None
        self._open: list[tuple[int, str]] = []

    def add(self, number: int, line: bytes | None) -> Iterator[Row]:
        """The rows that the next line completes."""
        if line is None:
            yield Row(number, too_long(number))
            return
        try:
            text = line.decode(self._encoding)
        except UnicodeDecodeError as error:
            yield Row(number, Problem(number, "encoding", f"byte {error.start} is not {self._encoding}"))
            return
        self._open.append((number, text + "\n"))
        yield from self._complete(MOST_LINES)

    def finish(self) -> Iterator[Row]:
        """The rows that are left when no line follows."""
        yield from self._complete(0)

    def _complete(self, most: int) -> Iterator[Row]:
        """Rows from the open lines, leaving those of a row that may continue for up to `most` lines."""
        while self._open:
            number = self._open[0][0]
            try:
                cells = next(
                    csv.reader((text for _, text in self._open), delimiter=self._mapping.delimiter, strict=True)
                )
            except csv.Error as error:
                if "unexpected end" in str(error) and len(self._open) < most:
                    return
                del self._open[0]  # the lines after it get another chance
                yield Row(number, Problem(number, "invalid_line", f"not CSV: {error}"))
                continue
            del self._open[: 1 + sum(cell.count("\n") for cell in cells)]
            yield from self._row(number, cells)

    def _row(self, number: int, cells: list[str]) -> Iterator[Row]:
        if self._header is None:
            self._header = [cell.strip() for cell in cells]
            if absent := set(self._mapping.columns) - set(self._header):
                raise ConfigError(
                    f"{self._name} has no column {min(absent)!r}; the table has {', '.join(self._header)}."
                )
            if twice := [column for column in self._mapping.columns if self._header.count(column) > 1]:
                raise ConfigError(f"{self._name} has several columns {twice[0]!r}: rename all but the one you mean.")
        elif cells and len(cells) != len(self._header):
            reason = f"{len(cells)} cells, but the header has {len(self._header)}"
            yield Row(number, Problem(number, "invalid_line", reason))
        elif cells:
            yield Row(number, dict(zip(self._header, cells, strict=True)))
