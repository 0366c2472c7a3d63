"""What both Faust contestants share: the application's settings and running it until enough events are counted.

Set as Faust's documentation advises for throughput: a larger stream buffer, a producer that waits 50 ms to fill its
batches (without it the changelog takes a request per event), uvloop, orjson, Faust's C extensions, no web server;
events are plain dictionaries (`Record` models cost more). The table is kept in memory with its changelog topic, and the
clock stops when it holds all counts, whether or not the changelog has acknowledged them. Nothing lands in ClickHouse.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import faust
import uvloop

from bench.job import Job, Outcome
from bench.oracle import Counts

_STOP_S = 10.0


class Progress:
    """How far the agent has got; `finished` is set once `job.events` have been counted."""

    def __init__(self, job: Job) -> None:
        self.finished = asyncio.Event()
        self.first = 0.0
        self.done = 0.0
        self.next_offsets = [0] * job.partitions
        self.left = job.events


def make_app(job: Job) -> faust.App:
    """Return the application and leave everything else to the agent."""
    return faust.App(
        job.name,
        broker=f"kafka://{job.servers.bootstrap}",
        value_serializer="json",
        store="memory://",
        datadir=str(job.folder / "faust"),
        topic_partitions=job.partitions,
        stream_buffer_maxsize=32_768,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=False,
        web_enabled=False,
        producer_linger=0.05,
    )


def run(job: Job, app: faust.App, progress: Progress, counts: Callable[[], Counts]) -> None:
    """Run the application until `progress.finished`, write the outcome, stop."""
    uvloop.run(_run(job, app, progress, counts))


async def _run(job: Job, app: faust.App, progress: Progress, counts: Callable[[], Counts]) -> None:
    app.finalize()
    await app.start()
    await progress.finished.wait()
    Outcome(progress.first, progress.done, progress.next_offsets, counts()).write(job.folder)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(app.stop(), _STOP_S)


def split(table: dict[str, int]) -> Counts:
    """Turn the table's `group|day` keys into the bench's."""
    result: Counts = {}
    for key, count in table.items():
        group, _, day = key.rpartition("|")
        result[group, int(day)] = count
    return result


def table(app: faust.App, job: Job, **options: Any) -> Any:
    """Return the table of counts, key `group|day`: windowed tables expire by wall clock, so the day is in the key."""
    return app.Table("counts", default=int, partitions=job.partitions, **options)


def now() -> float:
    """The bench's clock, Unix seconds."""
    return time.time()
