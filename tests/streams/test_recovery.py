"""Workers that are killed, restarted, joined by others, or lose their servers go on with the right numbers."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.services import Endpoints, down, start, up
from deploy.services import stop as stop_service
from groupvitals.settings import Settings, load_settings
from tests.conftest import Run
from tests.streams.workers import Answers, assert_each_record_once, assert_same_answers, stop, wait_until, worker

pytestmark = pytest.mark.services
QUICK = {
    "KAFKA__SESSION_TIMEOUT_S": 3,
    "KAFKA__MAX_FETCH_MB": 1,
    "WORKER__FLUSH_INTERVAL_S": 0.1,
    "WORKER__FLUSH_EVENTS": 3000,
}
PARTS = 4


@pytest.fixture
def parts(tmp_path: Path, groupvitals: Run, settings: Settings) -> list[Path]:
    """A simulated community, cut into files that are sent one after the other; topics and tables are made."""
    simulate = ["simulate", "sim", "--groups", "30", "--members", "1500", "--days", "45"]
    for command in (["topics"], ["migrate"], simulate):
        done = groupvitals(*command)
        assert done.returncode == 0, done.stderr
    lines = (tmp_path / "sim" / "chat.events.ndjson").read_bytes().splitlines(keepends=True)
    size = len(lines) // PARTS + 1
    files = [tmp_path / f"part{i}" / "chat.events.ndjson" for i in range(PARTS)]
    for i, file in enumerate(files):
        file.parent.mkdir()
        file.write_bytes(b"".join(lines[i * size : (i + 1) * size]))
    return files


def send(groupvitals: Run, file: Path) -> int:
    """Import a file; returns how many records Kafka acknowledged."""
    done = groupvitals("import", str(file))
    assert done.returncode == 0, done.stderr
    return len(file.read_bytes().splitlines())


@pytest.fixture
def clean(settings: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator["CleanRun"]:
    """The same topic into a database of its own, by one worker that nothing happens to."""
    yield CleanRun(settings, groupvitals, monkeypatch)


class CleanRun:
    """Lands the whole topic once more, undisturbed."""

    def __init__(self, settings: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings, self.groupvitals, self.monkeypatch = settings, groupvitals, monkeypatch

    def land(self) -> Answers:
        """Run to the end of the topic; its answers."""
        name = f"{self.settings.clickhouse.database}_clean"
        with self.monkeypatch.context() as context:
            context.setenv("GROUPVITALS_CLICKHOUSE__DATABASE", name)
            for command in (["migrate"], ["worker", "--until-caught-up"]):
                done = self.groupvitals(*command)
                assert done.returncode == 0, done.stderr
        return Answers(self.settings, name)


def finish(groupvitals: Run) -> None:
    """Land what is left."""
    done = groupvitals("worker", "--until-caught-up")
    assert done.returncode == 0, done.stderr


def test_a_killed_worker_goes_on(settings: Settings, groupvitals: Run, parts: list[Path], clean: CleanRun) -> None:
    answers, sent = Answers(settings), 0
    for part in parts:
        with worker(**QUICK) as process:
            before = answers.flushed()
            sent += send(groupvitals, part)
            wait_until(lambda before=before: answers.flushed() > before, "the first flush")  # type: ignore[misc]
            process.kill()
    finish(groupvitals)
    assert_each_record_once(answers, sent)
    assert_same_answers(answers, clean.land())


def test_a_second_worker_joins_and_the_first_is_killed(
    settings: Settings, groupvitals: Run, parts: list[Path], clean: CleanRun
) -> None:
    answers = Answers(settings)
    with worker(**QUICK) as first:
        sent = send(groupvitals, parts[0])
        wait_until(lambda: answers.flushed() > 0, "the first worker's first flush")
        with worker(**QUICK) as second:
            wait_until(lambda: _owners(answers) == 2, "both own partitions")
            sent += sum(send(groupvitals, part) for part in parts[1:3])
            first.kill()
            sent += send(groupvitals, parts[3])
            wait_until(lambda: answers.flushed() == sent, "the second lands everything")
            assert stop(second) == 0
    assert_each_record_once(answers, sent)
    assert_same_answers(answers, clean.land())


def test_a_worker_that_was_stopped_for_long_writes_nothing_wrong(
    settings: Settings, groupvitals: Run, parts: list[Path], clean: CleanRun
) -> None:
    answers = Answers(settings)
    with worker(**QUICK) as sleeper:
        sent = send(groupvitals, parts[0])
        wait_until(lambda: answers.flushed() > 0, "the first flush")
        sleeper.send_signal(signal.SIGSTOP)
        with worker(**QUICK):
            sent += send(groupvitals, parts[1])
            wait_until(lambda: answers.flushed() == sent, "the other worker lands everything")
            sleeper.send_signal(signal.SIGCONT)
            sent += sum(send(groupvitals, part) for part in parts[2:])
            wait_until(lambda: answers.flushed() == sent, "both go on")
    assert_each_record_once(answers, sent)
    assert_same_answers(answers, clean.land())


def _owners(answers: Answers) -> int:
    return answers.value(
        "SELECT uniqExact(w) FROM "
        "(SELECT argMax(worker, (term, sequence)) AS w FROM {d}.checkpoints GROUP BY partition)"
    )


@pytest.fixture
def own_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Path, Path, Settings]]:
    """Servers that the test may stop; home, cache, settings."""
    if any(name in os.environ for name in ("DOCKER_HOST",)) and request.config.getoption("-k", default=""):
        pytest.skip("needs local processes")
    cache = load_settings().cache
    endpoints: Endpoints = up(home, cache, lambda text: None)
    for variable, value in {
        "KAFKA__BOOTSTRAP": endpoints.kafka, "CLICKHOUSE__HOST": endpoints.clickhouse_host,
        "CLICKHOUSE__TCP_PORT": endpoints.clickhouse_tcp, "CLICKHOUSE__HTTP_PORT": endpoints.clickhouse_http,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"GROUPVITALS_{variable}", str(value))
    try:
        yield home, cache, load_settings()
    finally:
        down(home)


def test_servers_that_go_away_come_back(
    own_services: tuple[Path, Path, Settings], groupvitals: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, cache, settings = own_services
    for command in (["topics"], ["migrate"], ["simulate", "sim", "--groups", "20", "--members", "800", "--days", "30"]):
        assert groupvitals(*command).returncode == 0
    file = tmp_path / "sim" / "chat.events.ndjson"
    lines = file.read_bytes().splitlines(keepends=True)
    parts = [tmp_path / f"p{i}" / "chat.events.ndjson" for i in range(3)]
    for i, part in enumerate(parts):
        part.parent.mkdir()
        part.write_bytes(b"".join(lines[i * len(lines) // 3 : (i + 1) * len(lines) // 3]))
    answers = Answers(settings)
    sent = send(groupvitals, parts[0])
    stop_service(home, "clickhouse")
    stop_service(home, "kafka")
    with worker(**QUICK) as process:  # started while both are away
        start(home, cache, "kafka")
        start(home, cache, "clickhouse")
        wait_until(lambda: answers.flushed() == sent, "everything lands once ClickHouse is there")
        stop_service(home, "clickhouse", signal.SIGKILL)
        sent += send(groupvitals, parts[1])
        start(home, cache, "clickhouse")
        wait_until(lambda: answers.flushed() == sent, "everything lands after ClickHouse was killed")
        stop_service(home, "kafka")
        start(home, cache, "kafka")
        sent += send(groupvitals, parts[2])
        wait_until(lambda: answers.flushed() == sent, "everything lands after Kafka was restarted")
        assert process.poll() is None, "the worker must live through all of it"
        assert stop(process) == 0
    assert_each_record_once(answers, sent)
    assert_same_answers(answers, CleanRun(settings, groupvitals, monkeypatch).land())
