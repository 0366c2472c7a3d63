"""What one flush of a task lands, and several flushes as one insert a table. Touches nothing outside memory."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schemas.agents import TABLES
from sinks.contract import Checkpoint
from streams.landing.arrow import constant
from streams.state.base import Collected


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

    A table's name may have a part behind a colon: rows for the same table that have other columns. `raw` (the
    records of a frame) and `found` (what changed) make its rows, without what all rows of the flush have in common,
    outside the thread of the kernels, which goes on meanwhile.
    """

    checkpoint: Checkpoint
    version: int
    raw: list[Callable[[], dict[str, pa.Table]]]
    found: Collected
    letters: list[Letter]
    events: int

    @property
    def names(self) -> list[str]:
        """Names of the tables it has rows for."""
        return list(dict.fromkeys([*(name for part in self.raw for name in part()), *self.found.parts]))

    def rows(self, table: str) -> pa.Table:
        """All rows of a table, as they land."""
        raw = [part()[table] for part in self.raw if table in part()]
        found = concat(raw + [part() for part in self.found.parts.get(table, ())])
        n = found.num_rows
        found = found.append_column("version", pa.array(np.full(n, self.version, np.uint64)))
        if TABLES[table.partition(":")[0]].by_task:
            found = found.append_column("topic", constant(self.checkpoint.topic, n))
            found = found.append_column("partition", pa.array(np.full(n, self.checkpoint.partition, np.uint16)))
        return found

    @property
    def tables(self) -> dict[str, pa.Table]:
        """All rows by table."""
        return {table: self.rows(table) for table in self.names}


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


def merge(flushes: list[Flush], table: str) -> pa.Table:
    """The rows that several tasks' flushes have for a table, as one insert."""
    return concat([flush.rows(table) for flush in flushes if table in flush.names]).unify_dictionaries()


def names(flushes: list[Flush]) -> list[str]:
    """The tables that any of the flushes has rows for."""
    return list(dict.fromkeys(name for flush in flushes for name in flush.names))
