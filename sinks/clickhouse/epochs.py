"""Epochs as a whole: which tables have them, how one is dropped."""

from sinks.clickhouse.connection import Address, Native

#: Tables whose rows are computed from records, and belong to an epoch.
COMPUTED = ("group_states", "membership_states", "pane_states", "group_days", "member_days")


def drop_epoch(address: Address, number: int) -> None:
    """Drop all rows and checkpoints of an epoch; there may be none."""
    native = Native(address)
    local, on_cluster = ("_local", f" ON CLUSTER '{address.cluster}'") if address.cluster else ("", "")
    for table in (*COMPUTED, "checkpoints"):
        native.execute(
            f"ALTER TABLE {address.database}.{table}{local}{on_cluster} DROP PARTITION {number} "
            "SETTINGS max_partition_size_to_drop = 0"
        )


def epochs_with_rows(address: Address) -> list[int]:
    """Numbers of the epochs that take room."""
    tables = tuple(f"{table}{'_local' if address.cluster else ''}" for table in (*COMPUTED, "checkpoints"))
    rows = Native(address).execute(
        "SELECT DISTINCT toUInt8(partition) FROM system.parts WHERE active AND database = %(database)s "
        "AND table IN %(tables)s ORDER BY 1",
        None,
        {"database": address.database, "tables": tables},
    )
    return [row[0] for row in rows]
