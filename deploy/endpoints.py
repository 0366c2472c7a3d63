"""Where clients connect to the services of a home folder, as `up` wrote it down. Imports little: `ask` reads it."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Endpoints:
    """Where clients connect."""

    kafka: str
    clickhouse_host: str
    clickhouse_tcp: int
    clickhouse_http: int


def endpoints(home: Path) -> Endpoints | None:
    """Where the services of the last `up` are, running or not; None after `down`, or before the first `up`."""
    try:
        return Endpoints(**json.loads((home / "endpoints.json").read_text()))
    except FileNotFoundError:
        return None
