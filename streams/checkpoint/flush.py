"""What one flush of a task lands, and how several flushes become one insert per target. Touches memory only."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schemas.agents import TABLES
from sinks.contract import Checkpoint
from streams.dead_letters.letter import Letter
from streams.landing.arrow import constant
from streams.landing.event_rows import Target
from streams.state.arrays import Collected


@dataclass
class Flush:
    """What one flush of a task lands: rows by target, dead letters to produce, then the checkpoint.

    `raw` (the records of a frame) and `found` (what changed) make its rows, without the columns that all rows of the
    flush share. They run outside the kernels' thread, which continues meanwhile.
    """

    checkpoint: Checkpoint
    version: int
    raw: list[Callable[[], dict[Target, pa.Table]]]
    found: Collected
    letters: list[Letter]
    events: int

    @property
    def targets(self) -> list[Target]:
        """The targets it has rows for."""
        changed = (Target(table) for table in self.found.parts)
        return list(dict.fromkeys([*(target for part in self.raw for target in part()), *changed]))

    def rows(self, target: Target) -> pa.Table:
        """All rows of a target, complete."""
        raw = [part()[target] for part in self.raw if target in part()]
        changed = [] if target.rare else [part() for part in self.found.parts.get(target.table, ())]
        found = concat(raw + changed)
        n = found.num_rows
        if not TABLES[target.table].per_event:  # whose rows have versions of their own
            found = found.append_column("version", pa.array(np.full(n, self.version, np.uint64)))
        found = found.append_column("topic", constant(self.checkpoint.topic, n))
        return found.append_column("partition", pa.array(np.full(n, self.checkpoint.partition, np.uint16)))

    @property
    def tables(self) -> dict[str, pa.Table]:
        """All rows by table."""
        found: dict[str, list[pa.Table]] = {}
        for target in self.targets:
            found.setdefault(target.table, []).append(self.rows(target))
        return {table: concat(parts) for table, parts in found.items()}


def concat(tables: list[pa.Table]) -> pa.Table:
    """Concatenate tables, some of which lack columns that others have."""
    return pa.concat_tables(tables, promote_options="default")


def merge(flushes: list[Flush], target: Target) -> pa.Table:
    """The rows of several tasks' flushes for a target, as one insert."""
    return concat([flush.rows(target) for flush in flushes if target in flush.targets]).unify_dictionaries()


def targets(flushes: list[Flush]) -> list[Target]:
    """The targets that any of the flushes has rows for."""
    return list(dict.fromkeys(target for flush in flushes for target in flush.targets))
