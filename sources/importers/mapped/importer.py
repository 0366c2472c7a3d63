"""Imports product events, identity links and campaign costs from any CSV or JSON lines file, with a mapping file."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError, InvalidEventError
from sources.chunks import Chunk, Options, Position, Problem, read_lines
from sources.importers.ids import event_id
from sources.importers.mapped.rows import Lines, Told
from sources.importers.mapped.tables import Csv, JsonLines, Row, is_json
from sources.importers.mapped.values import check_id, minor_units, time_ms, typed
from sources.importers.records import add_event, problem
from sources.mapping import Mapping, known

#: Longest event id that is written out; longer ones are hashed.
LONGEST_ID = 128
#: Events that may have lines.
_ORDERS = ("purchase", "refund")
#: Why rows are skipped.
NO_TYPE = 'rows whose type the mapping maps to ""'


def mapping_of(options: Options) -> Mapping:
    """The mapping that the options name. Raises `ConfigError` when they name none."""
    if options.mapping is None:
        raise ConfigError(
            "--format mapped needs --mapping FILE, which says which column is which field (docs/sources.md)."
        )
    return options.mapping


def read_mapped(path: Path, options: Options, start: Position) -> Iterator[Chunk]:
    """Read one file. Lines before `start` are read too: for the header, and for what earlier rows said.

    Files that end in .json, .jsonl or .ndjson are JSON lines, others CSV. Where rows are lines of orders, the file is
    read twice: an order is complete at its last line. Raises `ConfigError` without a mapping, or when a CSV file lacks
    one of its columns or has two of a name.
    """
    mapping = mapping_of(options)
    events = _Events(mapping)
    if mapping.lines:
        events.expect(row for _, rows in _tables(path, mapping) for row in rows)
    for end, rows in _tables(path, mapping):
        chunk = Chunk(mapping.topic, end)
        for row in rows:
            events.add(chunk, row)
        if chunk.end.offset > start.offset:
            yield chunk


def _tables(path: Path, mapping: Mapping) -> Iterator[tuple[Position, Iterator[Row]]]:
    """The rows of a file, chunk by chunk, with the end of each."""
    table = JsonLines() if is_json(path) else Csv(mapping, path)
    lines = read_lines(path)
    following = next(lines, None)
    while following:
        (begin, now, end), following = following, next(lines, None)
        rows = chain.from_iterable(table.add(number, line) for number, line in enumerate(now, begin.line + 1))
        yield end, rows if following else chain(rows, _finish(table))


def _finish(table: JsonLines | Csv) -> Iterator[Row]:
    yield from table.finish()


class _Events:
    """Turns rows into events, and remembers what earlier rows said."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping, self._known = mapping, known(mapping.topic)
        self._time = 0
        self._same: Counter[str] = Counter()
        self._told, self._lines = Told(), Lines(Counter())

    def expect(self, rows: Iterator[Row]) -> None:
        """Count the lines of each order in the whole file."""
        expected: Counter[str] = Counter()
        for row in rows:
            with suppress(InvalidEventError):
                if not isinstance(row.cells, Problem) and (type_ := self._type(row.cells)) in _ORDERS:
                    expected[self._id(row.cells, type_)] += 1
        self._lines = Lines(expected)

    def add(self, chunk: Chunk, row: Row) -> None:
        """Add the event of one row, or its problem; nothing when its type is skipped."""
        if isinstance(row.cells, Problem):
            chunk.problems.append(row.cells)
            return
        try:
            event = self._whole(chunk, row.line, row.cells)
            if event:
                if event["type"] == "refund" and event.get("amount_minor") is not None:
                    event["amount_minor"] = abs(event["amount_minor"])
                told = self._told.check(event)
                if add_event(chunk, row.line, event):
                    self._told.keep(told, row.line)
        except InvalidEventError as error:
            chunk.problems.append(problem(row.line, error))

    def _whole(self, chunk: Chunk, line: int, cells: dict[str, Any]) -> dict[str, Any] | None:
        """The event that a row describes or completes."""
        if not (type_ := self._type(cells)):
            chunk.passed_over[NO_TYPE] += 1
            return None
        if not self._mapping.lines or type_ not in _ORDERS:
            return self._event(cells, type_)
        event, event_id = None, self._id(cells, type_)
        try:
            event = self._event(cells, type_)
        except InvalidEventError as error:
            chunk.problems.append(problem(line, error))
        return self._lines.add(event_id, line, event)

    def _type(self, cells: dict[str, Any]) -> str:
        """The type of a row's event; "" when the row is skipped."""
        named = "type" in self._mapping.fields
        type_ = str(self._field(cells, "type") if named else self._mapping.constants.get("type", self._known.only))
        if type_ and type_ not in self._known.by_type:
            types = ", ".join(self._known.by_type)
            raise InvalidEventError("unknown_type", f"type: {type_[:40]!r} is not one of {types}")
        return type_

    def _event(self, cells: dict[str, Any], type_: str) -> dict[str, Any]:
        """The event of one row; amounts keep their sign."""
        mapping = self._mapping
        id_ = self._id(cells, type_) if mapping.id else None
        at_ms = time_ms(self._cell(cells, mapping.time.column), mapping.time)
        made = {"event_id": id_ or self._row_id(cells, type_, at_ms), "ts_ms": at_ms, "type": type_}
        fields = mapping.constants | {name: self._field(cells, name) for name in mapping.fields}
        for name, column in mapping.money.items():
            if cell := self._cell(cells, column):
                fields[name] = minor_units(cell, fields.get("currency"), mapping.decimal, name)
        return {name: value for name, value in fields.items() if name in self._known.by_type[type_]} | made

    def _field(self, cells: dict[str, Any], name: str) -> Any:
        """The value of one field; None for an empty cell."""
        cell = self._cell(cells, self._mapping.fields[name])
        meanings = self._mapping.values.get(name)
        if meanings is not None:
            if cell not in meanings:
                raise InvalidEventError("unknown_value", f"{name}: {cell[:40]!r} is not in values.{name}")
            cell = meanings[cell]
        elif name == "type" and not cell:
            raise InvalidEventError("missing", f"type: the column {self._mapping.fields[name]} is empty")
        if not cell and name != "type":
            return None
        if name in self._known.ids:
            check_id(cell, self._mapping.fields[name])
        return typed(cell, self._known.numbers.get(name), self._mapping.decimal, name)

    def _id(self, cells: dict[str, Any], type_: str) -> str:
        """The id made from the mapping's id columns."""
        parts = [self._cell(cells, column) for column in self._mapping.id]
        if not any(parts):
            raise InvalidEventError("missing", f"{', '.join(self._mapping.id)}: empty, but needed for the event's id")
        for part, column in zip(parts, self._mapping.id, strict=True):
            check_id(part, column)
        name = self._mapping.name
        written = ":".join((name, type_, *parts))
        fits = len(written) <= LONGEST_ID and written.isprintable() and not any(":" in part for part in parts)
        return written if fits else event_id(name, type_, *parts)

    def _row_id(self, cells: dict[str, Any], type_: str, at_ms: int) -> str:
        """The id made from the whole row, and from how many equal rows of its time came before."""
        if at_ms != self._time:
            self._time = at_ms
            self._same.clear()
        content = json.dumps(cells, sort_keys=True)
        ordinal = self._same[content]
        self._same[content] += 1
        return event_id(self._mapping.name, type_, content, ordinal)

    def _cell(self, cells: dict[str, Any], column: str) -> str:
        """What stands in a column, as text without spaces around it; `a.b` is b within a. "" where there is nothing."""
        value: Any = cells
        for part in [column] if column in cells else column.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is None or isinstance(value, dict | list):
            return ""
        text = str(value).strip()
        return text.replace(".", self._mapping.decimal) if isinstance(value, float) else text
