"""How far the topics of a database are landed, so that whoever reads again reads only what is new.

A checkpoint vouches for all rows up to its version, and for all records before its offset. Rows of a flush that has no
checkpoint yet may be seen early, and are seen again.
"""

from dataclasses import dataclass, field

from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Cut


@dataclass(frozen=True)
class Marks:
    """Epoch of every topic; version and next offset of the newest checkpoint of every (topic, partition)."""

    epochs: dict[str, int] = field(default_factory=dict)
    versions: dict[tuple[str, int], int] = field(default_factory=dict)
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)

    def newer(self, contract: str, column: str, values: dict[tuple[str, int], int], sign: str) -> str:
        """The condition that a row of a topic of the contract has more than the mark of its partition."""
        mine = {partition: value for (topic, partition), value in values.items() if topic.endswith(contract)}
        partitions, bounds = ([f"toUInt64({n})" for n in numbers] for numbers in (mine, mine.values()))
        if not mine:
            return "1"
        bound = f"transform(toUInt64(partition), [{', '.join(partitions)}], [{', '.join(bounds)}], toUInt64(0))"
        return f"{column} {sign} {bound}"

    def topics(self, contract: str) -> list[str]:
        """The topics of the contract of which something is landed."""
        return [topic for topic in self.epochs if topic.endswith(contract)]


def marks(store: ClickHouseStore) -> Marks:
    """How far everything is landed now, in the epochs that are read."""
    d, found = store.address.database, Marks()
    rows = store.native.execute(
        "SELECT topic, partition, epoch, argMax((term, sequence, offsets[topic]), (term, sequence)) "
        f"FROM {d}.checkpoints WHERE (topic, epoch) IN "
        f"(SELECT topic, max(epoch) FROM {d}.epochs WHERE ready = 1 GROUP BY topic) GROUP BY topic, partition, epoch"
    )
    for topic, partition, epoch, (term, sequence, offset) in rows:
        found.epochs[topic] = epoch
        found.versions[topic, partition] = Cut(term, sequence).version(epoch)
        found.offsets[topic, partition] = offset
    return found
