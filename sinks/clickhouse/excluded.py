"""Landed records that are excluded: which are marked, and how the marks follow operators' decisions.

A mark says that the numbers in use leave a record out; it is the record's column `excluded`. Facts have no marks: those
of excluded records are removed, and come back from the landed records.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.agents import CALLING_KINDS, AgentSpec
from schemas.tables import FIRST_PLACE
from sinks.clickhouse.journeys import copy_acts
from sinks.clickhouse.store import LONG, ClickHouseStore, quote, task_is


@dataclass(frozen=True)
class ExcludedRecords:
    """The landed records of one task of an agent."""

    store: ClickHouseStore
    topic: str
    partition: int
    agent: AgentSpec

    @property
    def _where(self) -> str:
        return f"{self.store.address.database}.{self.agent.raw.name} WHERE {task_is(self.topic, self.partition)}"

    def marked(self, end: int = 1 << 62) -> set[int]:
        """Offsets below `end` of marked records."""
        return self._offsets(f"excluded = 1 AND offset < {end}")

    def landed(self, offsets: Iterable[int], end: int = 1 << 62) -> set[int]:
        """Which of these offsets below `end` have a landed record."""
        return self._offsets(f"{_among(offsets)} AND offset < {end}")

    def _offsets(self, condition: str) -> set[int]:
        rows = self.store.native.execute(f"SELECT DISTINCT offset FROM {self._where} AND {condition}", settings=LONG)
        return {int(row[0]) for row in rows}

    def mark(self, offsets: Iterable[int], end: int = 1 << 62) -> set[int]:
        """Mark exactly these of the records below `end`. Returns the offsets whose mark has changed."""
        before, wanted = self.marked(end), self.landed(offsets, end)
        for changed, mark in ((wanted - before, 1), (before - wanted, 0)):
            if changed:
                task = f"{task_is(self.topic, self.partition)} AND {_among(changed)}"
                self._alter(self.agent.raw.name, f"UPDATE excluded = {mark} WHERE {task}")
        if (changed := wanted ^ before) and self.agent.facts is not None:
            self._facts_of(changed)
            self._acts_of(changed)
        return changed

    def _facts_of(self, changed: set[int]) -> None:
        """Replace the facts of these records by those of the records of the same events that count."""
        facts = self.agent.facts
        assert facts is not None
        key, table = ", ".join(facts.table.key), f"{self.store.address.database}.{facts.table.name}"
        rows = self.store.native.execute(
            f"SELECT DISTINCT {key} FROM {self._where} AND {_among(changed)} AND ({_is_fact(self.agent)})",
            settings=LONG,
        )
        if not rows:
            return
        same = f"({key}) IN ({', '.join(map(_literal, rows))})"
        self._alter(facts.table.name, f"DELETE WHERE {same}")
        columns = ", ".join([*facts.columns, "topic", "partition", "offset"])
        place = f"toUInt64(greatest({FIRST_PLACE} - toInt64(offset), 0))"
        self.store.native.execute(
            f"INSERT INTO {table} ({columns}, version) "
            f"SELECT {columns}, {place} FROM {self._where} AND {same} AND excluded = 0 "
            f"AND ({_is_fact(self.agent)}) ORDER BY offset LIMIT 1 BY {key}",
            settings=LONG,
        )
        if self.agent.names:
            at = facts.table.key.index("group_id"), facts.table.key.index("member_id")
            self._names_of({(row[at[0]], row[at[1]]) for row in rows})

    def _acts_of(self, changed: set[int]) -> None:
        """Copy these records' acts again, as they count now."""
        epoch = self.store.epoch(self.agent.contract)
        where = f"{task_is(self.topic, self.partition)} AND {_among(changed)}"
        copy_acts(self.store, self.agent.contract, epoch.number if epoch else 0, where)

    def _names_of(self, named: set[tuple[str, str]]) -> None:
        """Rename groups and members as the remaining facts say."""
        names, d = f"(group_id, member_id) IN ({', '.join(map(_literal, sorted(named)))})", self.store.address.database
        self._alter("names", f"DELETE WHERE {names}")
        ((view,),) = self.store.native.execute(
            "SELECT as_select FROM system.tables WHERE database = %(database)s AND name = 'names_of_facts'",
            parameters={"database": d},
        )
        self.store.native.execute(
            f"INSERT INTO {d}.names (group_id, member_id, newness, name) "
            f"SELECT group_id, member_id, newness, name FROM ({view}) WHERE {names}",
            settings=LONG,
        )

    def _alter(self, table: str, change: str) -> None:
        address = self.store.address
        local, on_cluster = ("_local", f" ON CLUSTER '{address.cluster}'") if address.cluster else ("", "")
        self.store.native.execute(
            f"ALTER TABLE {address.database}.{table}{local}{on_cluster} {change}",
            settings={"mutations_sync": 2, **LONG},
        )


def _among(offsets: Iterable[int]) -> str:
    return f"offset IN ({', '.join(map(str, sorted(offsets))) or 'NULL'})"


def _literal(key: tuple[str | int, ...]) -> str:
    return f"({', '.join(quote(one) if isinstance(one, str) else str(one) for one in key)})"


def _is_fact(agent: AgentSpec) -> str:
    """The condition that a landed record is also a fact."""
    assert agent.facts is not None
    types = f"type IN ({', '.join(map(quote, agent.facts.types))})"
    if not agent.facts.calling:
        return types
    kinds = ", ".join(map(quote, CALLING_KINDS))
    return (
        f"{types} OR (type = 'message' AND (kind IN ({kinds}) OR notEmpty(link_ids) OR link_count > 0 OR mentions_all))"
    )
