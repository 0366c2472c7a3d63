"""The landed records as they came: the events of a task as JSON again, for rebuilding numbers.

Only the fields that numbers depend on, and those that the contract requires, come back. A field that was absent is left
out; `docs/exactness.md` says why this is enough.
"""

from dataclasses import dataclass

import pyarrow as pa

from schemas.agents import AgentSpec
from schemas.tables import ReadBack
from sinks.clickhouse.store import ClickHouseStore, task_is

_SETTINGS = {
    "output_format_json_skip_null_value_in_named_tuples": 1, "output_format_json_quote_64bit_integers": 0,
    "output_format_json_escape_forward_slashes": 0, "max_query_size": 1 << 28,
}  # fmt: skip


def _json(fields: ReadBack) -> str:
    """An SQL expression for an event's JSON."""
    columns = (
        [(name, f"nullIf({name}, '')", "Nullable(String)") for name in fields.texts]
        + [(name, f"nullIf({name}, 0)", "Nullable(Int64)") for name in fields.numbers]
        + [(name, name, kind) for name, kind in fields.plain.items()]
        + [(name, name, "Nullable(Int64)") for name in fields.nullable]
        + [(name, f"if(type = '{kind}', {name} = 1, NULL)", "Nullable(Bool)") for name, kind in fields.flags.items()]
        + [(name, f"if(type IN {kinds}, {name}, NULL)", "Nullable(Int64)") for name, kinds in fields.amounts.items()]
    )
    values = ", ".join(value for _, value, _ in columns)
    return f"toJSONString(CAST(({values}), 'Tuple({', '.join(f'{name} {kind}' for name, _, kind in columns)})'))"


@dataclass(frozen=True)
class RawRecords:
    """The landed records of one task of an agent.

    `excluded` are the offsets of records to leave out; None: those that the numbers in use leave out.
    """

    store: ClickHouseStore
    topic: str
    partition: int
    agent: AgentSpec
    excluded: frozenset[int] | None = None

    @property
    def _counted(self) -> str:
        """The condition that a record is not left out."""
        if self.excluded is None:
            return "excluded = 0"
        return f"offset NOT IN ({', '.join(map(str, sorted(self.excluded)))})" if self.excluded else "1"

    @property
    def _value(self) -> str:
        assert self.agent.read_back is not None, f"nothing of {self.agent.name} is computed"
        return f"{_json(self.agent.read_back)} AS value"

    @property
    def _where(self) -> str:
        table = f"{self.store.address.database}.{self.agent.raw.name}"
        return f"FROM {table} WHERE {task_is(self.topic, self.partition)}"

    def read(self, first: int, end: int, condition: str = "1") -> pa.Table:
        """`offset`, `kafka_ts_ms` and JSON `value` of the records from offset `first` up to `end`, in offset order."""
        return self.store.read(
            f"SELECT offset, kafka_ts_ms, {self._value} {self._where} "
            f"AND offset >= {first} AND offset < {end} AND ({condition}) AND {self._counted} "
            "ORDER BY offset LIMIT 1 BY offset",
            _SETTINGS,
        )

    def read_only(self, offsets: list[int]) -> pa.Table:
        """The records at these offsets, with their time `ts_ms`, in offset order."""
        return self.store.read(
            f"SELECT offset, kafka_ts_ms, {self._value}, ts_ms {self._where} "
            f"AND offset IN ({', '.join(map(str, offsets))}) AND {self._counted} ORDER BY offset LIMIT 1 BY offset",
            _SETTINGS,
        )

    def next_offset(self, offset: int) -> int | None:
        """The first landed record at `offset` or later."""
        found = self.store.native.execute(f"SELECT count(), min(offset) {self._where} AND offset >= {offset}")[0]
        return int(found[1]) if found[0] else None

    def missing(self, end: int) -> int:
        """Offsets from the first landed one up to `end` that are neither an event nor a dead letter.

        Some never had a record (transaction markers, aborted records, compaction); others were lost from the database.
        """
        dead = f"FROM {self.store.address.database}.dead_letters WHERE {task_is(self.topic, self.partition)}"
        rows = self.store.native.execute(
            "SELECT count(), min(first) FROM (SELECT offset AS first FROM "
            f"(SELECT offset {self._where} UNION ALL SELECT offset {dead}) WHERE offset < {end} GROUP BY offset)",
        )
        return int(end - rows[0][1] - rows[0][0]) if rows[0][0] else 0
