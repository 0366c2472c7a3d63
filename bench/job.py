"""What a contestant has to do (`Job`, JSON on its standard input) and what it reports (`Outcome`, JSON in a file)."""

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from clickhouse_driver import Client

from bench.oracle import Counts


@dataclass(frozen=True)
class Servers:
    """The Kafka and the ClickHouse that all contestants use."""

    bootstrap: str
    host: str
    tcp_port: int
    http_port: int
    user: str = "default"
    password: str = ""

    def clickhouse(self) -> Client:
        """A connection to ClickHouse."""
        return Client(self.host, port=self.tcp_port, user=self.user, password=self.password, client_name="bench")


@dataclass(frozen=True)
class Job:
    """Take `events` events of the topic from its beginning and count the messages per group and UTC day."""

    name: str
    """Unique in Kafka: consumer group, application id, prefix of internal topics."""
    servers: Servers
    topic: str
    partitions: int
    events: int
    database: str
    """ClickHouse database used by this run alone."""
    folder: Path
    """For state, logs and the answer; empty at the start."""

    @classmethod
    def read(cls) -> "Job":
        """Read the job from standard input."""
        values = json.load(sys.stdin)
        return cls(**{**values, "servers": Servers(**values["servers"]), "folder": Path(values["folder"])})

    def text(self) -> str:
        """The job as JSON."""
        return json.dumps({**asdict(self), "folder": str(self.folder)})


@dataclass(frozen=True)
class Outcome:
    """Times are Unix seconds: when the first record was consumed, and when all results were in place."""

    first: float
    done: float
    next_offsets: list[int]
    """By partition: the events before these are in the counts."""
    counts: Counts
    landed: int | None = None
    """Raw rows in ClickHouse; None where the contestant lands none."""
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds by stage, where the contestant knows them."""

    def write(self, folder: Path) -> None:
        """Write the answer for the bench; it appears completely or not at all."""
        rows = [[group, day, n] for (group, day), n in self.counts.items()]
        partial = folder / "outcome.part"
        partial.write_text(json.dumps({**asdict(self), "counts": rows}))
        partial.rename(folder / "outcome.json")

    @classmethod
    def load(cls, folder: Path) -> "Outcome":
        """Read what `write` left."""
        values = json.loads((folder / "outcome.json").read_text())
        return cls(**{**values, "counts": {(group, day): n for group, day, n in values["counts"]}})
