"""The view of a worker that metrics and readiness have: they read it and change nothing."""

import asyncio
from typing import Protocol

from streams.checkpoint.processor import Processor
from streams.config import WorkerConfig


class Watched(Protocol):
    """A worker; `assigned` are its partitions (None: Kafka has not said yet), `stop` is set when it should end."""

    config: WorkerConfig
    processor: Processor
    assigned: set[int] | None
    stop: asyncio.Event
