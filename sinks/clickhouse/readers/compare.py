"""The rows of one task in two epochs, compared inside ClickHouse: those in use, at a cut, and those recomputed."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from schemas.agents import TABLES
from sinks.clickhouse.store import ClickHouseStore, on_chain, task_is
from sinks.contract import CORRECTED, EPOCH_SHIFT, Chain

_BESIDE = ("topic", "partition", "slot", "version")
_SETTINGS = {"max_bytes_before_external_group_by": 1 << 30}


@dataclass
class Difference:
    """A key whose row is not as it should be; None: there is no row."""

    table: str
    key: dict[str, Any]
    found: dict[str, Any] | None
    wanted: dict[str, Any] | None


@dataclass
class Compared:
    """The result of comparing one table: how many keys, which (hashes) differ or are left open, and some that differ.

    `corrected` rows are compared by the correction itself. Those left open were overwritten since the cut.
    """

    keys: int = 0
    corrected: int = 0
    different: set[int] = field(default_factory=set)
    open: set[int] = field(default_factory=set)
    examples: list[Difference] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """One task: `found` is the chain in use, up to the cut; `wanted` the recomputed epoch, up to its offset."""

    store: ClickHouseStore
    topic: str
    partition: int
    found: Chain
    wanted: int

    @property
    def _both(self) -> str:
        return (
            f"{task_is(self.topic, self.partition)} AND bitShiftRight(version, {EPOCH_SHIFT}) "
            f"IN ({self.found.epoch}, {self.wanted})"
        )

    @cached_property
    def _version(self) -> int:
        assert self.found.head is not None
        return self.found.head.cut.version(self.found.epoch) | CORRECTED

    def columns(self, table: str) -> list[str]:
        """The columns of a row other than its key and bookkeeping."""
        rows = self.store.native.execute(f"DESCRIBE TABLE {self.store.address.database}.{table}")
        return [row[0] for row in rows if row[0] not in (*TABLES[table].key, *_BESIDE)]

    def pairs(self, table: str, condition: str = "1") -> str:
        """A query for every key's two rows as hashes, and what happened to it since the cut."""
        key, columns = ", ".join(TABLES[table].key), ", ".join(self.columns(table))
        ours, recomputed = (f"bitShiftRight(version, {EPOCH_SHIFT}) = {n}" for n in (self.found.epoch, self.wanted))
        newer = f"{ours} AND version > {self._version}"
        overwritten = f"uniqExactIf(slot, {newer}) > 1" if TABLES[table].slots else "0"
        return (
            f"SELECT {key}, sipHash64({key}) AS hash, countIf({on_chain(self.found)}) > 0 AS has_found, "
            f"countIf({recomputed}) > 0 AS has_wanted, "
            f"argMaxIf(sipHash128({columns}), version, {on_chain(self.found)}) AS found, "
            f"argMaxIf(sipHash128({columns}), version, {recomputed}) AS wanted, "
            f"{overwritten} AS is_open, countIf({ours} AND bitAnd(version, {CORRECTED})) > 0 AS is_corrected, "
            "(has_found != has_wanted OR found != wanted) AS differs "
            f"FROM {self.store.address.database}.{table} WHERE {self._both} AND {condition} GROUP BY {key} "
            "HAVING has_found OR has_wanted"
        )

    def table(self, table: str, examples: int = 10) -> Compared:
        """Compare one table."""
        pairs = self.pairs(table)
        count = self.store.native.query(
            "SELECT count() AS keys, countIf(is_corrected) AS corrected, "
            "groupArrayIf(hash, differs AND NOT is_open AND NOT is_corrected) AS different, "
            f"groupArrayIf(hash, is_open AND NOT is_corrected) AS open FROM ({pairs})",
            settings=_SETTINGS,
        )[0]
        result = Compared(count["keys"], count["corrected"], set(count["different"]), set(count["open"]))
        if result.different:
            result.examples = self._examples(table, pairs, examples)
        return result

    def _examples(self, table: str, pairs: str, most: int) -> list[Difference]:
        key = ", ".join(TABLES[table].key)
        keys = self.store.native.query(
            f"SELECT {key} FROM ({pairs}) WHERE differs AND NOT is_open AND NOT is_corrected "
            f"ORDER BY {key} LIMIT {most}",
            settings=_SETTINGS,
        )
        chains = on_chain(self.found), f"bitShiftRight(version, {EPOCH_SHIFT}) = {self.wanted}"
        return [Difference(table, key, *(self._row(table, key, chain) for chain in chains)) for key in keys]

    def _row(self, table: str, key: dict[str, Any], chain: str) -> dict[str, Any] | None:
        rows = self.store.native.query(
            f"SELECT {', '.join(self.columns(table))} FROM {self.store.address.database}.{table} WHERE {self._both} "
            f"AND {chain} AND {' AND '.join(f'{name} = %({name})s' for name in key)} ORDER BY version DESC LIMIT 1",
            key,
        )
        return rows[0] if rows else None
