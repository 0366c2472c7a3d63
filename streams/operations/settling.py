"""Operators' decisions compared with the numbers in use: which records these leave out, and which they should."""

from collections.abc import Mapping

from schemas.agents import AgentSpec
from sinks.clickhouse.excluded import ExcludedRecords
from sinks.clickhouse.store import ClickHouseStore
from streams.operations.exclusions import Exclusions


class Settling:
    """The exclusions of one topic, and the marks of its landed records; `ends` are offsets by partition."""

    def __init__(self, store: ClickHouseStore, agent: AgentSpec, topic: str, exclusions: Exclusions) -> None:
        self._store, self._agent, self._topic, self._exclusions = store, agent, topic, exclusions

    def _landed(self, partition: int) -> ExcludedRecords:
        return ExcludedRecords(self._store, self._topic, partition, self._agent)

    def counted(self, ends: Mapping[int, int]) -> list[str]:
        """Records that are excluded but still counted by the numbers in use."""
        found = []
        for partition, end in ends.items():
            landed = self._landed(partition)
            offsets = landed.landed(self._exclusions.offsets(partition).tolist(), end) - landed.marked(end)
            found += [f"{self._agent.contract}/{partition}/{offset}" for offset in sorted(offsets)]
        return found

    def left_out(self, ends: Mapping[int, int]) -> list[str]:
        """Records that are no longer excluded but still left out of the numbers in use."""
        found = []
        for partition, end in ends.items():
            offsets = self._landed(partition).marked(end) - set(self._exclusions.offsets(partition).tolist())
            found += [f"{self._agent.contract}/{partition}/{offset}" for offset in sorted(offsets)]
        return found

    def passed_over(self, ends: Mapping[int, int]) -> int:
        """How many records the numbers in use leave out."""
        return sum(len(self._landed(partition).marked(end)) for partition, end in ends.items())

    def settle(self, ends: Mapping[int, int]) -> int:
        """Mark exactly what is excluded. Returns how many records' marks have changed."""
        decided = self._exclusions.offsets
        return sum(len(self._landed(p).mark(decided(p).tolist(), end)) for p, end in ends.items())
