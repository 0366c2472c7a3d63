"""Questions about the state of a deployment, cheap enough to ask while it runs; each says what a row means."""

from dataclasses import dataclass

from sinks.clickhouse.connection import Native


@dataclass(frozen=True)
class SplitGroup:
    """A group whose events went to several partitions: its producers place keys differently."""

    group_id: str
    partitions: tuple[int, ...]

    def __str__(self) -> str:
        places = " and ".join(map(str, self.partitions))
        return (
            f"The group {self.group_id} has events in partitions {places}, so each counts only a part of it. Its "
            "producers place keys differently: librdkafka needs partitioner=murmur2_random to agree with Java, "
            "aiokafka and kafka-python. Fix the producers, then import into a new topic and database."
        )


def split_groups(native: Native, most: int = 20) -> list[SplitGroup]:
    """Groups of the epoch in use that are in more than one partition; reads one small column per group."""
    database = native.address.database
    rows = native.execute(
        f"SELECT group_id, arraySort(groupUniqArray(partition)) FROM {database}.group_states WHERE "
        f"bitShiftRight(version, 56) = (SELECT epoch FROM {database}.epoch) "
        f"GROUP BY topic, group_id HAVING uniqExact(partition) > 1 ORDER BY group_id LIMIT {most}"
    )
    return [SplitGroup(group_id, tuple(partitions)) for group_id, partitions in rows]
