"""Frames over a real broker: offset gaps, commits, generations."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaConsumer, TopicPartition

from groupvitals.settings import Settings
from schemas.frame import Records
from sinks.contract import Checkpoint, Cut
from streams.checkpoint.processor import Processor
from streams.checkpoint.task import Task
from streams.state.chat.state import CommunityState
from streams.worker.warmup import sample_records
from tests.conftest import Run
from tests.memory import TOPIC
from tests.streams.test_bad_input import event
from tests.streams.workers import Answers, stop, wait_until, worker


@pytest.mark.services
def test_real_gaps_in_offsets_are_passed_over(settings: Settings, groupvitals: Run) -> None:
    """Every transaction leaves a marker: an offset without a record. Aborted ones leave nothing else."""
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    topic = f"{settings.kafka.topic_prefix}chat.events"

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap, transactional_id=topic) as producer:
            for i in range(20):
                async with producer.transaction():
                    await producer.send_and_wait(topic, event(event_id=f"e{i}"), partition=0)

    asyncio.run(send())
    assert groupvitals("worker", "--until-caught-up").returncode == 0
    answers = Answers(settings)
    assert answers.value("SELECT count() FROM {d}.events FINAL") == 20
    assert answers.flushed() == 40, "the checkpoint stands behind the last marker"


@pytest.mark.services
def test_kafkas_offset_follows_the_checkpoint(settings: Settings, groupvitals: Run) -> None:
    """What is committed is the next offset of a checkpoint, with the term in its metadata, and never more."""
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    topic, answers = f"{settings.kafka.topic_prefix}chat.events", Answers(settings)
    group = f"{settings.kafka.topic_prefix}groupvitals-{settings.clickhouse.database}"

    async def send(first: int) -> None:
        async with AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap, acks="all") as producer:
            for i in range(first, first + 50):
                await producer.send_and_wait(topic, event(event_id=f"e{i}"), partition=0)

    with worker(WORKER__FLUSH_INTERVAL_S=0.1) as process:
        for first in (0, 50):
            asyncio.run(send(first))
            wait_until(lambda first=first: answers.flushed() == first + 50, "the events are checkpointed")  # type: ignore[misc]
        assert stop(process) == 0
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka.bootstrap, group_id=group)
    try:
        found = consumer.committed(TopicPartition(topic, 0), metadata=True)
    finally:
        consumer.close()
    assert (found.offset, found.metadata) == (100, "1")


@pytest.mark.services
def test_ticks_close_days_while_nothing_is_said(settings: Settings, groupvitals: Run) -> None:
    """Time moves by records only: an idle partition gets ticks, and a day long past is closed by the first of them."""
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    topic, answers = f"{settings.kafka.topic_prefix}chat.events", Answers(settings)

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap, acks="all") as producer:
            await producer.send_and_wait(topic, event(), partition=2)

    asyncio.run(send())
    with worker(WORKER__TICK_S=1, WORKER__FLUSH_INTERVAL_S=0.1) as process:
        wait_until(lambda: len(answers.rows("member_days")) == 1, "a tick closes the day of the event")
        assert stop(process) == 0
    for table in ("member_days", "member_day_acts", "group_day_counts"):
        assert [row["messages"] for row in answers.rows(table)] == [1], table


@pytest.mark.services
def test_a_missing_topic_is_said_and_not_waited_for(settings: Settings, groupvitals: Run) -> None:
    done = groupvitals("worker", "--until-caught-up")
    assert done.returncode == 2 and "run `groupvitals topics`" in done.stderr


@pytest.mark.services
def test_missing_tables_are_said_and_not_waited_for(settings: Settings, groupvitals: Run) -> None:
    assert groupvitals("topics").returncode == 0
    for command in (["worker", "--until-caught-up"], ["ask", "tiers"]):
        done = groupvitals(*command)
        assert done.returncode == 3 and "run `groupvitals migrate`" in done.stderr


def _processor(task: Task) -> Processor:
    store: Any = None
    processor = Processor(store, store, lambda partition: task, flush_interval_s=1, flush_events=1000)
    processor.tasks[0] = task
    processor.running.add(0)
    processor._broker = cast(Any, SimpleNamespace(generation=7, topic=TOPIC))
    return processor


def _owned_task() -> Task:
    task = Task(TOPIC, 0, CommunityState())
    task.resume(Checkpoint(TOPIC, 0, Cut(1, 0), {TOPIC: 0}), 0)
    return task


def _take(processor: Processor, generation: int) -> None:
    async def take() -> None:
        await processor.take(0, generation, sample_records())
        await processor.applied()

    asyncio.run(take())


def test_a_frame_of_an_older_generation_is_dropped() -> None:
    task = _owned_task()
    processor = _processor(task)
    _take(processor, 6)
    assert task.next_offset == 0 and task.begin_flush() is None
    _take(processor, 7)
    assert task.next_offset == len(sample_records().offsets)


def test_a_fault_while_a_frame_is_applied_reaches_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    task = _owned_task()

    def fail(*_: Any) -> Any:
        raise RuntimeError("no room")

    monkeypatch.setattr(task.state, "apply", fail)
    processor = _processor(task)
    _take(processor, 7)
    assert "no room" in str(processor.failure)


def test_a_frame_of_a_revoked_partition_is_dropped() -> None:
    task = _owned_task()
    processor = _processor(task)
    processor.running.clear()
    _take(processor, 7)
    assert task.next_offset == 0


def _from(records: Records, offset: int) -> Records:
    return records._replace(offsets=records.offsets + offset, first=offset, following=records.following + offset)


def test_frames_apply_once_and_in_order() -> None:
    task, records = _owned_task(), sample_records()
    count = len(records.offsets)
    assert not task.apply(_from(records, 5)), "records before it are missing"
    assert task.next_offset == 0
    assert task.apply(records) and task.next_offset == count
    assert task.apply(records) and task.next_offset == count, "a repetition changes nothing"
    flush = task.begin_flush()
    assert flush is not None and flush.checkpoint.offsets == {TOPIC: count}
    assert sorted(flush.tables["events"]["offset"].to_pylist()) == list(range(count))
    assert json.dumps(flush.checkpoint.offsets)
