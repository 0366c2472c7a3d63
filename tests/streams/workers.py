"""Real workers for tests: start, stop, wait, and what a database answers."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaProducer

from groupvitals.connections import clickhouse
from groupvitals.settings import Settings
from schemas.topics import CHAT
from sinks.clickhouse.connection import Native

ROOT = Path(__file__).parent.parent.parent
#: Everything people ask.
VIEWS = (
    "memberships", "group_clocks", "panes", "closed_days", "closed_member_days", "rolling_activity",
    "rolling_activity_daily", "tiers", "tiers_daily", "retention", "retention_daily",
)  # fmt: skip
TABLES = ("facts", "dead_letters", "events")
_BOOKKEEPING = {"version", "slot", "ingested_on"}


@contextmanager
def worker(**settings: object) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that follows its topic; killed at the end if it still runs. `settings` are GROUPVITALS_… variables."""
    own = {f"GROUPVITALS_{name}": str(value) for name, value in settings.items()}
    environment = os.environ | {"PYTHONPATH": str(ROOT), "GROUPVITALS_WORKER__TICK_S": "0", **own}
    command = [sys.executable, "-m", "groupvitals", "worker", "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def stop(process: subprocess.Popen[bytes]) -> int:
    """Ask a worker to end, and wait until it has."""
    process.send_signal(signal.SIGTERM)
    return process.wait(60)


def wait_until(true: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait for something that happens elsewhere; fail with `what` when it does not."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)  # between two looks at another process, not instead of looking


def send(settings: Settings, values: list[bytes]) -> int:
    """Send events under their groups' keys, and return how many when Kafka has them all."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka.bootstrap, acks="all", linger_ms=20)
    topic = f"{settings.kafka.topic_prefix}{CHAT.name}"
    try:
        for future in [producer.send(topic, value, json.loads(value)["group_id"].encode()) for value in values]:
            future.get(timeout=60)
    finally:
        producer.close()
    return len(values)


class Answers:
    """One database as people see it."""

    def __init__(self, settings: Settings, database: str | None = None) -> None:
        self.database = database or settings.clickhouse.database
        self.native = Native(clickhouse(settings))

    def value(self, query: str) -> int:
        """The one number that a query gives; `{d}` is the database."""
        return int(self.native.execute(query.format(d=self.database))[0][0])

    def flushed(self) -> int:
        """Records vouched for by checkpoints."""
        return self.value(
            "SELECT ifNull(sum(o), 0) FROM (SELECT arraySum(mapValues(argMax(offsets, (term, sequence)))) AS o "
            "FROM {d}.checkpoints WHERE epoch = (SELECT epoch FROM {d}.epoch) GROUP BY partition)"
        )

    def rows(self, name: str) -> list[dict[str, object]]:
        """All rows of a view or table, without what only says which flush wrote them."""
        final = " FINAL" if name in TABLES else ""
        found = self.native.query(f"SELECT * FROM {self.database}.{name}{final} ORDER BY ALL")
        return [{key: value for key, value in row.items() if key not in _BOOKKEEPING} for row in found]


def assert_each_record_once(answers: Answers, sent: int) -> None:
    """Every record that was sent stands in `events` or among the dead letters, exactly once."""
    landed = answers.value("SELECT count() FROM {d}.events FINAL")
    assert landed == answers.value("SELECT uniqExact(topic, partition, offset) FROM {d}.events")
    assert landed + answers.value("SELECT count() FROM {d}.dead_letters FINAL") == sent
