"""Kafka's bytes and ClickHouse's tables in memory, for tests that run the whole way of a task without servers.

`MemoryStore` is a `sinks.contract.Store` as strict as the real one may be: rows of one key and slot are merged at once,
and nothing but the newest version is left.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from schemas.agents import AGENT_OF, TABLES
from schemas.tables import Table
from schemas.topics import CHAT
from sinks.contract import EPOCH_SHIFT, Chain, Checkpoint, Cut, Epoch, Head, Origin, Store
from streams.agents import new_state
from streams.checkpoint.epochs import numbers_settings
from streams.checkpoint.takeover import take_over
from streams.checkpoint.task import Task

Row = dict[str, Any]

TOPIC = CHAT.name

#: (offset, timestamp, key, value)
Message = tuple[int, int, bytes | None, bytes | None]


def _unique(table: Table) -> tuple[str, ...]:
    of_task = table.slots or table.shared or not (table.per_event or table.epoch)
    task = ("topic", "partition") if of_task else ()
    return (*table.key, *task, *("slot",) * table.slots, *("epoch",) * table.epoch)


#: The keys under which ReplacingMergeTree keeps one row.
KEYS = {name: _unique(table) for name, table in TABLES.items()}
#: What the memory broker's topic is.
ORIGIN = Origin("cluster", TOPIC, "topic", 1)
_TEXT = {
    "group_id", "member_id", "source", "role", "inviter_id", "platform", "status", "user_id", "kind", "reference",
}  # fmt: skip
_MASKS = ("spoke_", "reacted_", "read_", "used_", "bought_", "acted_", "snapshot")


def record_batch(messages: Sequence[Message], compression: int = 0, last_offset: int | None = None) -> bytes:
    """One record batch of the broker; its records' offsets may have gaps, its span may reach beyond the last record."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=compression, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1 << 30,
    )  # fmt: skip
    base = messages[0][0]
    for offset, timestamp, key, value in messages:
        assert builder.append(offset - base, timestamp, key, value, []) is not None
    return stamped(bytes(builder.build()), base, last_offset)


def stamped(
    batch: bytes, base: int, last_offset: int | None = None, attributes: int | None = None, producer: int | None = None
) -> bytes:
    """A batch as the broker stores it: its base offset set and, with a new checksum, other header fields."""
    changed = bytearray(base.to_bytes(8, "big") + batch[8:])
    if last_offset is not None:
        changed[23:27] = (last_offset - base).to_bytes(4, "big")
    if attributes is not None:
        changed[21:23] = attributes.to_bytes(2, "big")
    if producer is not None:
        changed[43:51] = producer.to_bytes(8, "big")
    changed[17:21] = calc_crc32c(bytes(changed[21:])).to_bytes(4, "big")
    return bytes(changed)


