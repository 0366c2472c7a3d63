"""The landed records as they came: the events of a task as JSON again, for whoever computes numbers anew.

Only the fields that numbers depend on, and those that the contract requires, come back. A field that was absent is left
out; `docs/exactness.md` says why this is enough.
"""

from dataclasses import dataclass

import pyarrow as pa

from sinks.clickhouse.store import ClickHouseStore, task_is

_TEXTS = (
    "event_id", "type", "platform", "group_id", "member_id", "message_id", "kind", "reply_to_message_id",
    "reply_to_member_id", "inviter_id", "source", "snapshot_id", "role", "status", "source_id", "call_id",
)  # fmt: skip
_NUMBERS = ("link_count", "count", "created_at_ms", "joined_at_ms")
_AS_THEY_ARE = {"ts_ms": "Int64", "mentions": "Array(String)"}
#: Truth values, and the types that cannot do without.
_FLAGS = {"question": "message", "removed": "reaction", "complete": "roster_end", "healthy": "heartbeat"}
#: Fields of the contract that come back.
FIELDS = (*_TEXTS, *_NUMBERS, *_AS_THEY_ARE, "member_count", *_FLAGS)

_SETTINGS = {
    "output_format_json_skip_null_value_in_named_tuples": 1, "output_format_json_quote_64bit_integers": 0,
    "output_format_json_escape_forward_slashes": 0, "max_query_size": 1 << 28,
}  # fmt: skip


def _json() -> str:
    """An expression that gives an event's JSON."""
    fields = (
        [(name, f"nullIf({name}, '')", "Nullable(String)") for name in _TEXTS]
        + [(name, f"nullIf({name}, 0)", "Nullable(Int64)") for name in _NUMBERS]
        + [(name, name, kind) for name, kind in _AS_THEY_ARE.items()]
        + [("member_count", "member_count", "Nullable(Int64)")]
        + [(name, f"if(type = '{kind}', {name} = 1, NULL)", "Nullable(Bool)") for name, kind in _FLAGS.items()]
    )
    values = ", ".join(value for _, value, _ in fields)
    return f"toJSONString(CAST(({values}), 'Tuple({', '.join(f'{name} {kind}' for name, _, kind in fields)})'))"


@dataclass(frozen=True)
class RawRecords:
    """The landed records of one task."""

    store: ClickHouseStore
    topic: str
    partition: int

    @property
    def _where(self) -> str:
        return f"FROM {self.store.address.database}.events WHERE {task_is(self.topic, self.partition)}"

    def read(self, first: int, end: int, condition: str = "1") -> pa.Table:
        """`offset`, `kafka_ts_ms` and JSON `value` of the records from offset `first` up to `end`, in offset order."""
        return self.store.read(
            f"SELECT offset, kafka_ts_ms, {_json()} AS value {self._where} "
            f"AND offset >= {first} AND offset < {end} AND ({condition}) ORDER BY offset LIMIT 1 BY offset",
            _SETTINGS,
        )

    def read_only(self, offsets: list[int]) -> pa.Table:
        """The records at these offsets, with their time `ts_ms`, in offset order."""
        return self.store.read(
            f"SELECT offset, kafka_ts_ms, {_json()} AS value, ts_ms {self._where} "
            f"AND offset IN ({', '.join(map(str, offsets))}) ORDER BY offset LIMIT 1 BY offset",
            _SETTINGS,
        )

    def next_offset(self, offset: int) -> int | None:
        """The first landed record at `offset` or later."""
        found = self.store.native.execute(f"SELECT count(), min(offset) {self._where} AND offset >= {offset}")[0]
        return int(found[1]) if found[0] else None

    def missing(self, end: int) -> int:
        """Offsets from the first landed one up to `end` that are neither an event nor a dead letter.

        Kafka leaves some out (transaction markers, compaction); others were lost from the database.
        """
        database, task = self.store.address.database, task_is(self.topic, self.partition)
        rows = self.store.native.execute(
            "SELECT count(), min(first) FROM (SELECT offset AS first FROM "
            f"(SELECT offset FROM {database}.events WHERE {task} UNION ALL SELECT offset FROM {database}.dead_letters "
            f"WHERE {task}) WHERE offset < {end} GROUP BY offset)",
        )
        return int(end - rows[0][1] - rows[0][0]) if rows[0][0] else 0
