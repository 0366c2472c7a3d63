"""Partitions of tables, on one server or a cluster: which there are, and how one is dropped."""

from sinks.clickhouse.connection import Native


def partitions(native: Native, table: str) -> list[str]:
    """Those of a table that have rows, as ClickHouse writes them."""
    address = native.address
    rows = native.execute(
        "SELECT DISTINCT partition FROM system.parts WHERE active AND database = %(database)s AND table = %(table)s",
        None, {"database": address.database, "table": f"{table}{'_local' if address.cluster else ''}"},
    )  # fmt: skip
    return [row[0] for row in rows]


def drop_partition(native: Native, table: str, partition: str) -> None:
    """Drop all rows of a partition, if there are any."""
    address = native.address
    local, on_cluster = ("_local", f" ON CLUSTER '{address.cluster}'") if address.cluster else ("", "")
    native.execute(
        f"ALTER TABLE {address.database}.{table}{local}{on_cluster} DROP PARTITION {partition} "
        "SETTINGS max_partition_size_to_drop = 0"
    )
