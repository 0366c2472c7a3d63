"""Taking over a task: fence the old owner, read the chain, load the cut, write the new term's first checkpoint.

The broker refuses a commit of whoever is no longer in the consumer group's generation; every step that must not be
taken by a stale worker stands between two such commits.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol

import pyarrow as pa

from schemas.errors import ConfigError, DataError
from sinks.contract import Chain, Checkpoint, Cut, Store, chain
from streams.community_load import LOADED, load_groups, load_ids, load_members, load_panes
from streams.retry import retrying, wait_for
from streams.task import Task

log = logging.getLogger(__name__)


class Broker(Protocol):
    """What ownership needs of Kafka, within the generation in which it was assigned."""

    topic: str
    generation: int

    async def committed(self, partition: int) -> tuple[int, int]:
        """(offset, term) last committed; (0, 0) when there is none."""

    async def commit(self, cuts: dict[int, tuple[int, int]]) -> bool:
        """Commit (offset, term) a partition; False when this worker's generation is over."""

    async def bounds(self, partition: int) -> tuple[int, int]:
        """First offset that Kafka still has, and the next one it will give."""

    async def all_bounds(self, partitions: list[int]) -> tuple[dict[int, int], dict[int, int]]:
        """`bounds` of several partitions."""

    async def topic_id(self) -> str:
        """Kafka's id of the topic; a recreated topic has another."""

    async def seek(self, positions: dict[int, int]) -> None:
        """Have partitions read on from these offsets."""


Thread = Callable[..., Awaitable[Any]]


async def take_over(task: Task, broker: Broker, store: Store, thread: Thread = asyncio.to_thread) -> bool:
    """Own a partition. Returns False when the broker refused: somebody else owns it by now.

    The task keeps its memory when the chain's head is its own last checkpoint; otherwise it is loaded. Raises
    `DataError` when the checkpoint does not fit the topic, `ConfigError` when the numbers were made with other
    settings.
    """
    offset, term = await broker.committed(task.partition)
    valid = chain(await retrying(lambda: thread(store.checkpoints, task.topic, task.partition), "reading checkpoints"))
    term = max(term, valid.head.cut.term if valid.head else 0) + 1
    if not await broker.commit({task.partition: (offset, term)}):
        return False
    valid = chain(await retrying(lambda: thread(store.checkpoints, task.topic, task.partition), "reading checkpoints"))
    if valid.head is not None and valid.head.cut.term >= term:
        return False
    begin, end = await broker.bounds(task.partition)
    topic_id = await broker.topic_id()
    _check(task, valid, topic_id, begin, end)
    if task.flushing is not None:
        if valid.head is not None and valid.head.cut == task.flushing.checkpoint.cut:
            await thread(task.confirm)
        else:
            await thread(task.abandon)
    start = valid.head.offsets[task.topic] if valid.head else begin
    if valid.head is None or task.cut != valid.head.cut or task.cut == Cut(0, 0):
        await retrying(lambda: thread(_load, task, store, valid, start), "loading state")
        next_offset = start
    else:
        next_offset = task.next_offset
    first = Checkpoint(
        task.topic, task.partition, Cut(term, 0), {task.topic: start}, valid.head.cut if valid.head else None,
        {task.topic: topic_id}, task.settings, task.worker,
    )  # fmt: skip
    await retrying(lambda: thread(store.write_checkpoints, [first]), "writing a checkpoint")
    if not await broker.commit({task.partition: (start, term)}):
        return False
    task.topic_ids = {task.topic: topic_id}
    task.read_back = partial(_read_back, task, store, dict(valid.last))
    task.resume(Cut(term, 0), next_offset, start)
    return True


def _check(task: Task, valid: Chain, topic_id: str, begin: int, end: int) -> None:
    if valid.head is None:
        return
    where = f"{task.topic} partition {task.partition}"
    known, offset = valid.head.topic_ids.get(task.topic, topic_id), valid.head.offsets[task.topic]
    if known != topic_id:
        raise DataError(
            f"{where} was recreated: the checkpoint belongs to topic {known}, Kafka has {topic_id}. "
            "Use another database, or another topic prefix, for the new topic."
        )
    if not begin <= offset <= end:
        raise DataError(
            f"{where}: the checkpoint is at offset {offset}, Kafka has {begin} to {end}. "
            "Records in between are gone or the database is from elsewhere; restore the topic or use another database."
        )
    if valid.head.settings != task.settings:
        raise ConfigError(
            f"{where}: its numbers were made with {valid.head.settings}, this worker has {task.settings}. "
            "Start it with the same settings, or use another database."
        )


def _read_back(task: Task, store: Store, last: dict[int, int], keys: list[tuple[str, str]]) -> pa.Table:
    """The last checkpointed rows of some memberships; blocks until ClickHouse gives them."""
    valid = Chain(None, last | {task.cut.term: task.cut.sequence})
    columns = LOADED["membership_states"]
    return wait_for(
        lambda: store.load("membership_states", task.topic, task.partition, valid, columns, keys),
        "reading memberships back",
    )


def _load(task: Task, store: Store, valid: Chain, start: int) -> None:
    clock = task.state.clock
    task.reset()
    if valid.head is None:
        return
    loaders = {"group_states": load_groups, "membership_states": load_members, "pane_states": load_panes}
    for table, load in loaders.items():
        load(task.state, store.load(table, task.topic, task.partition, valid, LOADED[table]))
    load_ids(task.state, store.event_ids(task.topic, task.partition, start - clock.horizon, start))
    log.info("%s partition %d: state of checkpoint %s loaded", task.topic, task.partition, valid.head.cut)
