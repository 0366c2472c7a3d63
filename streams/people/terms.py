"""Which terms of people's rows are read: one counts once all its rows have landed and Kafka has taken the commit."""

from schemas.agents import PEOPLE
from sinks.clickhouse.partitions import drop_partition, partitions
from sinks.clickhouse.store import ClickHouseStore, quote
from sinks.contract import Head


def publish(store: ClickHouseStore, heads: list[Head], history: int = 0, known: int = 0) -> None:
    """Have the rows of these heads' terms, and this history, be read from now on.

    A term's first head, which stands before any of its rows, changes nothing. Nor does any when a version that is
    `known` to have been published is gone: the database is an older backup, and rows of the flush may have been lost.
    """
    table = f"{store.address.database}.people_terms"
    for head in heads:
        if head.cut.sequence > 0:
            store.native.execute(
                f"INSERT INTO {table} (topic, partition, version, history) "
                f"SELECT {quote(head.topic)}, {head.partition}, {head.version}, {history} FROM "
                f"(SELECT max(version) AS newest FROM {table} WHERE partition = {head.partition}) "
                f"WHERE newest >= {known}"
            )


def published(store: ClickHouseStore, share: int) -> int:
    """The newest version of a share's rows that has been published; 0: none."""
    ((version,),) = store.native.execute(
        f"SELECT max(version) FROM {store.address.database}.people_terms WHERE partition = {share}"
    )
    return int(version)


def drop_older(store: ClickHouseStore, share: int, term: int) -> None:
    """Drop the rows of a share's terms before this one, whoever landed them."""
    for table in PEOPLE.states:
        for partition in partitions(store.native, table.name):
            of, written = (int(part) for part in partition.strip("()").split(","))
            if of == share and written < term:
                drop_partition(store.native, table.name, partition)
