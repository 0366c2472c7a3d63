"""What metrics and readiness look at of a worker. They read it, and change nothing."""

import asyncio
from typing import Protocol

from streams.checkpoint.processor import Processor
from streams.config import WorkerConfig


class Watched(Protocol):
    """A worker; `assigned` are its partitions (None: Kafka has not said yet), `stop` is set when it is to end."""

    config: WorkerConfig
    processor: Processor
    assigned: set[int] | None
    stop: asyncio.Event
