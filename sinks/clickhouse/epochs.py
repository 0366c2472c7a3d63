"""The epochs of an agent's topic as a whole: which tables have them, how one is dropped.

Each agent has epochs of its own, with the same numbers, and checkpoints in the same table.
"""

from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.store import CHAT, PRODUCT, quote

#: Tables whose rows are computed from the records of a topic of the contract, and belong to an epoch.
COMPUTED = {
    CHAT: ("group_states", "membership_states", "pane_states", "group_days", "member_days"),
    PRODUCT: ("user_states", "user_reference_states"),
}


def drop_epoch(address: Address, number: int, contract: str = CHAT) -> None:
    """Drop all rows and checkpoints of a topic's epoch; there may be none."""
    native = Native(address)
    local, on_cluster = ("_local", f" ON CLUSTER '{address.cluster}'") if address.cluster else ("", "")
    parts = [(table, str(number)) for table in COMPUTED[contract]]
    checkpointed = _checkpointed(native, contract)
    parts += [("checkpoints", f"({quote(topic)}, {number})") for topic, epoch in checkpointed if epoch == number]
    for table, partition in parts:
        native.execute(
            f"ALTER TABLE {address.database}.{table}{local}{on_cluster} DROP PARTITION {partition} "
            "SETTINGS max_partition_size_to_drop = 0"
        )


def epochs_with_rows(address: Address, contract: str = CHAT) -> list[int]:
    """Numbers of the topic's epochs that take room."""
    native = Native(address)
    tables = tuple(f"{table}{'_local' if address.cluster else ''}" for table in COMPUTED[contract])
    rows = native.execute(
        "SELECT DISTINCT toUInt8(partition) FROM system.parts WHERE active AND database = %(database)s "
        "AND table IN %(tables)s",
        None,
        {"database": address.database, "tables": tables},
    )
    return sorted({row[0] for row in rows} | {epoch for _, epoch in _checkpointed(native, contract)})


def _checkpointed(native: Native, contract: str) -> list[tuple[str, int]]:
    """Topic and epoch of all checkpoints of a topic of the contract."""
    rows = native.execute(
        f"SELECT DISTINCT topic, epoch FROM {native.address.database}.checkpoints "
        f"WHERE endsWith(topic, {quote(contract)})"
    )
    return [(topic, epoch) for topic, epoch in rows]
