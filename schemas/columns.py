"""The columnar form of a topic's events, derived from the pydantic models: one column per field, one rule table per
type.

A frame is checked by these tables; they are derived from each model's JSON Schema, so the two cannot disagree (a
property test compares them).
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from schemas.fields import Envelope
from schemas.topics import INPUT_TOPICS


class Kind(IntEnum):
    """How a field's JSON value is read into a column."""

    ID = 0  # string of 1-128 characters without control characters
    TEXT = 1  # any string
    INT = 2
    BOOL = 3
    ENUM = 4
    IDS = 5  # list of ids
    MAP = 6  # object of strings
    CODE = 7  # three capital letters
    NUMBER = 8  # kept as text


#: Kinds kept as one 64-bit integer per record.
WORDS = (Kind.INT, Kind.BOOL, Kind.ENUM)


@dataclass(frozen=True)
class Field:
    """One column: its place among the topic's fields and what it may hold."""

    name: str
    index: int
    kind: Kind
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns:
    """All fields of a topic's events and, per type, which are known, which are required, and their bounds.

    Arrays are indexed by type code (the place in `types`) and field index; `allowed` and `required` are bit masks over
    field indices, `low` and `high` bound integers, `enum_mask` has one bit per permitted value of an enum field.
    `filled` has one bit per field whose default is not empty, `defaults` the word for it (the envelope's are left to
    the tables). `judged` are the types with rules that stand in no table, such as which fields go together: of these
    the models judge every record. `places` is the column of each field in `Frame.words` (integers, booleans, enum
    codes) or `Frame.spans` (the rest).
    """

    topic: str
    types: tuple[str, ...]
    fields: tuple[Field, ...]
    places: NDArray[np.int64]
    allowed: NDArray[np.uint64]
    required: NDArray[np.uint64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    enum_mask: NDArray[np.uint64]
    filled: NDArray[np.uint64]
    defaults: NDArray[np.int64]
    judged: NDArray[np.bool_]

    def field(self, name: str) -> Field:
        """The column of this name."""
        return next(field for field in self.fields if field.name == name)


def _resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """The non-null branch of an optional field."""
    branches = [branch for branch in schema.get("anyOf", ()) if branch.get("type") != "null"]
    return branches[0] if branches else schema


def _kind(schema: dict[str, Any]) -> tuple[Kind, tuple[str, ...]]:
    match schema:
        case {"enum": values}:
            return Kind.ENUM, tuple(values)
        case {"const": value}:
            return Kind.ENUM, (value,)
        case {"type": "string", "minLength": 1, "maxLength": 128}:
            return Kind.ID, ()
        case {"type": "string", "minLength": 3, "maxLength": 3, "pattern": "^[A-Z]{3}$"}:
            return Kind.CODE, ()
        case {"type": "string"} if "pattern" not in schema:
            return Kind.TEXT, ()
        case {"type": "number", "minimum": _, "maximum": _}:
            return Kind.NUMBER, ()
        case {"type": "integer"}:
            return Kind.INT, ()
        case {"type": "boolean"}:
            return Kind.BOOL, ()
        case {"type": "array", "items": {"minLength": 1, "maxLength": 128}}:
            return Kind.IDS, ()
        case {"type": "object", "additionalProperties": {"type": "string"}}:
            return Kind.MAP, ()
        case {"type": "object", "patternProperties": _}:
            return Kind.MAP, ()
    raise ValueError(f"there is no column for a field of this schema: {schema}")


def _properties(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    schema: dict[str, dict[str, Any]] = model.model_json_schema()["properties"]
    return {name: _resolve(field) for name, field in schema.items()}


def _names_keys(model: type[BaseModel]) -> bool:
    """Whether a field is an object whose keys must be of some form."""
    return any("patternProperties" in schema for schema in _properties(model).values())


def _places(fields: tuple[Field, ...]) -> NDArray[np.int64]:
    counts = [0, 0]
    found = []
    for field in fields:
        found.append(counts[field.kind in WORDS])
        counts[field.kind in WORDS] += 1
    return np.array(found, np.int64)


@cache
def columns(topic: str) -> Columns:
    """Derive the columns of an input topic.

    Raises `ValueError` when two types disagree about a field's kind, or a field has none.
    """
    models: Any = INPUT_TOPICS[topic].events
    kinds: dict[str, tuple[Kind, list[str]]] = {}
    for model in models:
        for name, schema in _properties(model).items():
            kind, values = _kind(schema)
            seen = kinds.setdefault(name, (kind, []))
            if seen[0] != kind:
                raise ValueError(f"{topic}: the types disagree about the kind of {name}")
            seen[1].extend(value for value in values if value not in seen[1])
    fields = tuple(Field(name, i, kind, tuple(values)) for i, (name, (kind, values)) in enumerate(kinds.items()))
    if len(fields) > 64 or any(len(field.values) > 64 for field in fields):
        raise ValueError(f"{topic}: more than 64 fields or enum values do not fit the bit masks")
    types = tuple(str(_properties(model)["type"]["const"]) for model in models)
    shape = (len(models), len(fields))
    low, high = np.zeros(shape, np.int64), np.full(shape, 1, np.int64)
    allowed, required = np.zeros(len(models), np.uint64), np.zeros(len(models), np.uint64)
    enum_mask = np.zeros(shape, np.uint64)
    filled, defaults = np.zeros(len(models), np.uint64), np.zeros(shape, np.int64)
    judged = np.array([bool(model.together) or _names_keys(model) for model in models])
    by_name = {field.name: field for field in fields}
    for code, model in enumerate(models):
        needed = set(model.model_json_schema().get("required", ()))
        for name, schema in _properties(model).items():
            field = by_name[name]
            allowed[code] |= np.uint64(1 << field.index)
            required[code] |= np.uint64((name in needed) << field.index)
            if field.kind is Kind.INT:
                low[code, field.index], high[code, field.index] = schema["minimum"], schema["maximum"]
            if field.kind in WORDS and schema.get("default") and name not in Envelope.model_fields:
                default = schema["default"]
                filled[code] |= np.uint64(1 << field.index)
                defaults[code, field.index] = field.values.index(default) if field.kind is Kind.ENUM else default
            for value in _kind(schema)[1]:
                enum_mask[code, field.index] |= np.uint64(1 << field.values.index(value))
    return Columns(
        topic, types, fields, _places(fields), allowed, required, low, high, enum_mask, filled, defaults, judged
    )
