"""What a correction reads and writes: touched groups, their timeline, replaced rows, progress."""

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from schemas.agents import COMMUNITY, TABLES
from schemas.topics import LINKS, PRODUCT
from sinks.clickhouse.readers.compare import Comparison
from sinks.clickhouse.readers.heads import read_heads
from sinks.clickhouse.store import LONG, ClickHouseStore, quote, task_is
from sinks.contract import CORRECTED, EPOCH_SHIFT

#: Tables whose rows of closed hours and days a correction may replace.
CLOSED = tuple(table.name for table in COMMUNITY.closing)
_ROWS = 2_000


@dataclass(frozen=True)
class Corrected:
    """How far an epoch of a task is corrected; `pending` are groups and the day that must be closed first."""

    offset: int = 0
    pending: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Corrections:
    """The corrections of one task in one epoch."""

    store: ClickHouseStore
    topic: str
    partition: int
    epoch: int

    def last(self) -> Corrected | None:
        """Where the last correction ended; None: there has been none."""
        rows = self.store.native.execute(
            f"SELECT offset, pending FROM {self.store.address.database}.corrections WHERE epoch = {self.epoch} AND "
            f"{task_is(self.topic, self.partition)} ORDER BY offset DESC, made_at DESC LIMIT 1"
        )
        return Corrected(*rows[0]) if rows else None

    def done(self, state: Corrected, rows: int) -> None:
        """Record a correction."""
        self.store.native.execute(
            f"INSERT INTO {self.store.address.database}.corrections "
            "(topic, partition, epoch, offset, pending, rows) VALUES",
            [(self.topic, self.partition, self.epoch, state.offset, state.pending, rows)],
        )

    @property
    def _events(self) -> str:
        table = f"{self.store.address.database}.{COMMUNITY.raw.name}"
        return f"{table} WHERE {task_is(self.topic, self.partition)} AND excluded = 0"

    def touched(self, first: int, end: int) -> list[str]:
        """Groups with events from offset `first` up to `end` that were late, or repeat an event beyond the horizon."""
        window = f"offset >= {first} AND offset < {end} AND duplicate = 0"
        earlier = (
            f"SELECT event_hash FROM {self._events} AND offset < {end} AND event_hash IN "
            f"(SELECT event_hash FROM {self._events} AND {window}) GROUP BY event_hash HAVING uniqExact(offset) > 1"
        )
        rows = self.store.native.execute(
            f"SELECT DISTINCT group_id FROM {self._events} AND {window} AND group_id != '' "
            f"AND (late = 1 OR event_hash IN ({earlier}))"
        )
        return sorted(row[0] for row in rows)

    def groups(self) -> list[str]:
        """All groups."""
        rows = self.store.native.execute(f"SELECT DISTINCT group_id FROM {self._events} AND group_id != ''")
        return sorted(row[0] for row in rows)

    def timeline(self, groups: list[str], end: int) -> pa.Table:
        """The records of these groups, and the ticks, before offset `end`, in offset order.

        `offset`, `ts_ms`, the `time_ms` to which it moves its group, `group_id` (empty: a tick), the flags `late` and
        `duplicate`, and the `first_offset` of the same event.
        """
        before = f"{self._events} AND offset < {end}"
        mine = f"{before} AND (type = 'tick' OR {group_in(groups)})"
        return self.store.read(
            "SELECT offset, ts_ms, time_ms, group_id, late, duplicate, "
            "if(firsts.event_hash = 0, offset, first_offset) AS first_offset FROM ("
            "SELECT offset, ts_ms, if(kafka_ts_ms < 0, ts_ms, least(ts_ms, kafka_ts_ms)) AS time_ms, "
            "toString(group_id) AS group_id, late, duplicate, event_hash "
            f"FROM {mine} ORDER BY offset LIMIT 1 BY offset"
            ") AS mine LEFT JOIN ("
            "SELECT event_hash, min(offset) AS first_offset "
            f"FROM {before} AND event_hash IN (SELECT event_hash FROM {mine}) "
            "GROUP BY event_hash HAVING uniqExact(offset) > 1"
            ") AS firsts ON mine.event_hash = firsts.event_hash ORDER BY offset",
            LONG,
        )

    # --- rows

    def different(self, table: str, comparison: Comparison, groups: list[str]) -> list[dict[str, Any]]:
        """Keys of these groups whose rows differ; an empty row counts as absent where none is wanted.

        For each key: whether it `has_wanted` a row.
        """
        nothing = f"sipHash128({', '.join(['toUInt32(0)'] * len(comparison.columns(table)))})"
        return self.store.native.query(
            f"SELECT {', '.join(TABLES[table].key)}, has_wanted "
            f"FROM ({comparison.pairs(table, group_in(groups))}) "
            f"WHERE differs AND NOT (NOT has_wanted AND found = {nothing})",
            settings=LONG,
        )

    def replace(self, table: str, comparison: Comparison, keys: list[dict[str, Any]], version: int) -> None:
        """Replace the rows found under these keys by those wanted; where there should be none, by an empty one."""
        key, corrected = TABLES[table].key, version | CORRECTED
        slot = ["slot"] if TABLES[table].slots else []
        columns = ", ".join([*key, *comparison.columns(table), "topic", "partition", *slot])
        target = f"{self.store.address.database}.{table}"
        wanted = [tuple(one[name] for name in key) for one in keys if one["has_wanted"]]
        for first in range(0, len(wanted), _ROWS):
            self.store.native.execute(
                f"INSERT INTO {target} ({columns}, version) SELECT {columns}, {corrected} FROM {target} "
                f"WHERE {task_is(self.topic, self.partition)} "
                f"AND bitShiftRight(version, {EPOCH_SHIFT}) = {comparison.wanted} "
                f"AND ({', '.join(key)}) IN %(keys)s ORDER BY version DESC LIMIT 1 BY {', '.join(key)}",
                parameters={"keys": tuple(wanted[first : first + _ROWS])},
                settings=LONG,
            )
        here = (self.topic, self.partition, corrected)
        if empty := [(*(one[name] for name in key), *here) for one in keys if not one["has_wanted"]]:
            names = ", ".join([*key, "topic", "partition", "version"])
            self.store.native.execute(f"INSERT INTO {target} ({names}) VALUES", empty)


def count_others(store: ClickHouseStore) -> None:
    """Record that closed days count late records of the other topics, too; these have no hours of their own."""
    for contract, vouched in read_heads(store).items():
        if contract in (PRODUCT.name, LINKS.name):
            for partition, head in vouched.heads.items():
                kept = Corrections(store, vouched.topic, partition, vouched.epoch)
                if (kept.last() or Corrected()).offset < head.next_offset:
                    kept.done(Corrected(head.next_offset), 0)


def group_in(groups: list[str]) -> str:
    """The condition that a row belongs to one of these groups."""
    return f"group_id IN ({', '.join(map(quote, groups)) or 'NULL'})"
