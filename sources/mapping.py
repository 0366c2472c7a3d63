"""Mapping files: which column of a table is which field of the contract. TOML, checked before anything is read."""

import codecs
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.columns import Kind, columns
from schemas.errors import ConfigError
from schemas.topics import COSTS, INPUT_TOPICS, LINKS, PRODUCT

TOPICS = (PRODUCT.name, LINKS.name, COSTS.name)
#: Time formats that are not patterns of `strptime`.
ISO, SECONDS, MILLISECONDS = "iso", "unix", "unix_ms"
#: Fields that a mapping does not name, since they are made from `time` and `id`.
_MADE = {"event_id", "ts_ms", "schema_version"}
_NUMBERS: dict[str, type] = {"integer": int, "number": float, "boolean": bool}
_Names = dict[str, str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Time(_Strict):
    """When: a column, and how it is written (`iso`, `unix`, `unix_ms`, or a pattern of `strptime`) in which zone."""

    column: str
    format: str = ISO
    zone: str | None = None


class Mapping(_Strict):
    """One mapping. Field names are the contract's, column names the table's; in JSON lines `a.b` is b within a.

    `name` begins event ids. `fields`: field -> column. `constants`: field -> value. `values`: field -> {what the column
    says -> what the contract says}; a type that maps to "" is skipped. `money`: field in minor units -> column in
    major ones. `id`: columns whose values make an event's id; none: the whole row does. `lines`: rows of one id are the
    lines of one order or refund.
    """

    name: Annotated[str, Field(pattern=r"^[\w-]{1,32}$")]
    topic: str = PRODUCT.name
    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."
    time: Time
    id: tuple[str, ...] = ()
    lines: bool = False
    fields: _Names = {}
    constants: dict[str, str | int | float | bool] = {}
    values: dict[str, _Names] = {}
    money: _Names = {}

    @property
    def columns(self) -> list[str]:
        """Every column that the mapping reads."""
        return [self.time.column, *self.id, *self.fields.values(), *self.money.values()]

    @property
    def is_utf_16(self) -> bool:
        """Whether the encoding is UTF-16, which files declare themselves. Raises `LookupError` for an unknown one."""
        return codecs.lookup(self.encoding).name.startswith("utf-16")


@dataclass(frozen=True)
class Known:
    """What events of a topic may carry: fields by type, which are no text, which are ids; the type if there is one."""

    by_type: dict[str, frozenset[str]]
    numbers: dict[str, type]
    ids: frozenset[str]
    only: str | None


@cache
def known(topic: str) -> Known:
    """What events of a topic may carry; ticks are not imported."""
    by_type, numbers = {}, {}
    for model in INPUT_TOPICS[topic].events:
        properties = model.model_json_schema()["properties"]
        if (type_ := properties["type"]["const"]) != "tick":
            by_type[type_] = frozenset(properties)
        for name, schema in properties.items():
            for branch in (schema, *schema.get("anyOf", ())):
                if kind := _NUMBERS.get(branch.get("type")):
                    numbers[name] = kind
    ids = frozenset(field.name for field in columns(topic).fields if field.kind is Kind.ID)
    return Known(by_type, numbers, ids, next(iter(by_type)) if len(by_type) == 1 else None)


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises `ConfigError`, which says what is wrong with it."""
    try:
        mapping = Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
    except ValueError as error:
        raise ConfigError(f"{path} is not TOML: {error}.") from None
    if wrong := next(_wrong(mapping), None):
        raise ConfigError(f"{path}: {wrong}.")
    return mapping


def _wrong(mapping: Mapping) -> Iterator[str]:
    """What is wrong with a mapping, one message at a time."""
    if mapping.topic not in TOPICS:
        yield f"topic: {mapping.topic} is not one of {', '.join(TOPICS)}"
        return
    types = known(mapping.topic)
    allowed = frozenset().union(*types.by_type.values()) - _MADE
    named = [*mapping.fields, *mapping.constants, *mapping.money]
    for name in [*named, *mapping.values]:
        if name not in allowed:
            yield f"{mapping.topic} has no field {name}; its fields are {', '.join(sorted(allowed))}"
    for name in {name for name in named if named.count(name) > 1}:
        yield f"{name} is given twice"
    for name in mapping.values:
        if name not in mapping.fields:
            yield f"values.{name} needs a column in fields.{name}"
    if "type" not in named and types.only is None:
        yield "type: give it in constants (type = ...), or name a column in fields and its meanings in values.type"
    for name in mapping.money:
        if not name.endswith("_minor"):
            yield f"money.{name}: this field is not an amount in minor units"
    if mapping.money and not {"currency"} & {*mapping.fields, *mapping.constants}:
        yield "money: needs currency in fields or constants"
    if mapping.lines and (mapping.topic != PRODUCT.name or not mapping.id):
        yield f"lines: needs the order's id (id = ...) and the topic {PRODUCT.name}"
    yield from _wrong_time(mapping.time)
    try:
        if not mapping.is_utf_16 and "\n".encode(mapping.encoding) != b"\n":
            yield f"encoding: {mapping.encoding} does not end lines with a single byte; convert the file to utf-8"
    except LookupError:
        yield f"encoding: there is no encoding {mapping.encoding}"


def _wrong_time(time: Time) -> Iterator[str]:
    if time.zone is None:
        if time.format not in (ISO, SECONDS, MILLISECONDS) and "%z" not in time.format:
            yield "time.zone: needed, since the times have none; for example Asia/Shanghai"
        return
    try:
        ZoneInfo(time.zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"time.zone: there is no time zone {time.zone}; names look like Asia/Shanghai"
