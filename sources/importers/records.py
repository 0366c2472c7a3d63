"""Adds events to a chunk: each is checked against the contract first, so that what breaks it becomes a problem."""

from typing import Any

import orjson

from schemas.errors import InvalidEventError
from schemas.json_object import check_depth, read_object
from schemas.topics import INPUT_TOPICS
from schemas.validate import validate
from sources.chunks import Chunk, Problem


def load(text: bytes) -> dict[str, Any]:
    """Read one JSON object; its strings may hold lone surrogates. Raises `InvalidEventError` as `read_object` does."""
    if not text.strip():
        raise InvalidEventError("empty", "the value is empty")
    check_depth(text)
    try:
        data = orjson.loads(text)
    except ValueError:  # fields that nobody reads may hold what the strict reader refuses
        data = read_object(text)
    if not isinstance(data, dict):
        raise InvalidEventError("invalid_json", f"expected an object, got {type(data).__name__}")
    return data


def whole(data: dict[str, Any], name: str) -> int:
    """A whole number, which may be written as a string. Raises `InvalidEventError`."""
    value = data.get(name)
    if value is None:
        raise InvalidEventError("missing", f"{name}: field required")
    try:
        if isinstance(value, int | str) and not isinstance(value, bool):
            return int(value)
    except ValueError:
        pass
    raise InvalidEventError("invalid_field", f"{name}: expected a whole number")


def name_of(data: dict[str, Any], field: str) -> str:
    """A non-empty string, such as an id. Raises `InvalidEventError`."""
    value = data.get(field)
    if value is None:
        raise InvalidEventError("missing", f"{field}: field required")
    if not isinstance(value, str) or not value:
        raise InvalidEventError("invalid_field", f"{field}: expected a non-empty string")
    return value


def problem(line: int, error: InvalidEventError) -> Problem:
    """The problem of a line that an event could not be made from."""
    return Problem(line, error.kind, error.reason)


def add_event(chunk: Chunk, line: int, event: dict[str, Any]) -> bool:
    """Append one event made from a line (None means absent), or the problem when the contract refuses it."""
    try:
        value = orjson.dumps({name: field for name, field in event.items() if field is not None})
        checked = validate(chunk.topic, value)
    except TypeError as error:  # an integer beyond 64 bits, or a lone surrogate
        chunk.problems.append(Problem(line, "invalid_field", str(error)))
        return False
    except InvalidEventError as error:
        chunk.problems.append(problem(line, error))
        return False
    chunk.add(INPUT_TOPICS[chunk.topic].key_of(vars(checked)).encode(), value)
    return True
