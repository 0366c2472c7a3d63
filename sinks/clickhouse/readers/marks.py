"""How far the topics of a database have landed, so that a later read only reads what is new.

A checkpoint covers all rows up to its version, and all records before its offset. Rows of a flush without a checkpoint
may be read early, and are then read again.
"""

from dataclasses import dataclass, field

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Cut

#: Topics whose records people are worked out from.
SOURCES = tuple(topic.name for topic in (CHAT, PRODUCT, LINKS))


@dataclass(frozen=True)
class Marks:
    """By the names that topics have in the contract: the topic on its broker, and its epoch; and of every partition
    (contract, partition) the version and the next offset of the newest checkpoint."""

    topics: dict[str, str] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    versions: dict[tuple[str, int], int] = field(default_factory=dict)
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    clocks: dict[tuple[str, int], int] = field(default_factory=dict)

    def newer(self, contract: str, column: str, values: dict[tuple[str, int], int], sign: str) -> str:
        """The condition that a row of a contract topic is newer than the mark of its partition."""
        mine = {partition: value for (of, partition), value in values.items() if of == contract}
        partitions, bounds = ([f"toUInt64({n})" for n in numbers] for numbers in (mine, mine.values()))
        if not mine:
            return "1"
        bound = f"transform(toUInt64(partition), [{', '.join(partitions)}], [{', '.join(bounds)}], toUInt64(0))"
        return f"{column} {sign} {bound}"


def marks(store: ClickHouseStore) -> Marks:
    """How far everything has landed now, in the epochs in use."""
    d, found = store.address.database, Marks()
    rows = store.native.execute(
        "SELECT contract, topic, partition, epoch, argMax((term, sequence, offsets[topic]), (term, sequence)) "
        f"FROM {d}.checkpoints JOIN (SELECT topic, contract, max(epoch) AS epoch FROM {d}.epochs WHERE ready = 1 "
        f"AND contract IN {SOURCES} GROUP BY topic, contract) AS used USING (topic, epoch) "
        "GROUP BY contract, topic, partition, epoch"
    )
    for contract, topic, partition, epoch, (term, sequence, offset) in rows:
        found.topics[contract], found.epochs[contract] = topic, epoch
        found.versions[contract, partition] = Cut(term, sequence).version(epoch)
        found.offsets[contract, partition] = offset
    return found
