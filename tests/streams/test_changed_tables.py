"""A worker lands nothing in tables that are not as its version needs them, and says so."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from groupvitals.commands.topics import topic_layout
from groupvitals.connections import clickhouse, kafka_address
from groupvitals.settings import Settings
from schemas.errors import DataError
from sinks.clickhouse.migrations import migrate
from streams.kafka.topics import ensure_topics
from tests.conftest import Run
from tests.streams.test_wrong_database import messages
from tests.streams.workers import Answers, assert_each_record_once, send, wait_until

pytestmark = pytest.mark.services


@pytest.fixture
def answers(settings: Settings) -> Answers:
    ensure_topics(kafka_address(settings), topic_layout(settings))
    migrate(clickhouse(settings), "UTC")
    return Answers(settings)


@contextmanager
def listened_worker() -> Iterator[subprocess.Popen[str]]:
    """A worker whose last words can be read; killed at the end if it still runs."""
    command = [sys.executable, "-m", "groupvitals", "worker"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("change", "words", "back"),
    [
        ("DROP COLUMN text_len", "events.text_len UInt32 is missing", "ADD COLUMN text_len UInt32"),
        ("MODIFY COLUMN link_count UInt8", "events.link_count is UInt8, not UInt32", "MODIFY COLUMN link_count UInt32"),
    ],
)
def test_a_column_is_changed_under_a_worker(
    answers: Answers, settings: Settings, groupvitals: Run, change: str, words: str, back: str
) -> None:
    def alter(how: str) -> None:
        answers.native.execute(f"ALTER TABLE {answers.database}.events {how}")

    with listened_worker() as process:
        send(settings, messages(0, 50))
        wait_until(lambda: answers.flushed() == 50, "the first records are landed")
        alter("ADD COLUMN note String")
        send(settings, messages(50, 50))
        wait_until(lambda: answers.flushed() == 100, "an added column does not matter")
        alter(change)
        send(settings, messages(100, 50))
        _, said = process.communicate(timeout=120)
    assert process.returncode == DataError.exit_code, said
    assert words in said.splitlines()[-1] and "run `groupvitals migrate`" in said.splitlines()[-1]
    assert answers.value("SELECT count() FROM {d}.events") == answers.flushed() == 100

    again = groupvitals("worker", "--until-caught-up")
    assert (again.returncode, words in again.stderr) == (DataError.exit_code, True), again.stderr
    assert "taking over" not in again.stderr, "it is refused before it joins the group"
    alter(back)
    assert groupvitals("worker", "--until-caught-up").returncode == 0
    assert_each_record_once(answers, 150)


def test_a_database_that_is_not_migrated(settings: Settings, groupvitals: Run) -> None:
    ensure_topics(kafka_address(settings), topic_layout(settings))
    found = groupvitals("worker", "--until-caught-up")
    assert found.returncode == 3 and "run `groupvitals migrate`" in found.stderr.splitlines()[-1]
    assert "taking over" not in found.stderr
