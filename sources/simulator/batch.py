"""Batches of lines on their way to a file, their order of delivery, and the tally of what was made."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from sources.simulator.groups import Ints
from sources.simulator.plan import NEVER


@dataclass(frozen=True)
class Batch:
    """Records of one topic: `lines` (Arrow binary, newline included), when each is delivered, and whose key it has.

    `owner` numbers the key: a group in `chat.events`, a name in the topic's own table elsewhere.
    """

    lines: Any
    due_ms: Ints
    owner: Ints

    def __len__(self) -> int:
        return len(self.due_ms)

    def rows(self, index: Any) -> "Batch":
        """Some rows, in the order of `index`."""
        return Batch(self.lines.take(pa.array(index)), self.due_ms[index], self.owner[index])


def batch(lines: Any, due_ms: Any, owner: Any) -> Batch:
    """A batch from one event type's lines; every line is due at its event time."""
    return Batch(lines.cast(pa.binary()), np.asarray(due_ms, np.int64), np.asarray(owner, np.int64))


def concat(batches: list[Batch]) -> Batch:
    """All rows of some batches, one after the other."""
    chunks = [b.lines for b in batches]
    return Batch(
        pa.concat_arrays(chunks) if chunks else pa.array([], pa.binary()),
        np.concatenate([b.due_ms for b in batches]) if batches else np.empty(0, np.int64),
        np.concatenate([b.owner for b in batches]) if batches else np.empty(0, np.int64),
    )


class Prepared:
    """Rare events of several types, created in advance and handed out slice by slice."""

    def __init__(self, parts: list[tuple[str, Batch]]) -> None:
        everything = concat([rows for _, rows in parts])
        order = np.argsort(everything.due_ms, kind="stable")
        self._rows = everything.rows(order)
        self._names = [type_ for type_, _ in parts]
        self._types = np.repeat(np.arange(len(parts)), [len(rows) for _, rows in parts])[order]

    def __len__(self) -> int:
        return len(self._rows)

    def slice(self, begin_ms: int, end_ms: int) -> Iterator[tuple[str, Batch]]:
        """The events of one slice as (type, batch)."""
        first, last = np.searchsorted(self._rows.due_ms, (begin_ms, end_ms))
        for number in np.unique(self._types[first:last]):
            index = first + np.flatnonzero(self._types[first:last] == number)
            yield self._names[number], self._rows.rows(index)


class Activity:
    """What each membership has done so far."""

    def __init__(self, members: int) -> None:
        self.messages, self.reactions, self.readings, self.last_spoke_ms = np.zeros((4, members), np.int64)

    def add(self, type_: str, member: Ints, ts_ms: Ints) -> None:
        """Count `message`, `reaction` or `read` events of memberships."""
        counts = {"message": self.messages, "reaction": self.reactions, "read": self.readings}[type_]
        np.add.at(counts, member, 1)
        if type_ == "message":
            np.maximum.at(self.last_spoke_ms, member, ts_ms)


class Delivery:
    """Holds back what is not due yet, and returns the rest in order of delivery."""

    def __init__(self) -> None:
        self._waiting = concat([])

    def release(self, new: Batch, until_ms: int = NEVER) -> Batch:
        """Take new rows; return all rows due before `until_ms`, in order."""
        everything = concat([self._waiting, new])
        order = np.argsort(everything.due_ms, kind="stable")
        ready = int(np.searchsorted(everything.due_ms[order], until_ms))
        self._waiting = everything.rows(order[ready:])
        return everything.rows(order[:ready])


@dataclass
class Tally:
    """How many records of one topic were made.

    `by_type` counts distinct valid events; `late` are those of them delivered at least an hour late, `late_beyond`
    those delivered more than 48 hours late; `repeated` and `broken` records come on top.
    """

    records: int = 0
    by_type: Counter[str] = field(default_factory=Counter)
    late: int = 0
    late_beyond: int = 0
    repeated: int = 0
    broken: Counter[str] = field(default_factory=Counter)
