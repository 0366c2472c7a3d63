"""The epochs of chat as a whole: which tables have them, how one is dropped."""

from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.store import CHAT, quote

#: Tables whose rows are computed from records, and belong to an epoch.
COMPUTED = ("group_states", "membership_states", "pane_states", "group_days", "member_days")
#: Other agents have epochs of their own, with the same numbers, and checkpoints in the same table.
_OURS = f"endsWith(topic, '{CHAT}')"


def drop_epoch(address: Address, number: int) -> None:
    """Drop all rows and checkpoints of an epoch; there may be none."""
    native = Native(address)
    local, on_cluster = ("_local", f" ON CLUSTER '{address.cluster}'") if address.cluster else ("", "")
    parts = [(table, str(number)) for table in COMPUTED]
    parts += [
        ("checkpoints", f"({quote(topic)}, {number})") for topic, epoch in _checkpointed(native) if epoch == number
    ]
    for table, partition in parts:
        native.execute(
            f"ALTER TABLE {address.database}.{table}{local}{on_cluster} DROP PARTITION {partition} "
            "SETTINGS max_partition_size_to_drop = 0"
        )


def epochs_with_rows(address: Address) -> list[int]:
    """Numbers of the epochs that take room."""
    native = Native(address)
    tables = tuple(f"{table}{'_local' if address.cluster else ''}" for table in COMPUTED)
    rows = native.execute(
        "SELECT DISTINCT toUInt8(partition) FROM system.parts WHERE active AND database = %(database)s "
        "AND table IN %(tables)s",
        None,
        {"database": address.database, "tables": tables},
    )
    return sorted({row[0] for row in rows} | {epoch for _, epoch in _checkpointed(native)})


def _checkpointed(native: Native) -> list[tuple[str, int]]:
    """Topic and epoch of all checkpoints."""
    rows = native.execute(f"SELECT DISTINCT topic, epoch FROM {native.address.database}.checkpoints WHERE {_OURS}")
    return [(topic, epoch) for topic, epoch in rows]
