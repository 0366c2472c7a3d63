"""Imports product events, identity links and campaign costs from any CSV or JSON lines, by a mapping file."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError, InvalidEventError
from sources.chunks import Chunk, Options, Position, Problem, read_lines
from sources.importers.ids import event_id
from sources.importers.mapped.mapping import Mapping, known
from sources.importers.mapped.tables import Csv, JsonLines, Row
from sources.importers.mapped.values import minor_units, time_ms, typed
from sources.importers.records import add_event, problem

JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
#: Longest event id that is written out; longer ones are hashed.
LONGEST_ID = 128


def read_mapped(path: Path, options: Options, start: Position) -> Iterator[Chunk]:
    """Read one file. The lines before `start` are read too: they have the header, and equal rows are counted.

    Files that end in .json, .jsonl or .ndjson are JSON lines, others CSV. Raises `ConfigError` without a mapping, or
    when a CSV file lacks one of its columns.
    """
    if options.mapping is None:
        raise ConfigError("--format mapped needs --mapping FILE: which column is which field (docs/sources.md).")
    table = JsonLines() if path.suffix.lower() in JSON_ENDINGS else Csv(options.mapping, path.name)
    events = _Events(options.mapping)
    chunk: Chunk | None = None
    for begin, lines, end in read_lines(path):
        if chunk and chunk.end.offset > start.offset:
            yield chunk
        chunk = Chunk(options.mapping.topic, end)
        for number, line in enumerate(lines, begin.line + 1):
            for row in table.add(number, line):
                events.add(chunk, row)
    if chunk and chunk.end.offset > start.offset:
        for row in table.finish():
            events.add(chunk, row)
        yield chunk


class _Events:
    """Turns rows into events, and counts equal ones of the present time."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping, self._known = mapping, known(mapping.topic)
        self._time = 0
        self._same: Counter[str] = Counter()

    def add(self, chunk: Chunk, row: Row) -> None:
        """Add the event of one row, or its problem; nothing when its type is passed over."""
        if isinstance(row.cells, Problem):
            chunk.problems.append(row.cells)
            return
        try:
            event = self._event(row.cells)
        except InvalidEventError as error:
            chunk.problems.append(problem(row.line, error))
            return
        if event:
            add_event(chunk, row.line, event)

    def _event(self, cells: dict[str, Any]) -> dict[str, Any] | None:
        mapping = self._mapping
        fields: dict[str, Any] = {"type": self._known.only} | mapping.constants
        if "type" in mapping.fields:
            fields["type"] = self._field(cells, "type")
        if not (type_ := str(fields["type"])):
            return None
        if type_ not in self._known.by_type:
            types = ", ".join(self._known.by_type)
            raise InvalidEventError("unknown_type", f"type: {type_[:40]!r} is none of {types}")
        fields |= {name: self._field(cells, name) for name in mapping.fields}
        for name, column in mapping.money.items():
            if cell := _cell(cells, column):
                amount = minor_units(cell, fields.get("currency"), mapping.decimal, name)
                fields[name] = abs(amount) if type_ == "refund" else amount
        at_ms = time_ms(_cell(cells, mapping.time.column), mapping.time)
        made = {"event_id": self._id(cells, type_, at_ms), "ts_ms": at_ms}
        return made | {name: value for name, value in fields.items() if name in self._known.by_type[type_]}

    def _field(self, cells: dict[str, Any], name: str) -> Any:
        """The value of one field; None for an empty cell."""
        cell = _cell(cells, self._mapping.fields[name])
        meanings = self._mapping.values.get(name)
        if meanings is not None:
            if cell not in meanings:
                raise InvalidEventError("unknown_value", f"{name}: values.{name} does not say what {cell[:40]!r} means")
            cell = meanings[cell]
        elif name == "type" and not cell:
            raise InvalidEventError("missing", f"type: nothing stands in {self._mapping.fields[name]}")
        return typed(cell, self._known.numbers.get(name), name) if cell or name == "type" else None

    def _id(self, cells: dict[str, Any], type_: str, at_ms: int) -> str:
        """The id from the columns that make it, else from the row and how many equal ones of its time came before."""
        name = self._mapping.name
        if self._mapping.id:
            parts = [_cell(cells, column) for column in self._mapping.id]
            if not any(parts):
                raise InvalidEventError("missing", f"{', '.join(self._mapping.id)}: needed for the event's id")
            written = ":".join((name, type_, *parts))
            fits = len(written) <= LONGEST_ID and written.isprintable() and not any(":" in part for part in parts)
            return written if fits else event_id(name, type_, *parts)
        if at_ms != self._time:
            self._time = at_ms
            self._same.clear()
        content = json.dumps(cells, sort_keys=True)
        ordinal = self._same[content]
        self._same[content] += 1
        return event_id(name, type_, content, ordinal)


def _cell(cells: dict[str, Any], column: str) -> str:
    """What stands in a column, as text without spaces around it; `a.b` is b within a. "" where there is nothing."""
    value: Any = cells
    for part in [column] if column in cells else column.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).strip()
