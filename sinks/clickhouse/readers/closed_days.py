"""What has landed of closed days: which history is read, how far a history has come, what everybody was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from sinks.clickhouse.partitions import drop_partition, partitions
from sinks.clickhouse.readers.rows import ACCOUNT
from sinks.clickhouse.store import LONG, ClickHouseStore, quote

#: The tables of closed days; all have the column `history`, which is their partition.
TABLES = (
    "people_transitions", "people_group_days", "people_activity_days", "people_tier_days", "people_scores",
    "people_segment_days", "people_cuts",
)  # fmt: skip
_CUT = ("day", "topic", "partition", "next_offset")
_TEXTS = ("lifecycle", "stage", "currency")
#: Columns of `people_segment_days` that are numbers.
SEGMENT_NUMBERS = (
    "win_back", "recency", "frequency", "monetary", "orders", "net_minor", "last_order", "referred", "first_day",
    "last_day",
)  # fmt: skip


@dataclass(frozen=True)
class Newest:
    """The newest closed day of a history (None: it has none), and its score: mean, scale, weights of everybody and of
    the silent, the limit, and the share of longer gaps."""

    day: int | None
    score: tuple[Any, ...] | None


class ClosedDays:
    """Reads a database. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    def __init__(self, store: ClickHouseStore) -> None:
        self._store, self._d = store, store.address.database

    def in_use(self) -> int:
        """The number of the history that is read; 0: none."""
        rows = self._store.native.execute(
            f"SELECT argMax(history, version) FROM {self._d}.people_terms WHERE partition = 0"
        )
        return int(rows[0][0])

    def newest(self, history: int) -> Newest:
        """How far a history has come."""
        ((days, day),) = self._store.native.execute(
            f"SELECT count(), toInt32(max(day)) FROM {self._d}.people_cuts WHERE history = {history}"
        )
        if not days:
            return Newest(None, None)
        scores = self._store.native.execute(
            f"SELECT mean, scale, weights, silent, theta, longer FROM {self._d}.people_scores "
            f"WHERE history = {history} AND toInt32(day) = {day} LIMIT 1"
        )
        return Newest(int(day), tuple(scores[0]))

    def since(self, seconds: float) -> list[date]:
        """Days of the history in use that were evaluated since a moment (seconds since 1970)."""
        rows = self._store.native.execute(
            f"SELECT DISTINCT day FROM {self._d}.people_cuts "
            f"WHERE history = (SELECT history FROM {self._d}.people_history) "
            "AND evaluated_at >= fromUnixTimestamp64Milli(toInt64(%(since)s)) ORDER BY day",
            parameters={"since": int(seconds * 1000)},
        )
        return [row[0] for row in rows]

    def states(self, history: int) -> pa.Table:
        """What every member was at the end of the newest closed day, the day since which the state is that, and the
        day of the newest return from at risk or zombie (0: none)."""
        return self._store.read(
            f"SELECT toString(group_id) AS group_id, {ACCOUNT} AS account_id, "
            "toString(argMax(was.state, day)) AS state, toString(argMax(was.reason, day)) AS reason, "
            "argMax(was.fading, day) AS fading, toInt32(argMax(was.since, day)) AS since_day, "
            "toInt32(argMax(was.returned_on, day)) AS returned_day "
            f"FROM {self._d}.people_transitions AS was WHERE history = {history} "
            f"AND day <= (SELECT max(day) FROM {self._d}.people_cuts WHERE history = {history}) "
            "GROUP BY group_id, member_id"
        )

    def segments(self, history: int, last: int) -> pa.Table:
        """What every person was at the end of the newest closed day."""
        newest = ", ".join(f"argMax(was.{name}, day) AS {name}" for name in SEGMENT_NUMBERS)
        texts = ", ".join(f"toString(argMax(was.{name}, day)) AS {name}" for name in _TEXTS)
        return self._store.read(
            f"SELECT person_id, {texts}, {newest} FROM {self._d}.people_segment_days AS was "
            f"WHERE history = {history} AND toStartOfMonth(day) = toStartOfMonth(toDate({last})) "
            f"AND day <= toDate({last}) GROUP BY person_id"
        )

    def first_cut(self, history: int) -> tuple[int, dict[tuple[str, int], int]]:
        """The first day of a history that has days, and by topic and partition the offset of its cut."""
        rows = self._store.native.execute(
            f"SELECT toInt32(day), topic, partition, next_offset FROM {self._d}.people_cuts WHERE history = {history} "
            f"AND day = (SELECT min(day) FROM {self._d}.people_cuts WHERE history = {history})"
        )
        return int(rows[0][0]), {(topic, int(partition)): int(offset) for _, topic, partition, offset in rows}

    def copy(self, history: int, to: int, last: int) -> dict[str, int]:
        """Write the rows of a history up to a day for another one, all but cuts; returns how many, by table."""
        counts = {}
        for name in TABLES[:-1]:
            rows = f"(SELECT * FROM {self._d}.{name} WHERE history = {history} AND toInt32(day) <= {last})"
            self._store.native.execute(
                f"INSERT INTO {self._d}.{name} SELECT * REPLACE (toUInt32({to}) AS history) FROM {rows}"
            )
            ((counts[name],),) = self._store.native.execute(f"SELECT count() FROM {rows}")
        return counts

    def complete(self, cuts: pa.Table, first: bool, counts: Mapping[str, int]) -> bool:
        """Write the cuts of days in a row, unless rows of them, or the cut of the day before, are gone.

        first: these days begin a history; counts: how many rows each other table has of them. Returns whether they
        are written. One statement looks and writes: a database that is restored from a backup meanwhile does not end up
        with cuts of days of which it has lost rows.
        """
        days, (history, *_) = cuts["day"].unique().to_pylist(), cuts["history"].to_pylist()
        table = f"{self._d}.people_cuts"
        rows = ", ".join(f"({', '.join(map(_literal, row.values()))})" for row in cuts.select(_CUT).to_pylist())
        between = f"history = {history} AND day BETWEEN '{min(days)}' AND '{max(days)}'"
        there = [f"(SELECT count() FROM {self._d}.{name} WHERE {between}) >= {n}" for name, n in counts.items() if n]
        if not first:
            there.append(
                f"(SELECT count() FROM {table} WHERE history = {history} AND day = toDate('{min(days)}') - 1) > 0"
            )
        self._store.native.execute(
            f"INSERT INTO {table} (history, {', '.join(_CUT)}) SELECT {history}, * FROM values("
            f"'day Date, topic String, partition UInt16, next_offset UInt64', {rows}) WHERE {' AND '.join(there) or 1}",
            settings=LONG,
        )
        ((written,),) = self._store.native.execute(f"SELECT uniqExact(day) FROM {table} WHERE {between}")
        return int(written) == len(days)

    def drop_others(self, kept: set[int]) -> None:
        """Drop every history but these."""
        for table in TABLES:
            for partition in partitions(self._store.native, table):
                if int(partition) not in kept:
                    drop_partition(self._store.native, table, partition)


def _literal(value: date | str | int) -> str:
    return str(value) if isinstance(value, int) else quote(str(value))
