"""One JSON object as the contract reads it: the same on every Python, whatever is in fields that nobody reads.

Python's own reader has limits that differ by version, in depth and in digits; ours come first.
"""

import json
import re
from typing import Any

from schemas.errors import InvalidEventError
from schemas.fields import MAX_DEPTH

#: Everything up to the next bracket that is not in a string, and the bracket. To be matched from bracket to bracket.
_BRACKET = re.compile(rb'[^"\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"\[\]{}]*+)*+([\[\]{}])', re.DOTALL)
#: Integers of more digits are beyond every field's range, and are read as this one.
_MOST_DIGITS = 100
_HUGE = int("1" + "0" * _MOST_DIGITS)


class JsonObject(dict[str, Any]):
    """A JSON object that remembers which keys were repeated."""

    repeated: tuple[str, ...] = ()


def read_object(value: bytes) -> JsonObject:
    """Read one JSON object in UTF-8. Raises `InvalidEventError` (`invalid_utf8`, `too_deep`, `invalid_json`).

    Strings may hold lone surrogates, which escapes can express; integers of very many digits become others beyond all
    ranges.
    """
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidEventError("invalid_utf8", f"byte {error.start} is not UTF-8") from None
    check_depth(value)
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_integer)
    except ValueError as error:
        raise InvalidEventError("invalid_json", str(error)[:200]) from None
    if not isinstance(data, JsonObject):
        raise InvalidEventError("invalid_json", f"expected an object, got {type(data).__name__}")
    return data


def check_depth(value: bytes) -> None:
    """Raise `InvalidEventError` (`too_deep`) when more than `MAX_DEPTH` objects and lists are open at once."""
    if value.count(b"{") + value.count(b"[") <= MAX_DEPTH:
        return
    depth = at = 0
    while found := _BRACKET.match(value, at):
        at = found.end()
        depth += 1 if found[1] in b"{[" else -1
        if depth > MAX_DEPTH:
            raise InvalidEventError("too_deep", f"objects and lists are nested more than {MAX_DEPTH} deep")


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    result = JsonObject(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        result.repeated = tuple(sorted({key for key in keys if keys.count(key) > 1}))
    return result


def _no_constant(name: str) -> Any:
    raise InvalidEventError("invalid_json", f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) <= _MOST_DIGITS:
        return int(digits)
    return -_HUGE if digits[0] == "-" else _HUGE
