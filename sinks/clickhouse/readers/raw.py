"""The landed records as they came: the events of a task as JSON again, for whoever computes numbers anew.

Only the fields that numbers depend on, and those that the contract requires, come back. A field that was absent is left
out; `docs/exactness.md` says why this is enough.
"""

from dataclasses import dataclass, field

import pyarrow as pa

from sinks.clickhouse.store import CHAT, PRODUCT, ClickHouseStore, task_is


@dataclass(frozen=True)
class _Fields:
    """The fields of a topic that come back: `texts` that are absent when empty, `numbers` when 0.

    `plain` and `nullable` come as they are, `flags` and `amounts` in the events of some types only: a type's `amounts`
    are required, so that 0 is said.
    """

    table: str
    texts: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    plain: dict[str, str] = field(default_factory=dict)
    nullable: tuple[str, ...] = ()
    flags: dict[str, str] = field(default_factory=dict)
    amounts: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def json(self) -> str:
        """An expression that gives an event's JSON."""
        fields = (
            [(name, f"nullIf({name}, '')", "Nullable(String)") for name in self.texts]
            + [(name, f"nullIf({name}, 0)", "Nullable(Int64)") for name in self.numbers]
            + [(name, name, kind) for name, kind in self.plain.items()]
            + [(name, name, "Nullable(Int64)") for name in self.nullable]
            + [(name, f"if(type = '{kind}', {name} = 1, NULL)", "Nullable(Bool)") for name, kind in self.flags.items()]
            + [(name, f"if(type IN {kinds}, {name}, NULL)", "Nullable(Int64)") for name, kinds in self.amounts.items()]
        )
        values = ", ".join(value for _, value, _ in fields)
        return f"toJSONString(CAST(({values}), 'Tuple({', '.join(f'{name} {kind}' for name, _, kind in fields)})'))"


_FIELDS = {
    CHAT: _Fields(
        "events",
        (
            "event_id", "type", "platform", "group_id", "member_id", "message_id", "kind", "reply_to_message_id",
            "reply_to_member_id", "inviter_id", "source", "snapshot_id", "role", "status", "source_id", "call_id",
        ),
        ("link_count", "count", "created_at_ms", "joined_at_ms"),
        {"ts_ms": "Int64", "mentions": "Array(String)"},
        ("member_count",),
        {"question": "message", "removed": "reaction", "complete": "roster_end", "healthy": "heartbeat"},
    ),
    PRODUCT: _Fields(
        "product_events",
        (
            "event_id", "type", "user_id", "group_id", "call_id", "link_id", "campaign_id", "target", "order_id",
            "currency", "refund_id", "operator_id", "purpose", "outcome", "name",
        ),
        plain={"ts_ms": "Int64"},
        amounts={"amount_minor": ("purchase", "refund")},
    ),
}  # fmt: skip

_SETTINGS = {
    "output_format_json_skip_null_value_in_named_tuples": 1, "output_format_json_quote_64bit_integers": 0,
    "output_format_json_escape_forward_slashes": 0, "max_query_size": 1 << 28,
}  # fmt: skip


@dataclass(frozen=True)
class RawRecords:
    """The landed records of one task; `contract` names its topic in the contract."""

    store: ClickHouseStore
    topic: str
    partition: int
    contract: str = CHAT

    @property
    def _fields(self) -> _Fields:
        return _FIELDS[self.contract]

    @property
    def _where(self) -> str:
        table = f"{self.store.address.database}.{self._fields.table}"
        return f"FROM {table} WHERE {task_is(self.topic, self.partition)}"

    def read(self, first: int, end: int, condition: str = "1") -> pa.Table:
        """`offset`, `kafka_ts_ms` and JSON `value` of the records from offset `first` up to `end`, in offset order."""
        return self.store.read(
            f"SELECT offset, kafka_ts_ms, {self._fields.json()} AS value {self._where} "
            f"AND offset >= {first} AND offset < {end} AND ({condition}) ORDER BY offset LIMIT 1 BY offset",
            _SETTINGS,
        )

    def read_only(self, offsets: list[int]) -> pa.Table:
        """The records at these offsets, with their time `ts_ms`, in offset order."""
        return self.store.read(
            f"SELECT offset, kafka_ts_ms, {self._fields.json()} AS value, ts_ms {self._where} "
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
        dead = f"FROM {self.store.address.database}.dead_letters WHERE {task_is(self.topic, self.partition)}"
        rows = self.store.native.execute(
            "SELECT count(), min(first) FROM (SELECT offset AS first FROM "
            f"(SELECT offset {self._where} UNION ALL SELECT offset {dead}) WHERE offset < {end} GROUP BY offset)",
        )
        return int(end - rows[0][1] - rows[0][0]) if rows[0][0] else 0
