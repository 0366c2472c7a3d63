"""Refuses a database that is not as this version needs it: its migrations, and the columns of what an agent writes."""

import time

from schemas.agents import AGENTS, AgentSpec
from schemas.errors import DataError, ServiceError
from sinks.clickhouse import migrations
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.schema import declared, differences

#: Seconds after which migrations are checked, too.
_EVERY_S = 60.0


def written_by(agent: AgentSpec) -> frozenset[str]:
    """The tables that an agent writes: its own, and those that all share."""
    others = {table.name for other in AGENTS.values() if other is not agent for table in other.tables}
    return frozenset(declared().keys() - (others - {table.name for table in agent.tables}))


def check(address: Address, tables: frozenset[str]) -> None:
    """Refuse a database that this version's migrations did not make, or in whose `tables` a column was changed since.

    An additional column is accepted. Raises `ServiceError` when migrations are missing, `DataError` when there are
    unknown ones, or when columns differ.
    """
    if missing := migrations.pending(address, "UTC"):
        raise ServiceError(
            f"{address}: the database {address.database} lacks {', '.join(missing)}: run `groupvitals migrate`."
        )
    if found := [str(one) for one in differences(address, tables) if not one.extra]:
        raise DataError(
            f"{address}: the database {address.database} was changed since it was migrated: {'; '.join(found)}. No "
            "worker lands anything there: run `groupvitals migrate`, which says what to do."
        )


class Guard:
    """`check` for an agent that repeats it often: one small query while its tables are unchanged."""

    def __init__(self, native: Native, agent: AgentSpec) -> None:
        self._native, self._tables = native, written_by(agent)
        self._seen, self._checked_at = -1, float("-inf")

    def __call__(self) -> None:
        """Raises as `check`. Newer versions' migrations that leave these tables alone are noticed within a minute."""
        address, now = self._native.address, time.monotonic()
        ((seen,),) = self._native.execute(
            "SELECT groupBitXor(cityHash64(table, name, type)) FROM system.columns "
            "WHERE database = %(database)s AND table IN %(tables)s", None,
            {"database": address.database, "tables": tuple(sorted(self._tables))},
        )  # fmt: skip
        if seen != self._seen or now - self._checked_at > _EVERY_S:
            check(address, self._tables)
            self._seen, self._checked_at = seen, now
