"""How far each topic of the contract counts for good: the newest vouched head of every partition.

A head is landed once Kafka has taken the commit of its checkpoint, so nothing up to it can become void. All rows of its
version and below that stand on the task's chain of checkpoints are there. It never goes back, unless the database was
restored from an older backup; then the workers that take over continue in newer terms, from the offsets at which these
began.
"""

from dataclasses import dataclass, field

from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Cut, Head


@dataclass(frozen=True)
class Vouched:
    """A topic in the epoch in use: its name on the broker, and the newest head of every partition that has one.

    A partition has none until a worker of this version has taken it over in this epoch.
    """

    topic: str
    epoch: int
    partitions: int
    heads: dict[int, Head] = field(default_factory=dict)


def read_heads(store: ClickHouseStore) -> dict[str, Vouched]:
    """The topics in use by the names that they have in the contract. One small query; good for polling."""
    d, found = store.address.database, dict[str, Vouched]()
    rows = store.native.execute(
        "SELECT contract, topic, epoch, partitions, partition, term, sequence, next_offset, begin_offset, clock_ms, "
        f"worker FROM {d}.heads_now"
    )
    for contract, topic, epoch, partitions, partition, term, sequence, *where in rows:
        vouched = found.setdefault(contract, Vouched(topic, epoch, partitions))
        if term:  # else there is no head yet
            vouched.heads[partition] = Head(topic, partition, epoch, Cut(term, sequence), *where)
    return found
