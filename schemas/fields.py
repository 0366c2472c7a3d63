"""The building blocks of the contract's fields: ids, counts, money, times."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

#: Earliest event time accepted: 2000-01-01T00:00:00Z, milliseconds.
MIN_TS_MS = 946_684_800_000
#: Latest event time that can be written at all: 2100-01-01T00:00:00Z, milliseconds.
MAX_TS_MS = 4_102_444_800_000
#: An event may be this much ahead of its Kafka record's timestamp, milliseconds.
MAX_AHEAD_MS = 3_600_000
#: Largest record value accepted, bytes.
MAX_VALUE_BYTES = 1_048_576
#: Maximum depth of nested objects and lists in a record value, the event's own object included.
MAX_DEPTH = 128

Id = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Milliseconds = Annotated[int, Field(ge=0, le=2**53)]
MinorUnits = Annotated[int, Field(ge=0, le=2**63 - 1)]
SignedMinorUnits = Annotated[int, Field(ge=-(2**63 - 1), le=2**63 - 1)]
Currency = Annotated[str, Field(min_length=3, max_length=3, pattern=r"^[A-Z]{3}$")]
#: Up to 15 digits before the point: integers that a double holds exactly.
Number = Annotated[float, Field(allow_inf_nan=False, ge=-(10**15 - 1), le=10**15 - 1)]


@dataclass(frozen=True)
class ExactlyOne:
    """Of these fields exactly one must be given."""

    names: tuple[str, ...]

    def broken(self, given: set[str]) -> str:
        """What is wrong with an event that has these fields; empty: nothing."""
        return "" if len(given.intersection(self.names)) == 1 else f"give exactly one of {' and '.join(self.names)}"

    @property
    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema."""
        return {"oneOf": [_given(name) for name in self.names]}


@dataclass(frozen=True)
class Needs:
    """A field that is only complete together with another, or one of several others."""

    name: str
    others: tuple[str, ...]

    def broken(self, given: set[str]) -> str:
        """What is wrong with an event that has these fields; empty: nothing."""
        complete = self.name not in given or given.intersection(self.others)
        return "" if complete else f"{self.name} needs {' or '.join(self.others)}"

    @property
    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema."""
        return {"if": _given(self.name), "then": {"anyOf": [_given(name) for name in self.others]}}


def _given(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def _add_rules(schema: dict[str, Any], model: type[Any]) -> None:
    if model.together:
        schema["allOf"] = [rule.schema for rule in model.together]


class Contract(BaseModel):
    """Strict types, unknown fields kept out, `null` means absent."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, json_schema_extra=_add_rules)
    #: Which fields an event may have together.
    together: ClassVar[tuple[ExactlyOne | Needs, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if value is not None}
        return data

    @model_validator(mode="after")
    def _fields_go_together(self) -> Self:
        for rule in self.together:
            if wrong := rule.broken(self.model_fields_set):
                raise PydanticCustomError("together", "{wrong}", {"wrong": wrong})
        return self


class Envelope(Contract):
    """What every event carries.

    `event_id` is unique and stable over redeliveries; the same id twice is one event. `ts_ms` is event time,
    milliseconds since the Unix epoch, UTC. `schema_version` is the contract's major version: a minor version only
    adds what older consumers ignore, so events of all minor versions carry the same number.
    """

    event_id: Id
    ts_ms: Annotated[int, Field(ge=MIN_TS_MS, le=MAX_TS_MS)]
    schema_version: Annotated[int, Field(ge=1, le=1)] = 1
    source_id: Id | None = None
