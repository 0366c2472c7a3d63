"""Taking over a task: fence the old owner, read the chain, load the cut, write the new term's first checkpoint.

The broker refuses commits from a worker that is no longer in the consumer group's generation. Every step that a stale
worker must not take stands between two such commits.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol

import pyarrow as pa

from schemas.errors import DataError
from sinks.contract import Chain, Checkpoint, Cut, Origin, Store, chain
from streams.checkpoint.epochs import current
from streams.checkpoint.task import Task
from streams.retry import retrying, wait_for
from streams.state.base import load_ids

log = logging.getLogger(__name__)


class Broker(Protocol):
    """What ownership needs of Kafka, within the generation in which it was assigned.

    Its methods are awaited on the worker's loop and wait while Kafka is unreachable. A broker is good for one
    generation: when partitions move, a new one is made, and the old one's commits are refused.
    """

    topic: str
    generation: int

    async def committed(self, partition: int) -> tuple[int, int]:
        """(offset, term) last committed; (0, 0) when there is none."""

    async def commit(self, cuts: dict[int, tuple[int, int]]) -> bool:
        """Commit (offset, term) per partition; False when this worker's generation is over."""

    async def bounds(self, partition: int) -> tuple[int, int]:
        """First offset that Kafka still has, and the next one it will give."""

    async def all_bounds(self, partitions: list[int]) -> tuple[dict[int, int], dict[int, int]]:
        """`bounds` of several partitions."""

    async def stable_ends(self, partitions: list[int]) -> dict[int, int]:
        """The next offsets that can be read now: an open transaction may hold back what follows."""

    async def origin(self) -> Origin:
        """What the topic is."""

    async def seek(self, positions: dict[int, int]) -> None:
        """Continue reading partitions from these offsets."""


Thread = Callable[..., Awaitable[Any]]


async def take_over(
    task: Task, broker: Broker, store: Store, thread: Thread = asyncio.to_thread, read: Thread = asyncio.to_thread
) -> bool:
    """Own a partition. Returns False when the broker refused: another worker owns it by now.

    What touches the task runs in `thread`, one call at a time; cuts are read in `read`, several at once.

    The task keeps its memory when the chain's head is its own last checkpoint; otherwise it is loaded. Raises
    `DataError` when the database's numbers belong to another topic or the checkpoint does not fit it, `ConfigError`
    when they were computed with other settings.
    """
    epoch = await current(store, task.state.agent, await broker.origin(), task.settings, thread)

    async def read_chain() -> Chain:
        found = await retrying(
            lambda: thread(store.checkpoints, task.topic, task.partition, epoch.number), "reading checkpoints"
        )
        return chain(found)

    offset, term = await broker.committed(task.partition)
    valid = await read_chain()
    term = max(term, valid.head.cut.term if valid.head else 0) + 1
    if not await broker.commit({task.partition: (offset, term)}):
        return False
    valid = await read_chain()
    if valid.head is not None and valid.head.cut.term >= term:
        return False
    begin, end = await broker.bounds(task.partition)
    _check(task, valid, offset, begin, end)
    start, next_offset = (valid.head.offsets[task.topic] if valid.head else begin), task.next_offset
    if valid.head is None or (task.epoch, task.cut) != (epoch.number, valid.head.cut) or task.cut == Cut(0, 0):
        task.epoch = epoch.number
        cut = await retrying(lambda: read(read_cut, task, store, valid, start), "loading state")
        await thread(fill, task, cut, valid)
        next_offset = start
    elif task.flushing is not None:
        task.abandon()  # a take-over stopped before its first checkpoint; what the task holds is flushed again
    first = first_of(task, valid, term, start)
    await retrying(lambda: thread(store.write_checkpoints, [first]), "writing a checkpoint")
    if not await broker.commit({task.partition: (start, term)}):
        return False
    own(task, store, valid, first, next_offset)
    return True


def own(task: Task, store: Store, valid: Chain, first: Checkpoint, next_offset: int) -> None:
    """Begin applying records from `next_offset` on in the term of this first checkpoint."""
    task.resume(first, next_offset, partial(_read_back, task, store), valid)


def first_of(task: Task, valid: Chain, term: int, start: int) -> Checkpoint:
    """The first checkpoint of a term, which continues from the chain's head at offset `start`."""
    parent, clock_ms = (valid.head.cut, valid.head.clock_ms) if valid.head else (None, 0)
    offsets = {task.topic: start}
    return Checkpoint(task.topic, task.partition, Cut(term, 0), offsets, parent, task.epoch, task.worker, clock_ms)


def _check(task: Task, valid: Chain, committed: int, begin: int, end: int) -> None:
    """Refuse a checkpoint from which Kafka can no longer be read; log when it is older than what was committed."""
    where = f"{task.topic} partition {task.partition}"
    if valid.head is None:
        if committed > begin:
            log.warning(
                "%s: records before offset %d were landed elsewhere; here they are landed again.", where, committed
            )
        return
    offset = valid.head.offsets[task.topic]
    if offset > end:
        raise DataError(
            f"{where}: the checkpoint is at offset {offset:,}, Kafka ends at {end:,}. Its offsets were reset, or "
            "records were lost there; restore the topic, or use another database and another topic prefix."
        )
    if offset < begin:
        raise DataError(
            f"{where}: the checkpoint is at offset {offset:,}, Kafka begins at {begin:,}; {begin - offset:,} records "
            "in between are gone. The database was restored from an older backup, or no worker ran for longer than the "
            "topic keeps records: restore a newer backup, or use another database and import again."
        )
    if committed > offset:
        log.warning(
            "%s: the checkpoint is at offset %d, %d records behind what was committed to Kafka. The database was "
            "restored from an older backup, or rebuilt; Kafka still has these records, and they are landed again.",
            where, offset, committed - offset,
        )  # fmt: skip


def _read_back(task: Task, store: Store, keys: Sequence[tuple[str, ...]]) -> pa.Table:
    """The last checkpointed rows of some keys of the table of cold rows; blocks until they arrive."""
    valid = Chain(None, task.chain, task.epoch)
    table = task.state.cold_table
    columns = task.state.loaded[table].columns
    return wait_for(
        lambda: store.load(table, task.topic, task.partition, valid, columns, keys), f"reading {table} back"
    )


def load(task: Task, store: Store, valid: Chain, start: int) -> None:
    """Fill a task from the cut of a chain's head, at offset `start`; blocks."""
    fill(task, read_cut(task, store, valid, start), valid)


def read_cut(task: Task, store: Store, valid: Chain, start: int) -> dict[str, pa.Table]:
    """The rows of the cut of a chain's head, and the event ids before it, by table; blocks."""
    if valid.head is None:
        return {}
    state, where = task.state, (task.topic, task.partition)
    cut = {table: store.load(table, *where, valid, loaded.columns) for table, loaded in state.loaded.items()}
    if state.agent.records is not None:
        raw = state.agent.raw.name
        cut[raw] = store.event_ids(raw, *where, start - state.horizon, start)
    log.info("%s partition %d: state of checkpoint %s read", task.topic, task.partition, valid.head.cut)
    return cut


def fill(task: Task, cut: dict[str, pa.Table], valid: Chain) -> None:
    """Fill a task's memory with what `read_cut` returned of a chain's head, and nothing else."""
    task.reset()
    task.state.clock_ms = valid.head.clock_ms if valid.head else 0
    for table, rows in cut.items():
        loaded = task.state.loaded.get(table)
        (loaded.load if loaded else load_ids)(task.state, rows)
    task.evicted += task.state.evict(task.max_rows)