@dataclass
class MemoryStore:
    """Rows and checkpoints, merged at once."""

    tables: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=lambda: {name: {} for name in KEYS})
    kept: list[Checkpoint] = field(default_factory=list)
    claims: list[Epoch] = field(default_factory=list)
    #: By topic, partition and epoch: the newest.
    heads: dict[tuple[str, int, int], Head] = field(default_factory=dict)

    def insert(self, table: str, rows: pa.Table) -> None:
        known = self.tables[table]
        for row in rows.to_pylist():
            row = {name: value for name, value in row.items() if value is not None}
            key = _key(row, table)
            old = known.get(key)
            if old is not None and old["version"] == row["version"]:
                assert _said(old) == _said(row), f"{table}: two rows of one key and version differ"
            if old is None or old["version"] <= row["version"]:
                known[key] = row

    def write_checkpoints(self, checkpoints: list[Checkpoint]) -> None:
        self.kept += checkpoints

    def vouch(self, heads: list[Head]) -> None:
        for head in heads:
            task = head.topic, head.partition, head.epoch
            self.heads[task] = max(head, self.heads.get(task, head), key=lambda one: one.version)

    def checkpoints(self, topic: str, partition: int, epoch: int) -> list[Checkpoint]:
        return [c for c in self.kept if (c.topic, c.partition, c.epoch) == (topic, partition, epoch)]

    def epoch(self, contract: str = TOPIC) -> Epoch | None:
        ours = [claim for claim in self.claims if claim.contract == contract]
        newest = max((claim.number for claim in ours), default=None)
        return next((claim for claim in ours if claim.number == newest), None)

    def claim(self, epoch: Epoch) -> None:
        self.claims.append(epoch)

    def load(
        self, table: str, topic: str, partition: int, valid: Chain, columns: tuple[str, ...],
        keys: Sequence[tuple[str, ...]] | None = None,
    ) -> pa.Table:  # fmt: skip
        def counts(row: Row) -> bool:
            cut = Cut.of(row["version"])
            wanted = keys is None or (row["group_id"], row["member_id"]) in keys
            ours = (row["topic"], row["partition"], row["version"] >> EPOCH_SHIFT) == (topic, partition, valid.epoch)
            return bool(wanted and ours and cut.sequence <= valid.last.get(cut.term, -1))

        rows = _newest(filter(counts, self.tables[table].values()), table)
        return pa.Table.from_pylist(rows, pa.schema([(name, _type(name)) for name in columns]))

    def event_ids(self, table: str, topic: str, partition: int, first: int, end: int) -> pa.Table:
        rows = [r for r in self.tables[table].values() if (r["topic"], r["partition"]) == (topic, partition)]
        known = (row for row in rows if first <= row["offset"] < end and not row.get("excluded"))
        found = sorted((row["offset"], row["event_hash"]) for row in known)
        columns = {"event_hash": [h for _, h in found], "offset": [o for o, _ in found]}
        return pa.table({name: pa.array(values, pa.uint64()) for name, values in columns.items()})

    def live(self, table: str, contract: str = TOPIC) -> list[Row]:
        """What the views read: the newest row of every key in the topic's epoch, whichever slot it stands in."""
        epoch = self.epoch(contract)
        rows = self.tables[table].values()
        now = [
            row
            for row in rows
            if "epoch" not in KEYS[table] or (epoch and row["version"] >> EPOCH_SHIFT == epoch.number)
        ]
        return _newest(now, table)


def _said(row: Row) -> Row:
    """A row without defaults: columns that no record of an insert has are left out of it."""
    return {name: value for name, value in row.items() if value not in ("", 0, [])}


def _newest(rows: Iterable[Row], table: str) -> list[Row]:
    found: dict[tuple[Any, ...], Row] = {}
    for row in sorted(rows, key=lambda row: int(row["version"])):
        found[_key(row | {"slot": 0}, table)] = row
    return list(found.values())


def _key(row: Row, table: str) -> tuple[Any, ...]:
    return tuple(row["version"] >> EPOCH_SHIFT if name == "epoch" else row.get(name, "") for name in KEYS[table])


def _type(column: str) -> pa.DataType:
    if column in _TEXT:
        return pa.string()
    if column == "open_messages":
        return pa.list_(pa.uint32())
    return pa.uint64() if column.startswith(_MASKS) else pa.int64()


@dataclass
class MemoryBroker:
    """A broker that has one partition, of so many, from `begin` to `end` and never refuses this worker."""

    begin: int
    end: int
    kept: tuple[int, int] = (0, 0)
    topic: str = TOPIC
    partitions: int = 1

    async def committed(self, partition: int) -> tuple[int, int]:
        return self.kept

    async def commit(self, cuts: dict[int, tuple[int, int]]) -> bool:
        self.kept = next(iter(cuts.values()))
        return True

    async def bounds(self, partition: int) -> tuple[int, int]:
        return self.begin, self.end

    async def origin(self) -> Origin:
        return replace(ORIGIN, topic=self.topic, partitions=self.partitions)


async def _at_once(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def own(task: Task, broker: MemoryBroker, store: Store) -> None:
    """Take a task over: load it, or go on with its memory."""
    assert asyncio.run(take_over(task, broker, store, _at_once, _at_once))
    store.vouch([task.head])


def land(task: Task, store: Store, broker: MemoryBroker) -> None:
    """Flush everything that waits, all the way."""
    flush = task.begin_flush()
    if flush is not None:
        for table, rows in flush.tables.items():
            store.insert(table, rows)
        store.write_checkpoints([flush.checkpoint])
        broker.kept = flush.checkpoint.offsets[task.topic], flush.checkpoint.cut.term
        task.confirm()
        store.vouch([task.head])


def new_task(
    zone: str = "UTC", lateness_h: int = 48, horizon: int = 4_000_000, topic: str = TOPIC, partition: int = 0,
    **options: Any,
) -> Task:  # fmt: skip
    """A task with nothing in it."""
    agent = AGENT_OF[topic]
    settings = numbers_settings(zone, lateness_h, horizon, agent.rules)
    return Task(topic, partition, new_state(agent, zone, lateness_h, horizon), settings, **options)
