"""Jobs beside people's readings: by whom they run, until when, and what becomes of failures."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groupvitals.settings import Settings
from schemas.errors import BackpressureError, DataError
from sinks.clickhouse.readers.marks import Marks
from streams.people.jobs import Beside
from tests.conftest import Run
from tests.streams.test_operations import some_events, watched
from tests.streams.workers import send, wait_until


class Steps:
    """A job of so many steps; each calls `during` with its number."""

    doing = "doing steps"

    def __init__(self, steps: int, during: Callable[[int], None] = lambda _: None) -> None:
        self.left, self.during, self.done = steps, during, 0

    def due(self, marks: Marks) -> bool:
        return self.left > 0

    def run(self, marks: Marks) -> None:
        self.during(self.done)
        self.left, self.done = self.left - 1, self.done + 1


class Term:
    """The term of an owner, and the failures that it is told."""

    def __init__(self) -> None:
        self.over, self.failures = False, list[Exception]()

    def beside(self, *jobs: Steps) -> Beside:
        async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
            return await asyncio.get_running_loop().run_in_executor(None, function, *args)

        return Beside(jobs, in_thread, lambda: self.over, self.failures.append)


async def _run(beside: Beside) -> None:
    beside.begin(Marks())
    beside.begin(Marks())  # while jobs run, no other begin
    assert beside._running is not None
    await beside._running


def test_due_jobs_run_step_by_step_until_nothing_is_due() -> None:
    first, second, nothing = Steps(3), Steps(2), Steps(0)
    beside = Term().beside(first, second, nothing)
    assert beside.due(Marks())
    asyncio.run(_run(beside))
    assert (first.done, second.done, nothing.done) == (3, 2, 0) and not beside.due(Marks())


def test_no_step_begins_once_the_share_has_moved() -> None:
    term = Term()

    def move(step: int) -> None:
        term.over = step == 1

    first, second = Steps(9, move), Steps(9)
    asyncio.run(_run(term.beside(first, second)))
    assert (first.done, second.done) == (2, 0)


def test_a_worker_that_ends_waits_for_the_step_under_way_alone() -> None:
    job = Steps(9)

    async def end() -> None:
        under_way, go_on = asyncio.Event(), asyncio.Event()

        async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
            under_way.set()
            await go_on.wait()
            return function(*args)

        beside = Beside([job], in_thread, lambda: False, lambda error: None)
        beside.begin(Marks())
        await under_way.wait()
        ending = asyncio.create_task(beside.end())
        await asyncio.sleep(0)
        assert not ending.done()
        go_on.set()
        await ending

    asyncio.run(end())
    assert job.done == 1


def test_a_step_is_tried_again_while_clickhouse_is_away() -> None:
    answers = iter([BackpressureError("ClickHouse does not answer."), None, None])

    def ask(_: int) -> None:
        if (error := next(answers)) is not None:
            raise error

    term, job = Term(), Steps(2, ask)
    asyncio.run(_run(term.beside(job)))
    assert job.done == 2 and not term.failures


@pytest.mark.parametrize("error", [DataError("A table has gone."), KeyError("a fault of ours")])
def test_a_failure_ends_the_worker_unless_the_share_has_moved(error: Exception) -> None:
    term = Term()

    def fail(_: int) -> None:
        raise error

    asyncio.run(_run(term.beside(Steps(1, fail))))
    assert term.failures == [error]

    def move_and_fail(_: int) -> None:
        term.over = True
        raise error

    asyncio.run(_run(term.beside(Steps(1, move_and_fail))))
    assert term.failures == [error], "the next owner does the same, and says so itself"


@pytest.mark.services
def test_the_worker_of_people_says_that_a_group_is_in_two_partitions(
    settings: Settings, groupvitals: Run, tmp_path: Path
) -> None:
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    send(settings, some_events(0, 20), partition=0)
    send(settings, some_events(100, 20), partition=1)
    assert groupvitals("worker", "--agent", "community", "--until-caught-up").returncode == 0
    log = tmp_path / "people.log"
    with watched(log, "people") as worker:

        def said() -> list[str]:
            return [line["message"] for line in worker.log() if "has events in partitions 0 and 1" in line["message"]]

        wait_until(lambda: bool(said()), "the worker names a group")
    assert "Its producers place keys differently" in said()[0]
