"""How far the topics of a database have landed, so that a later read only reads what is new.

A head vouches for all rows up to its version, and all records before its offset. Rows of a flush without one may be
read early, and are then read again.
"""

from dataclasses import dataclass, field, replace

from schemas.agents import FOLLOWED, SOURCES
from sinks.clickhouse.readers.heads import read_heads
from sinks.clickhouse.store import ClickHouseStore, quote
from sinks.contract import EPOCH_SHIFT, TERM_SHIFT, Cut

#: The condition that a landed record counts.
_COUNTS = "duplicate = 0 AND excluded = 0"
#: Contract topics whose records people read, and those of them whose clocks are the deployment's time and cut days.
_TOPICS, _TIMED = (frozenset(agent.contract for agent in agents) for agents in (FOLLOWED, SOURCES))


@dataclass(frozen=True)
class Marks:
    """By the names that topics have in the contract: topic on the broker, and epoch; and by (contract, partition)
    of the newest head: its version, next offset, and, of sources, its clock. `begins`: the least offset at which its
    term began, or one between it and that of the marks before."""

    topics: dict[str, str] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    versions: dict[tuple[str, int], int] = field(default_factory=dict)
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    begins: dict[tuple[str, int], int] = field(default_factory=dict, compare=False)
    clocks: dict[tuple[str, int], int] = field(default_factory=dict)
    #: How many partitions each topic has.
    partitions: dict[str, int] = field(default_factory=dict)
    #: How often closed hours and days were corrected: the rows belong to versions of before.
    corrections: int = 0
    #: The present, by ClickHouse's clock, when these were read.
    present_ms: int = field(default=0, compare=False)

    @property
    def timed(self) -> "Marks":
        """Those of the sources alone, whose clocks are the deployment's time and cut days."""
        return replace(
            self,
            topics={contract: topic for contract, topic in self.topics.items() if contract in _TIMED},
            epochs={contract: number for contract, number in self.epochs.items() if contract in _TIMED},
            partitions={contract: count for contract, count in self.partitions.items() if contract in _TIMED},
        )

    @property
    def ahead(self) -> bool:
        """Whether a clock is ahead of the present: then event time goes on with the present, and no record says so."""
        return max(self.clocks.values(), default=0) > self.present_ms

    def went_back(self, now: "Marks") -> bool:
        """Whether what was read up to these marks may no longer hold: another epoch, a head that is gone or older, a
        term that began before, or a correction. `now` are marks that were read with these as those before."""
        return (
            any(now.epochs.get(contract) != epoch for contract, epoch in self.epochs.items())
            or any(now.versions.get(place, 0) < version for place, version in self.versions.items())
            or any(now.begins[place] < self.offsets[place] for place in self.renewed(now))
            or bool(self.topics and self.corrections != now.corrections)
        )

    def moved(self, now: "Marks", contract: str) -> bool:
        """Whether a topic has another newest head in any partition by now, or has come or gone."""
        before, after = ({at: v for at, v in one.versions.items() if at[0] == contract} for one in (self, now))
        return before != after

    def renewed(self, now: "Marks") -> list[tuple[str, int]]:
        """Partitions of whose epoch another term has the newest head by now."""
        return [
            place
            for place, version in self.versions.items()
            if place in now.versions
            and now.versions[place] >> TERM_SHIFT > version >> TERM_SHIFT
            and now.versions[place] >> EPOCH_SHIFT == version >> EPOCH_SHIFT
        ]

    def newer(self, contract: str, column: str, values: dict[tuple[str, int], int], sign: str) -> str:
        """The condition that a row of a contract topic is newer than the mark of its partition.

        Once every partition has one, it also names the least, by which ClickHouse passes over parts that have no newer
        row; it cannot tell from an expression.
        """
        mine = {partition: value for (of, partition), value in values.items() if of == contract}
        partitions, bounds = ([f"toUInt64({n})" for n in numbers] for numbers in (mine, mine.values()))
        if not mine:
            return "1"
        bound = f"transform(toUInt64(partition), [{', '.join(partitions)}], [{', '.join(bounds)}], toUInt64(0))"
        least = f" AND {column} {sign} {min(mine.values())}" if len(mine) == self.partitions.get(contract) else ""
        return f"{column} {sign} {bound}{least}"

    def new_records(self, contract: str) -> str:
        """The condition that a landed record of a topic counts, and is beyond its marks, if there are any."""
        if contract not in self.topics:
            return _COUNTS
        mine = {partition: offset for (of, partition), offset in self.offsets.items() if of == contract}
        places = [f"(partition = {partition} AND offset >= {offset})" for partition, offset in sorted(mine.items())]
        if len(mine) < self.partitions.get(contract, 0):
            places.append(f"partition NOT IN ({', '.join(map(str, mine))})")
        ours = f"topic = {quote(self.topics[contract])} AND ({' OR '.join(places)})"
        return f"{ours} AND {_COUNTS}"


def marks(store: ClickHouseStore, before: Marks = Marks()) -> Marks:
    """How far everything has landed for good, in the epochs in use; `before`: the marks that were read before."""
    d = store.address.database
    ((corrections, present_ms),) = store.native.execute(
        f"SELECT count(), toUnixTimestamp64Milli(now64(3)) FROM {d}.corrections"
    )
    found = Marks(corrections=corrections, present_ms=present_ms)
    for contract, vouched in read_heads(store).items():
        if contract not in _TOPICS or not vouched.heads:
            continue
        found.topics[contract], found.epochs[contract] = vouched.topic, vouched.epoch
        found.partitions[contract] = vouched.partitions
        for partition, head in vouched.heads.items():
            place = contract, partition
            found.versions[place], found.offsets[place] = head.version, head.next_offset
            found.begins[place] = head.begin_offset
            if contract in _TIMED:
                found.clocks[place] = head.clock_ms
    for place in before.renewed(found):
        found.begins[place] = min(found.begins[place], _least_begin(store, found, place, before.versions[place]))
    return found


def _least_begin(store: ClickHouseStore, now: Marks, place: tuple[str, int], version: int) -> int:
    """The least offset at which a term of a partition began that is newer than that of a head of this version."""
    contract, partition = place
    topic = quote(now.topics[contract])
    ((least,),) = store.native.execute(
        f"SELECT min(offsets[{topic}]) FROM {store.address.database}.checkpoints WHERE epoch = {now.epochs[contract]} "
        f"AND topic = {topic} AND partition = {partition} AND sequence = 0 AND term > {Cut.of(version).term}"
    )
    return int(least)
