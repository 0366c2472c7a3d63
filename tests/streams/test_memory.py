"""What memory holds stays bounded and honest: cold memberships, counters at their end, take-overs that break."""

import asyncio
from typing import Any

import numpy as np
import pyarrow as pa

from analytics.chat.state import MOST
from schemas.kafka import Kafka
from streams.checkpoint.processor import Processor
from streams.checkpoint.task import Task
from streams.dead_letters.producer import DeadLetterProducer
from streams.kafka.records import read_records
from tests.memory import MemoryBroker, MemoryStore, land, new_task, own, record_batch
from tests.oracle.worlds import DAY_MS, encode

START_MS = 1_735_693_200_000


def roster(task: Task, day: int, members: int) -> None:
    """A row of a member list for each of so many members."""
    event = {"type": "roster", "group_id": "g"}
    messages = [
        (task.next_offset + i, START_MS + day * DAY_MS, None, encode(
            event | {"event_id": f"{day}-{i}", "member_id": f"m{i}", "ts_ms": START_MS + day * DAY_MS}
        )) for i in range(members)
    ]  # fmt: skip
    task.apply(read_records(record_batch(messages), task.next_offset))


def test_members_that_fall_asleep_again_are_known_once() -> None:
    store, broker, task = MemoryStore(), MemoryBroker(0, 1 << 30), new_task(max_rows=50)
    own(task, broker, store)
    for day in range(6):
        roster(task, day, 200)
        land(task, store, broker)
    assert task.evicted > 500
    assert task.state._cold._count <= 200
    assert len(task.state._cold._keys) == 1024

    again = new_task(max_rows=50)
    own(again, broker, store)
    assert again.state.count(1) <= 50, "a restart holds no more than the worker before it"
    roster(again, 7, 200)
    land(again, store, broker)
    assert len(store.live("membership_states")) == 200


def test_joins_stop_counting_where_their_column_ends() -> None:
    task = new_task()
    own(task, MemoryBroker(0, 1 << 30), MemoryStore())
    event = {"type": "join", "group_id": "g", "member_id": "m", "ts_ms": START_MS}

    def join(number: int) -> None:
        task.apply(
            read_records(record_batch([(number, START_MS, None, encode(event | {"event_id": f"e{number}"}))]), 0)
        )

    join(0)
    task.state.state.members["joins"][0] = np.uint16(MOST - 1)
    join(1)
    join(2)
    assert task.state.state.members["joins"][0] == MOST


class Broken(MemoryStore):
    """Gives an answer that nothing expects."""

    def checkpoints(self, topic: str, partition: int, epoch: int) -> Any:
        raise pa.ArrowInvalid("half an answer")


def test_a_take_over_that_breaks_is_told() -> None:
    async def take_over() -> Exception | None:
        letters = DeadLetterProducer(Kafka(""), "")
        processor = Processor(Broken(), letters, lambda _: new_task(), flush_interval_s=1, flush_events=1)
        await processor.assigned(MemoryBroker(0, 1), [0])  # type: ignore[arg-type]
        assert processor._taking_over is not None
        await processor._taking_over
        return processor.failure

    assert isinstance(asyncio.run(take_over()), pa.ArrowInvalid)
