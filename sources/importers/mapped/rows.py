"""Rows that share an id: lines of one order to be added up, or rows that contradict each other."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from schemas.errors import InvalidEventError

#: What is added up over the lines of an order; `items` is 1 where a line has none.
_SUMMED = ("amount_minor", "cost_minor")
#: What all lines of an order must agree on. Other fields, such as the product, are left out when they differ.
_COMMON = ("user_id", "order_id", "refund_id", "currency")
#: Fields by which a type of event is known in questions, whatever its event id.
_NAMED_BY = {"purchase": ("order_id",), "refund": ("order_id", "refund_id")}


class Told:
    """What the rows of a file have said so far: a hash of each by id."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[bytes, int]] = {}

    def check(self, event: dict[str, Any]) -> tuple[bytes, list[bytes]]:
        """Hashes of what a row says and of its ids, for `keep`.

        Raises `InvalidEventError` when an earlier row of the same event id, order or refund says otherwise.
        """
        names = list(_names(event))
        content, keys = _hash(event), [_hash(name) for name in names]
        for key, name in zip(keys, names, strict=True):
            known, line = self._known.get(key, (content, 0))
            if known != content:
                reason = f"line {line} has the same {name} but differs, so this row is left out"
                raise InvalidEventError("rows_differ", f"{reason}; if these are lines of one order, set lines = true")
        return content, keys

    def keep(self, told: tuple[bytes, list[bytes]], line: int) -> None:
        """Remember a row that was accepted."""
        content, keys = told
        for key in keys:
            self._known.setdefault(key, (content, line))


def _names(event: dict[str, Any]) -> Iterator[str]:
    """What may appear only once: the event's id, and the id of the order or refund."""
    yield f"event_id {event['event_id']}"
    if event["type"] in _NAMED_BY:
        yield ", ".join(f"{name} {event.get(name)}" for name in _NAMED_BY[event["type"]])


def _hash(what: dict[str, Any] | str) -> bytes:
    return blake2b(repr(what).encode("utf-8", "surrogatepass"), digest_size=8).digest()


@dataclass
class _Order:
    """The sum of one order's lines, beginning with line `first`; `broken` is the number of an invalid line, or 0."""

    first: int
    event: dict[str, Any] = field(default_factory=dict)
    broken: int = 0


class Lines:
    """Orders and refunds whose lines are still to come; `expected` says how many each has."""

    def __init__(self, expected: Counter[str]) -> None:
        self._left, self._open = expected, dict[str, _Order]()

    def add(self, event_id: str, line: int, event: dict[str, Any] | None) -> dict[str, Any] | None:
        """Take one line of an event (None: it could not be read). Returns the event when that was its last one.

        Raises `InvalidEventError` for a line that does not fit, and at the last line of an event that has such a line:
        it is left out as a whole.
        """
        order = self._open.setdefault(event_id, _Order(line))
        odd = None
        if event and order.event:
            odd = next((name for name in _COMMON if order.event.get(name) != event.get(name)), None)
            event = None if odd else _sum(order.event, event)
        order.event, order.broken = event or order.event, order.broken or (0 if event else line)
        self._left[event_id] -= 1
        if self._left[event_id] > 0:
            if odd:
                raise InvalidEventError("rows_differ", f"{odd}: differs from line {order.first} of the same order")
            return None
        del self._open[event_id]
        if order.broken:
            reason = f"{event_id} is left out entirely, since line {order.broken} of it does not fit the others"
            raise InvalidEventError("order_left_out", reason)
        return order.event


def _sum(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Two lines merged: amounts and items are added up, other fields that differ are left out."""
    both = {name: value for name, value in first.items() if second.get(name) == value}
    pairs = {name: (first.get(name), second.get(name)) for name in _SUMMED}
    sums = {name: one + other for name, (one, other) in pairs.items() if one is not None and other is not None}
    if first["type"] == "purchase":
        sums["items"] = (first.get("items") or 1) + (second.get("items") or 1)
    return both | sums | {"ts_ms": first["ts_ms"]}
