"""What a database says about its health: checkpoints, what landed at which offsets, dead letters, event times.

Asked with two threads and bounded memory and time, along the primary key; queries that scan a table say so.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinks.clickhouse.connection import Native
from sinks.clickhouse.templates import WRONG_MS

_GENTLY = (
    " SETTINGS max_threads = 2, max_execution_time = 600, max_memory_usage = 4000000000, "
    "max_bytes_before_external_group_by = 1000000000"
)
#: Offsets per block; each block is counted as a whole.
BLOCK = 1 << 16


@dataclass(frozen=True)
class Head:
    """The newest checkpoint of a partition: next offset, age in seconds; and the next offset of the first one."""

    offset: int
    age_s: float
    first: int


@dataclass(frozen=True)
class LandedBlock:
    """What landed of the offsets [first, end): rows, and distinct offsets."""

    first: int
    end: int
    rows: int
    offsets: int


class Health:
    """The questions, over one database, one topic and the table of its records."""

    def __init__(self, native: Native, topic: str, table: str = "events") -> None:
        self._native, self._topic, self._database, self._table = native, topic, native.address.database, table

    def ask(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query; `{d}` is the database, `{t}` the table of records, `%(topic)s` the topic."""
        known = {"topic": self._topic, "database": self._database, **parameters}
        return list(self._native.execute(query.format(d=self._database, t=self._table) + _GENTLY, None, known))

    def head(self, partition: int, epoch: int) -> Head | None:
        """The newest checkpoint, from the end of the primary key."""
        task = (
            "FROM {d}.checkpoints WHERE epoch = %(epoch)s AND topic = %(topic)s AND partition = %(partition)s ORDER BY "
        )
        newest = self.ask(
            "SELECT offsets[%(topic)s], toFloat64(now64(3)) - toFloat64(written_at) "
            + task + "term DESC, sequence DESC LIMIT 1",
            epoch=epoch, partition=partition,
        )  # fmt: skip
        if not newest:
            return None
        first = self.ask(
            "SELECT offsets[%(topic)s] " + task + "term, sequence LIMIT 1", epoch=epoch, partition=partition
        )
        return Head(newest[0][0], newest[0][1], first[0][0])

    def beyond(self, partition: int, offset: int) -> int:
        """Records landed at or above an offset."""
        return int(self.ask(
            "SELECT uniqExact(offset) FROM {d}.{t} "
            "WHERE topic = %(topic)s AND partition = %(partition)s AND offset >= %(offset)s",
            partition=partition, offset=offset,
        )[0][0])  # fmt: skip

    def landed_blocks(self, partition: int, first: int, end: int) -> list[LandedBlock]:
        """What landed of [first, end), per block of offsets; reads the offsets of that range only."""
        # groupBitmap counts in its argument's type: with UInt16, a full block of 65,536 offsets would count as none
        rows = self.ask(
            "SELECT intDiv(offset, %(size)s) AS block, count(), groupBitmap(toUInt32(modulo(offset, %(size)s))) FROM ("
            + _LANDED + ") GROUP BY block",
            partition=partition, first=first, end=end, size=BLOCK,
        )  # fmt: skip
        found = {block: (count, different) for block, count, different in rows}
        return [
            LandedBlock(max(block * BLOCK, first), min((block + 1) * BLOCK, end), *found.get(block, (0, 0)))
            for block in range(first // BLOCK, -(-end // BLOCK))
        ]

    def landed_offsets(self, partition: int, first: int, end: int) -> NDArray[np.int64]:
        """All distinct offsets landed of [first, end), ascending."""
        rows = self.ask(
            "SELECT DISTINCT toInt64(offset) AS at FROM (" + _LANDED + ") ORDER BY at",
            partition=partition, first=first, end=end,
        )  # fmt: skip
        return np.array([row[0] for row in rows], np.int64)

    def collisions(self, partition: int, first: int, end: int) -> list[int]:
        """Offsets of [first, end) at which different records landed; at most ten."""
        rows = self.ask(
            "SELECT offset FROM (" + _LANDED + ") GROUP BY offset HAVING uniqExact(event_hash) > 1 "
            "ORDER BY offset LIMIT 10",
            partition=partition, first=first, end=end,
        )  # fmt: skip
        return [row[0] for row in rows]

    def corrected(self, partition: int, epoch: int) -> int:
        """The offset up to which late events have been moved into their closed hours and days; 0: none yet."""
        rows = self.ask(
            "SELECT max(offset) FROM {d}.corrections WHERE epoch = %(epoch)s AND topic = %(topic)s "
            "AND partition = %(partition)s",
            partition=partition, epoch=epoch,
        )  # fmt: skip
        return int(rows[0][0])

    def late(self, partition: int, first: int) -> tuple[int, int]:
        """Late events from an offset on, and when the first of them came, ms; reads two columns of that range."""
        rows = self.ask(
            "SELECT uniqExact(offset), min(kafka_ts_ms) FROM {d}.{t} WHERE topic = %(topic)s "
            "AND partition = %(partition)s AND offset >= %(first)s AND late = 1",
            partition=partition, first=first,
        )  # fmt: skip
        return int(rows[0][0]), int(rows[0][1])

    def dead_letters(self) -> list[tuple[str, int, int, int, str]]:
        """Per error: how many, how many in the last 24 hours, time of the newest and its reason. Scans the table."""
        return self.ask(
            "SELECT error, count(), countIf(first_seen_ms > toUnixTimestamp64Milli(now64(3)) - 86400000) AS recent, "
            "max(first_seen_ms), argMax(reason, first_seen_ms) FROM {d}.dead_letters FINAL WHERE topic = %(topic)s "
            "GROUP BY error ORDER BY recent DESC, error"
        )

    def groups_ahead(self) -> list[tuple[str, float, str, int, int]]:
        """Groups whose time is ahead of the present, farthest first: by how many seconds, and since which record.

        Scans the times of raw rows if there is such a group.
        """
        present = "toUnixTimestamp64Milli(now64(3))"
        if not self.ask("SELECT 1 FROM {d}.group_clocks WHERE ahead LIMIT 1"):
            return []
        rows = self.ask(
            f"SELECT group_id, (max(time_ms) - {present}) / 1000 AS ahead_s, any(topic), argMax(partition, time_ms), "
            "argMax(offset, time_ms) FROM (SELECT toString(group_id) AS group_id, topic, partition, offset, "
            "if(kafka_ts_ms < 0, ts_ms, least(ts_ms, kafka_ts_ms)) AS time_ms FROM {d}.events "
            f"WHERE duplicate = 0 AND excluded = 0 AND time_ms > {present} + {WRONG_MS} "
            "AND group_id IN (SELECT group_id FROM {d}.group_clocks WHERE ahead)"
            ") GROUP BY group_id ORDER BY ahead_s DESC"
        )
        return [(str(row[0]), float(row[1]), str(row[2]), int(row[3]), int(row[4])) for row in rows]

    def missed_repeats(self) -> int:
        """Event ids that came again in a partition and were not found. Expensive: groups all raw rows by id."""
        rows = self.ask(
            "SELECT count() FROM (SELECT event_hash FROM {d}.{t} WHERE topic = %(topic)s AND duplicate = 0 "
            "GROUP BY partition, event_hash HAVING min(offset) != max(offset))"
        )
        return int(rows[0][0])


#: Offsets that stand in one of the two tables in which every record ends; dead letters have no hash.
_LANDED = (
    "SELECT offset, event_hash FROM {d}.{t} WHERE topic = %(topic)s AND partition = %(partition)s "
    "AND offset >= %(first)s AND offset < %(end)s UNION ALL "
    "SELECT offset, toUInt64(0) FROM {d}.dead_letters WHERE topic = %(topic)s AND partition = %(partition)s "
    "AND offset >= %(first)s AND offset < %(end)s"
)
