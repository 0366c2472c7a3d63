"""Which records operators have excluded: the newest decision about a record, in topic order, counts."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from aiokafka.structs import ConsumerRecord
from numpy.typing import NDArray

from schemas.errors import InvalidEventError
from schemas.kafka import Kafka
from schemas.operations import Exclude
from schemas.topics import OPERATIONS
from schemas.validate import validate
from streams.kafka.reading import committed_reader

_NONE = np.empty(0, np.int64)


@dataclass
class Exclusions:
    """The exclusions of the records of one topic of the contract.

    `decided`: whether there ever was one, even if undone since.
    """

    contract: str
    decided: bool = False

    def __post_init__(self) -> None:
        self._in_force: dict[tuple[int, int], Exclude] = {}
        self._offsets: dict[int, NDArray[np.int64]] = {}

    @property
    def in_force(self) -> list[Exclude]:
        """Exclusions in force, by partition and offset."""
        return [self._in_force[place] for place in sorted(self._in_force)]

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """Take more records of the topic of operations; those that break the contract are ignored."""
        for record in records:
            try:
                event = validate(OPERATIONS.name, record.value, record.timestamp)
            except InvalidEventError:
                continue
            if not isinstance(event, Exclude) or event.topic != self.contract:
                continue
            self.decided = True
            if event.undo:
                self._in_force.pop((event.partition, event.offset), None)
            else:
                self._in_force[event.partition, event.offset] = event
        found: dict[int, list[int]] = {}
        for partition, offset in sorted(self._in_force):
            found.setdefault(partition, []).append(offset)
        self._offsets = {partition: np.array(offsets, np.int64) for partition, offsets in found.items()}

    def offsets(self, partition: int) -> NDArray[np.int64]:
        """Offsets of the excluded records of a partition, ascending. Safe to call while another thread takes more."""
        return self._offsets.get(partition, _NONE)

    def rows(self, partition: int, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indices of those offsets (ascending) that belong to excluded records."""
        excluded = self.offsets(partition)
        if not len(excluded) or not len(offsets) or excluded[0] > offsets[-1] or excluded[-1] < offsets[0]:
            return _NONE
        return np.flatnonzero(np.isin(offsets, excluded))


def read_exclusions(kafka: Kafka, prefix: str, contract: str) -> Exclusions:
    """The decisions so far about the records of a contract topic. Raises `ServiceError` when Kafka is unreachable."""
    found = Exclusions(contract)
    with committed_reader(kafka) as reader:
        found.take(reader.read(reader.bounds(reader.partitions(prefix + OPERATIONS.name))))
    return found
