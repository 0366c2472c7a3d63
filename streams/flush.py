"""What one flush of a task lands, and several flushes as one insert a table. Touches nothing outside memory."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sinks.contract import Checkpoint


@dataclass(frozen=True)
class Letter:
    """A dead letter on its way: where it stood, its original key and bytes, and why."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    error: str
    reason: str
    first_seen_ms: int


@dataclass
class Flush:
    """What one flush of a task lands: rows by table, dead letters to produce, then the checkpoint.

    A table's name may have a part behind a colon: rows for the same table that have other columns.
    """

    checkpoint: Checkpoint
    tables: dict[str, pa.Table]
    letters: list[Letter]
    events: int
    changed: dict[str, NDArray[np.int32]]
    closed: tuple[NDArray[Any], NDArray[Any]]
    raw: list[dict[str, pa.Table]] = field(default_factory=list)


def letter_rows(letters: list[Letter]) -> pa.Table:
    """Rows of `dead_letters`."""
    return pa.table(
        {
            "offset": pa.array([letter.offset for letter in letters], pa.uint64()),
            "error": pa.array([letter.error for letter in letters]),
            "reason": pa.array([letter.reason for letter in letters]),
            "first_seen_ms": pa.array([letter.first_seen_ms for letter in letters], pa.int64()),
        }
    )


def concat(tables: list[pa.Table]) -> pa.Table:
    """All rows of tables of which some lack columns that others have."""
    return pa.concat_tables(tables, promote_options="default")


def merge(flushes: list[Flush]) -> dict[str, pa.Table]:
    """The rows of several tasks' flushes, one insert a table."""
    names = dict.fromkeys(name for flush in flushes for name in flush.tables)
    return {name: concat([f.tables[name] for f in flushes if name in f.tables]).unify_dictionaries() for name in names}
