"""What a contestant is asked (`Job`, JSON on its standard input) and what it answers (`Outcome`, JSON in a file)."""

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.oracle import Counts


@dataclass(frozen=True)
class Job:
    """Take `events` events of the topic from its beginning and count the messages a group and UTC day."""

    name: str
    """Unique in Kafka: consumer group, application id, prefix of internal topics."""
    bootstrap: str
    topic: str
    partitions: int
    events: int
    clickhouse_host: str
    clickhouse_tcp: int
    clickhouse_http: int
    database: str
    folder: Path
    """For state and for the answer; empty at the start."""

    @classmethod
    def read(cls) -> "Job":
        """Read the job from standard input."""
        values = json.load(sys.stdin)
        return cls(**{**values, "folder": Path(values["folder"])})

    def text(self) -> str:
        """The job as JSON."""
        return json.dumps({**asdict(self), "folder": str(self.folder)})


@dataclass(frozen=True)
class Outcome:
    """Times are Unix seconds: the first record was consumed, all results were in place."""

    first: float
    done: float
    next_offsets: list[int]
    """By partition: the events before these are in the counts."""
    counts: Counts
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds by stage, where the contestant knows them."""

    def write(self, folder: Path) -> None:
        """Leave the answer for the bench; it is there whole or not at all."""
        rows = [[group, day, n] for (group, day), n in self.counts.items()]
        partial = folder / "outcome.part"
        partial.write_text(json.dumps({**asdict(self), "counts": rows}))
        partial.rename(folder / "outcome.json")

    @classmethod
    def load(cls, folder: Path) -> "Outcome":
        """Read what `write` left."""
        values = json.loads((folder / "outcome.json").read_text())
        return cls(**{**values, "counts": {(group, day): n for group, day, n in values["counts"]}})
