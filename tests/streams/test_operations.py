"""What operators see of a real worker: metrics, health, readiness, logs, and how it stops."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from groupvitals.commands.worker import worker_config
from groupvitals.settings import Settings
from schemas.errors import ConfigError
from streams.observability.metrics import METRICS
from streams.observability.web import serving
from streams.worker.workers import Workers
from tests.conftest import Run
from tests.streams.forwarder import Forwarder
from tests.streams.test_bad_input import event
from tests.streams.workers import ROOT, Answers, assert_each_record_once, send, wait_until

pytestmark = pytest.mark.services
GROUPS = 3


def some_events(first: int, count: int) -> list[bytes]:
    """One event a minute; every tenth one repeats the id of the one `GROUPS` before, which is of the same group."""
    return [
        event(
            event_id=f"e{i - GROUPS if i % 10 == 9 else i}", group_id=f"qq:-:g{i % GROUPS}", member_id=f"m{i % 40}",
            message_id=f"x{i}", ts_ms=1_750_000_000_000 + i * 60_000,
        )
        for i in range(first, first + count)
    ]  # fmt: skip


class Watched:
    """A worker as an operator sees it: its process, its pages, its log."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self._port, self._log = process, port, log

    def page(self, name: str) -> tuple[int, str]:
        """Status and body; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/{name}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metrics(self) -> dict[str, dict[tuple[str, ...], float]]:
        """Samples by full name and label values."""
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for family in text_string_to_metric_families(self.page("metrics")[1]):
            name = family.name + ("_total" if family.type == "counter" else "")
            found[name] = {tuple(sample.labels.values()): sample.value for sample in family.samples}
        return found

    def total(self, name: str) -> float:
        """All samples of a metric together."""
        return sum(self.metrics().get(name, {}).values())

    def log(self) -> list[dict[str, Any]]:
        """The log's lines, each of which must be an object."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]


@contextmanager
def watched(log: Path, agent: str = "community", **settings: object) -> Iterator[Watched]:
    """A worker of an agent with pages and a JSON log, killed at the end if it still runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings |= {"LOGS": "json", "WORKER__WEB_PORT": port, "WORKER__TICK_S": 0}
    own = {f"GROUPVITALS_{name}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "groupvitals", "worker", "--agent", agent]
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)} | own, stderr=stderr)
    try:
        yield Watched(process, port, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_a_worker_tells_how_it_fares_and_stops_in_time(
    settings: Settings, groupvitals: Run, tmp_path: Path
) -> None:  # fmt: skip
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    began, ch = time.time(), settings.clickhouse
    with (
        Forwarder(str(ch.host), ch.tcp_port) as tcp, Forwarder(str(ch.host), ch.http_port) as http,
        watched(
            tmp_path / "first.log", CLICKHOUSE__TCP_PORT=tcp.port, CLICKHOUSE__HTTP_PORT=http.port,
            WORKER__STOP_TIMEOUT_S=2,
        ) as worker,
    ):  # fmt: skip
        sent = send(settings, [*some_events(0, 300), b'{"group_id": "qq:-:g0"}'])
        wait_until(lambda: worker.page("readyz")[0] == 200, "the worker is ready")
        wait_until(lambda: worker.total("groupvitals_records_landed_total") == sent, "everything landed")
        _check_metrics(worker.metrics(), Answers(settings), sent, began)
        tcp.freeze(), http.freeze()
        sent += send(settings, some_events(300, 50))
        wait_until(lambda: "ClickHouse" in worker.page("readyz")[1], "the worker says that ClickHouse is away")
        assert worker.page("readyz")[0] == 503
        assert worker.page("healthz") == (200, '{"alive": true}')
        assert worker.metrics()["groupvitals_server_up"] == {("clickhouse",): 0, ("kafka",): 1}
        wait_until(lambda: worker.total("groupvitals_records_applied_total") == sent, "the records are applied")
        assert worker.total("groupvitals_lag_records") == 50
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(60) == 3, "two seconds are enough to give up; a minute is for slow machines"
    lines = worker.log()
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    assert not [line for line in lines if line["message"].startswith("[^")], "Faust's own lines are left out"
    assert {line["partition"] for line in lines if {"partition", "term", "offset"} <= line.keys()} == {0, 1, 2, 3}
    assert lines[-1]["level"] == "ERROR"
    assert "Stopped after 2 s without landing 50 records" in lines[-1]["message"]
    _lands_what_waits_when_told_to_stop(settings, tmp_path, sent)


def _check_metrics(
    found: dict[str, dict[tuple[str, ...], float]], answers: Answers, sent: int, began: float
) -> None:  # fmt: skip
    ours = [name for name in found if name.startswith("groupvitals_")]
    assert ours == [metric.name for metric in METRICS], "what is declared is what is told"
    assert found["process_resident_memory_bytes"][()] > 0

    def total(name: str) -> float:
        return sum(found[f"groupvitals_{name}"].values())

    assert found["groupvitals_partitions"] == {
        ("community", "assigned"): 4, ("community", "running"): 4, ("community", "stopped"): 0,
    }  # fmt: skip
    assert found["groupvitals_server_up"] == {("clickhouse",): 1, ("kafka",): 1}
    assert found["groupvitals_dead_letters_total"] == {("community", "missing"): 1}
    assert total("records_applied_total") == sent
    assert total("duplicates_total") == answers.value("SELECT sum(duplicate) FROM {d}.events FINAL") == 30
    assert total("memberships") == answers.value("SELECT count() FROM {d}.memberships")
    assert total("groups") == GROUPS
    assert total("late_total") == total("lag_records") == total("records_waiting") == total("retries_total") == 0
    assert total("take_overs_total") >= total("topic_partitions") == 4
    assert total("flushes_total") <= answers.value("SELECT countIf(sequence > 0) FROM {d}.checkpoints")
    assert max(found["groupvitals_newest_event_timestamp_seconds"].values()) == 1_750_000_000 + 299 * 60, (
        "repeats count"
    )
    assert all(began < at <= time.time() for at in found["groupvitals_checkpoint_timestamp_seconds"].values())
    assert {labels[1] for labels in found["groupvitals_landing_seconds_total"]} >= {"events", "membership_states"}
    assert {labels[1] for labels in found["groupvitals_stage_seconds_total"]} == {
        "decode", "apply", "collect", "land", "commit",
    }  # fmt: skip


def _lands_what_waits_when_told_to_stop(settings: Settings, tmp_path: Path, sent: int) -> None:
    answers = Answers(settings)
    with watched(tmp_path / "second.log", WORKER__FLUSH_INTERVAL_S=60) as worker:
        sent += send(settings, some_events(350, 10))
        wait_until(lambda: worker.total("groupvitals_records_waiting") == 60, "the records are applied")
        assert answers.flushed() == sent - 60
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(60) == 0
    assert answers.flushed() == sent
    assert_each_record_once(answers, sent)


def test_a_port_that_is_taken_is_named(settings: Settings) -> None:
    workers = Workers([worker_config(settings)]).workers

    async def serve(port: int) -> None:
        async with serving(workers, "127.0.0.1", port):
            pass

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="WEB_PORT"):
        asyncio.run(serve(taken.getsockname()[1]))
