"""The ClickHouse store: bulk rows as Arrow, checkpoints as small inserts, cuts read back along the chain."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from schemas.agents import COMMUNITY, PRODUCT, SOURCES, TABLES
from schemas.errors import BackpressureError, ServiceError
from sinks.clickhouse.bulk import Bulk
from sinks.clickhouse.connection import Address, Native
from sinks.contract import (
    EPOCH_SHIFT,
    SEQUENCE_MASK,
    SEQUENCE_SHIFT,
    TERM_MASK,
    TERM_SHIFT,
    Chain,
    Checkpoint,
    Cut,
    Epoch,
    Head,
    Origin,
)

_CHECKPOINT = (
    "topic", "partition", "epoch", "term", "sequence", "parent_term", "parent_sequence", "offsets", "worker",
    "clock_ms",
)  # fmt: skip
_HEAD = (
    "topic", "partition", "epoch", "version", "term", "sequence", "next_offset", "begin_offset", "clock_ms", "worker",
)  # fmt: skip
_EPOCH = ("epoch", "settings", "cluster", "topic", "topic_id", "partitions")
#: For statements that name thousands of keys.
LONG = {"max_query_size": 1 << 28, "max_ast_elements": 1 << 24, "max_expanded_ast_elements": 1 << 24}


def quote(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quoted(key: tuple[str, ...]) -> str:
    return ", ".join(map(quote, key))


def task_is(topic: str, partition: int) -> str:
    """The condition that a row belongs to a task."""
    return f"topic = {quote(topic)} AND partition = {partition}"


class ClickHouseStore:
    """`sinks.contract.Store` over one ClickHouse database."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.native, self.bulk = Native(address), Bulk(address)

    def insert(self, table: str, rows: pa.Table) -> None:
        """Land rows as one Arrow stream; compressing with lz4 costs less than moving the bytes it saves."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            for batch in rows.to_batches():
                writer.write_batch(batch)
        block = sink.getvalue().to_pybytes()
        self.bulk.insert(table, rows.column_names, block, hashlib.blake2b(block, digest_size=16).hexdigest())

    def write_checkpoints(self, checkpoints: list[Checkpoint]) -> None:
        """Land checkpoint rows in one insert."""
        rows = [
            (c.topic, c.partition, c.epoch, *_pair(c.cut), *_pair(c.parent), c.offsets, c.worker, c.clock_ms)
            for c in checkpoints
        ]
        self.native.execute(f"INSERT INTO {self.address.database}.checkpoints ({', '.join(_CHECKPOINT)}) VALUES", rows)

    def vouch(self, heads: list[Head]) -> None:
        """Land head rows in one insert."""
        rows = [
            (
                h.topic, h.partition, h.epoch, h.version, *_pair(h.cut), h.next_offset, h.begin_offset, h.clock_ms,
                h.worker,
            )
            for h in heads
        ]  # fmt: skip
        self.native.execute(f"INSERT INTO {self.address.database}.heads ({', '.join(_HEAD)}) VALUES", rows)

    def checkpoints(self, topic: str, partition: int, epoch: int) -> list[Checkpoint]:
        """The checkpoints of a task that a chain may need: first and last of each term, and those continued from."""
        table = f"{self.address.database}.checkpoints"
        task = f"epoch = {epoch} AND {task_is(topic, partition)}"
        rows: Sequence[tuple[Any, ...]] = self.native.execute(
            f"SELECT {', '.join(_CHECKPOINT)} FROM {table} WHERE {task} AND (sequence = 0 "
            f"OR (term, sequence) IN (SELECT term, max(sequence) FROM {table} WHERE {task} GROUP BY term) "
            f"OR (term, sequence) IN (SELECT parent_term, parent_sequence FROM {table} WHERE {task} AND sequence = 0))"
        )
        return [
            Checkpoint(topic, partition, Cut(r[3], r[4]), r[7], Cut(r[5], r[6]) if r[5] else None, epoch, *r[8:])
            for r in rows
        ]

    def chain_at(self, topic: str, partition: int, valid: Chain, offset: int | None) -> Chain:
        """The chain up to its newest checkpoint that is not beyond an offset (None: the newest of all)."""
        if valid.head is None or offset is None:
            return valid
        terms, lasts = _numbers(list(valid.last), "UInt64"), _numbers(list(valid.last.values()), "Int64")
        rows: Sequence[tuple[Any, ...]] = self.native.execute(
            f"SELECT {', '.join(_CHECKPOINT)} FROM {self.address.database}.checkpoints WHERE epoch = {valid.epoch} "
            f"AND {task_is(topic, partition)} AND toInt64(sequence) <= transform(toUInt64(term), {terms}, {lasts}, "
            f"toInt64(-1)) AND offsets[{quote(topic)}] <= {offset} ORDER BY term DESC, sequence DESC LIMIT 1"
        )
        if not rows:
            return Chain(None, {}, valid.epoch)
        cut = Cut(rows[0][3], rows[0][4])
        last = {term: sequence for term, sequence in valid.last.items() if term < cut.term} | {cut.term: cut.sequence}
        return Chain(Checkpoint(topic, partition, cut, rows[0][7], None, valid.epoch, *rows[0][8:]), last, valid.epoch)

    def load(
        self, table: str, topic: str, partition: int, valid: Chain, columns: tuple[str, ...],
        keys: Sequence[tuple[str, ...]] | None = None,
    ) -> pa.Table:  # fmt: skip
        """Read each key's newest row on the chain; rows of the same version are equal, so any of them will do.

        Rows of closed hours and days, which hold the whole past, are not loaded: nothing changes them any more.
        """
        key = ", ".join(TABLES[table].key)
        cut = f"{task_is(topic, partition)} AND {on_chain(valid)}"
        only = f"AND ({key}) IN ({', '.join(f'({_quoted(one)})' for one in keys)}) " if keys else ""
        closed = ""
        if TABLES[table].closes:
            closed = (
                "JOIN (SELECT group_id, max(closed_hour) AS open_hour, max(closed_day) AS open_day "
                f"FROM {self.address.database}.group_states WHERE {cut} GROUP BY group_id) AS closed USING (group_id)"
            )
            only += "AND bucket >= if(daily = 1, open_day, open_hour) "
        return self.read(
            f"SELECT {', '.join(columns)} FROM {self.address.database}.{table} {closed} WHERE {cut} {only}"
            f"ORDER BY {key}, version DESC LIMIT 1 BY {key}",
            LONG,
        )

    def event_ids(self, table: str, topic: str, partition: int, first: int, end: int) -> pa.Table:
        """Read back the ids of the records landed at offsets `first` to `end` - 1, excluded ones left out."""
        return self.read(
            f"SELECT DISTINCT event_hash, offset FROM {self.address.database}.{table} "
            f"WHERE {task_is(topic, partition)} AND offset >= {max(first, 0)} AND offset < {end} AND excluded = 0 "
            "ORDER BY offset"
        )

    def epoch(self, contract: str = COMMUNITY.contract) -> Epoch | None:
        """The newest epoch of a topic of the contract that is ready."""
        ready = [epoch for epoch, is_ready in self.epochs(contract) if is_ready]
        return max(ready, key=lambda epoch: epoch.number, default=None)

    def time_zones(self, default: str) -> tuple[str, str]:
        """The time zones of days in chat and in the product: that in which an agent's numbers are computed; where it
        has none yet, another source's; `default` when there are none at all."""
        epochs = {agent.contract: self.epoch(agent.contract) for agent in SOURCES}
        known = {contract: json.loads(epoch.settings)["time_zone"] for contract, epoch in epochs.items() if epoch}
        zone = known.get(COMMUNITY.contract) or next(iter(known.values()), default)
        return zone, known.get(PRODUCT.contract, zone)

    def epochs(self, contract: str = COMMUNITY.contract) -> list[tuple[Epoch, bool]]:
        """All epochs of a topic of the contract, and whether they are ready; of several claims to one, the first."""
        rows: Sequence[tuple[Any, ...]] = self.native.execute(
            f"SELECT epoch, argMin(({', '.join(_EPOCH[1:])}), (made_at, {', '.join(_EPOCH[1:])})), max(ready) "
            f"FROM {self.address.database}.epochs "
            f"WHERE contract = {quote(contract)} GROUP BY epoch ORDER BY epoch"
        )
        return [(Epoch(number, first[0], Origin(*first[1:]), contract), bool(ready)) for number, first, ready in rows]

    def claim(self, epoch: Epoch, ready: bool = True) -> None:
        """Write the epoch's row; one that is not ready is neither read nor written by workers yet."""
        origin = epoch.origin
        made = (epoch.number, epoch.settings, origin.cluster, origin.topic, origin.topic_id, origin.partitions)
        columns = ", ".join((*_EPOCH, "contract", "ready"))
        statement = f"INSERT INTO {self.address.database}.epochs ({columns}) VALUES"
        self.native.execute(statement, [(*made, epoch.contract, ready)])

    def read(self, query: str, settings: dict[str, Any] | None = None) -> pa.Table:
        """A query's result as an Arrow table."""
        answer = self.bulk.query(query, settings)
        if not answer:
            raise ServiceError(f"{self.address} returned an empty answer to a query: try again.")
        try:
            with pa.ipc.open_stream(answer) as reader:
                return reader.read_all()
        except (pa.ArrowException, OSError) as error:
            raise BackpressureError(f"{self.address} returned a truncated answer: {error}.") from error


def on_chain(valid: Chain) -> str:
    """The condition that a row of a task was written by the checkpoints of a chain."""
    terms, lasts = list(valid.last), list(valid.last.values())
    term = f"bitAnd(bitShiftRight(version, {TERM_SHIFT}), {TERM_MASK})"
    sequence = f"toInt64(bitAnd(bitShiftRight(version, {SEQUENCE_SHIFT}), {SEQUENCE_MASK}))"
    last = f"transform({term}, {_numbers(terms, 'UInt64')}, {_numbers(lasts, 'Int64')}, toInt64(-1))"
    return f"bitShiftRight(version, {EPOCH_SHIFT}) = {valid.epoch} AND {sequence} <= {last}"


def _pair(cut: Cut | None) -> tuple[int, int]:
    return (cut.term, cut.sequence) if cut else (0, 0)


def _numbers(values: list[int], kind: str) -> str:
    """An SQL array literal; never empty, so that its type is known."""
    return f"[{', '.join(f'to{kind}({value})' for value in values or [0])}]"
