"""Replays landed records through a task into a separate epoch: the state and the rows of one partition.

The records take the same path as those from Kafka (`streams.checkpoint.task`), but come from ClickHouse and do not land
again. Every flush ends in a checkpoint, so a later run finds the epoch as a worker finds its own.
"""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from schemas.agents import AgentSpec
from schemas.errors import DataError, ServiceError
from schemas.frame import Frame, Records
from sinks.clickhouse.readers.raw import RawRecords
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Epoch, chain
from streams.agents import new_state
from streams.checkpoint.takeover import first_of, load, own
from streams.checkpoint.task import Task
from streams.dead_letters.limits import DeadLetterLimits
from streams.decode.decoder import DeadLetter, decode
from streams.kafka.records import FRAME_BYTES, PADDING
from streams.retry import wait_for

log = logging.getLogger(__name__)
#: Offsets read at once, and records between two flushes.
CHUNK, FLUSH = 100_000, 400_000


def frames_of(rows: pa.Table, first: int, following: int) -> Iterator[Records]:
    """Landed records as frames that span the offsets `first` to `following` - 1: one, or several where it would be
    too large.
    """
    if rows.nbytes > FRAME_BYTES and rows.num_rows > 1:
        half = rows.num_rows // 2
        middle = rows["offset"][half].as_py()
        yield from frames_of(rows.slice(0, half), first, middle)
        yield from frames_of(rows.slice(half), middle, following)
    else:
        yield _frame_of(rows, first, following)


def _frame_of(rows: pa.Table, first: int, following: int) -> Records:
    values = rows["value"].combine_chunks().cast(pa.large_string())
    _, places, data = values.buffers()
    at = np.frombuffer(places, np.int64)[values.offset : values.offset + len(values) + 1]
    content = np.frombuffer(data, np.uint8)[at[0] : at[-1]] if data is not None else np.empty(0, np.uint8)
    buffer = np.concatenate([content, np.empty(len(content) + PADDING, np.uint8)])
    none = np.full(len(values), -1, np.int32)
    offsets, times = (np.asarray(rows[name]).astype(np.int64) for name in ("offset", "kafka_ts_ms"))
    starts, lengths = (at[:-1] - at[0]).astype(np.int32), np.diff(at).astype(np.int32)
    return Records(buffer, offsets, times, starts, lengths, none, none, first, following)


def landed_frames(raw: RawRecords, first: int, end: int) -> Iterator[Records]:
    """The landed records from offset `first` up to `end`, frame by frame."""
    while first < end:
        following = min(first + CHUNK, end)
        rows = wait_for(partial(raw.read, first, following), "reading landed records")
        if not rows.num_rows:
            found = wait_for(partial(raw.next_offset, following), "reading landed records")
            following = min(found, end) if found is not None else end
        yield from frames_of(rows, first, following)
        first = following


def new_task(epoch: Epoch, agent: AgentSpec, partition: int, worker: str, max_rows: int) -> Task:
    """An empty task in an epoch of an agent, which lands what it computes but not the records."""
    made = json.loads(epoch.settings)
    state = new_state(agent, made["time_zone"], made["lateness_h"], made["duplicate_horizon"])
    return Task(
        epoch.origin.topic, partition, state, epoch.settings, worker, keep_raw=False, epoch=epoch.number,
        limits=DeadLetterLimits(1.0, 1 << 62), max_rows=max_rows,
    )  # fmt: skip


@dataclass
class Replay:
    """One partition of an unfinished epoch; the epoch has no other writer."""

    store: ClickHouseStore
    task: Task

    def begin(self) -> int:
        """Load what the epoch already has and begin a term. Returns the offset to continue from."""
        task, store = self.task, self.store
        valid = chain(store.checkpoints(task.topic, task.partition, task.epoch))
        start = valid.head.offsets[task.topic] if valid.head else 0
        term = valid.head.cut.term + 1 if valid.head else 1
        load(task, store, valid, start)
        first = first_of(task, valid, term, start)
        store.write_checkpoints([first])
        own(task, store, valid, first, start)
        return start

    def run(self, frames: Iterator[Records], report: Callable[[int], None] = lambda records: None) -> int:
        """Apply frames and flush; the next frame is read and decoded meanwhile. Returns the number of records."""
        records = 0
        with ThreadPoolExecutor(1, "reader") as reader:

            def read() -> tuple[Records, tuple[Frame, list[DeadLetter]]] | None:
                frame = next(frames, None)
                return None if frame is None else (frame, decode(self.task.state.agent.contract, frame))

            coming = reader.submit(read)
            while (found := coming.result()) is not None:
                coming = reader.submit(read)
                frame, (decoded, dead) = found
                if dead:
                    raise DataError(
                        f"The landed record at offset {frame.offsets[dead[0].row]} of {self.task.topic} partition "
                        f"{self.task.partition} breaks the contract ({dead[0].reason}): a newer version landed it; use "
                        "that one."
                    )
                self.task.apply(frame, (decoded, []))
                records += len(frame.offsets)
                report(len(frame.offsets))
                if self.task.waiting >= FLUSH:
                    self.flush()
        self.flush()
        return records

    def flush(self) -> None:
        """Land what waits, then its checkpoint."""
        flush = self.task.begin_flush()
        if flush is None:
            return
        self.still_ours()
        for table, rows in flush.tables.items():
            wait_for(partial(self.store.insert, table, rows), f"landing {table}")
        wait_for(lambda: self.store.write_checkpoints([flush.checkpoint]), "writing a checkpoint")
        self.task.confirm()

    def still_ours(self) -> None:
        """Raise `ServiceError` when another process writes this epoch or has dropped it."""
        task = self.task
        found = wait_for(lambda: self.store.checkpoints(task.topic, task.partition, task.epoch), "reading checkpoints")
        head = chain(found).head
        if head is None or (head.cut, head.worker) != (task.cut, task.worker):
            raise ServiceError(
                f"Another process writes epoch {task.epoch} of {task.topic} partition {task.partition}: another "
                "rebuild is running, or the epoch was dropped. Let one finish, then start again."
            )
