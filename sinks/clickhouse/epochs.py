"""The epochs of an agent's topic as a whole: which have rows, and how one is dropped.

Each agent has epochs of its own, with the same numbers, and checkpoints in the same table.
"""

from schemas.agents import AgentSpec
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.partitions import drop_partition
from sinks.clickhouse.store import quote


def drop_epoch(address: Address, number: int, agent: AgentSpec) -> None:
    """Drop all rows, checkpoints and heads of an agent's epoch, if there are any."""
    native = Native(address)
    parts = [(table.name, str(number)) for table in agent.computed if not table.shared]
    checkpointed = _checkpointed(native, agent)
    parts += [
        (table, f"({quote(topic)}, {number})")
        for table in ("checkpoints", "heads", *(table.name for table in agent.computed if table.shared))
        for topic, epoch in checkpointed
        if epoch == number
    ]
    for table, partition in parts:
        drop_partition(native, table, partition)


def epochs_with_rows(address: Address, agent: AgentSpec) -> list[int]:
    """Numbers of the agent's epochs that occupy space."""
    native = Native(address)
    own = [table.name for table in agent.computed if not table.shared]
    tables = tuple(f"{name}{'_local' if address.cluster else ''}" for name in own)
    rows = native.execute(
        "SELECT DISTINCT toUInt8(partition) FROM system.parts WHERE active AND database = %(database)s "
        "AND table IN %(tables)s",
        None,
        {"database": address.database, "tables": tables},
    )
    return sorted({row[0] for row in rows} | {epoch for _, epoch in _checkpointed(native, agent)})


def _checkpointed(native: Native, agent: AgentSpec) -> list[tuple[str, int]]:
    """Topic and epoch of all checkpoints of an agent."""
    d = native.address.database
    rows = native.execute(
        f"SELECT DISTINCT topic, epoch FROM {d}.checkpoints "
        f"WHERE topic IN (SELECT topic FROM {d}.epochs WHERE contract = {quote(agent.contract)})"
    )
    return [(topic, epoch) for topic, epoch in rows]
