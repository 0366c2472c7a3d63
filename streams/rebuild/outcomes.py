"""What a rebuild did, and what a comparison found."""

from dataclasses import asdict, dataclass, field
from typing import Any

from sinks.clickhouse.readers.compare import Compared


@dataclass
class Rebuilt:
    """What a rebuild did: records replayed, offsets at which nothing has landed, epochs dropped, records left out."""

    epoch: int
    records: int = 0
    missing: int = 0
    dropped: list[int] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """What was done, for humans and programs."""
        return asdict(self)


@dataclass
class Verified:
    """What a comparison found, by table; `partitions` have rows.

    Both leave out `excluded` records; the numbers in use do not know the newest decision about `unsettled` ones, and
    have not come as far as `behind` partitions of their sources.
    """

    tables: dict[str, Compared]
    records: int = 0
    missing: int = 0
    partitions: int = 0
    excluded: int = 0
    unsettled: int = 0
    behind: int = 0

    @property
    def different(self) -> int:
        """Keys whose rows differ."""
        return sum(len(found.different) for found in self.tables.values())

    def summary(self) -> dict[str, Any]:
        """What was found, for humans and programs."""
        counts = {table: {"keys": f.keys, "different": len(f.different)} for table, f in self.tables.items()}
        return {
            "records": self.records, "missing": self.missing, "partitions": self.partitions,
            "different": self.different, "not_compared": self.open,
            "excluded": self.excluded, "unsettled": self.unsettled, "behind": self.behind,
            "corrected": sum(found.corrected for found in self.tables.values()), "tables": counts,
            "examples": [asdict(example) for found in self.tables.values() for example in found.examples],
        }  # fmt: skip

    @property
    def open(self) -> int:
        """Keys that could not be compared because workers kept overwriting them."""
        return sum(len(found.open - found.different) for found in self.tables.values())
