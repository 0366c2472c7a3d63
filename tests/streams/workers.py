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
from schemas.agents import AGENT_OF
from schemas.agents import TABLES as WRITTEN
from schemas.topics import CHAT, TopicSpec
from sinks.clickhouse.connection import Native

ROOT = Path(__file__).parent.parent.parent
#: Everything people ask of what chat alone has landed.
VIEWS = (
    "memberships", "group_clocks", "panes", "closed_member_days",
)  # fmt: skip
TABLES = ("facts", "dead_letters", "events")
#: Of which what is landed again has the same key and a newer version.
_MERGED = {name for name, table in WRITTEN.items() if not table.slots}
_BOOKKEEPING = {"version", "slot", "ingested_on"}


@contextmanager
def worker(agent: str = "community", **settings: object) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of an agent that follows its topic; killed at the end if it still runs.

    `settings` are GROUPVITALS_… variables.
    """
    own = {f"GROUPVITALS_{name}": str(value) for name, value in settings.items()}
    environment = os.environ | {"PYTHONPATH": str(ROOT), "GROUPVITALS_WORKER__TICK_S": "0", **own}
    command = [sys.executable, "-m", "groupvitals", "worker", "--json", "--agent", agent]
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


def send(settings: Settings, values: list[bytes], spec: TopicSpec = CHAT, partition: int | None = None) -> int:
    """Send events under their keys, or all to one partition; returns how many when Kafka has them all."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka.bootstrap, acks="all", linger_ms=20)
    topic = f"{settings.kafka.topic_prefix}{spec.name}"
    try:
        keys = [spec.key_of(json.loads(value)).encode() for value in values]
        for future in [producer.send(topic, *one, partition=partition) for one in zip(values, keys, strict=True)]:
            future.get(timeout=60)
    finally:
        producer.close()
    return len(values)


class Answers:
    """One database as people see it, by what one topic of the contract has come to."""

    def __init__(self, settings: Settings, database: str | None = None, contract: str = CHAT.name) -> None:
        self.database, self._contract = database or settings.clickhouse.database, contract
        self.native, self.raw_table = Native(clickhouse(settings)), AGENT_OF[contract].raw.name
        #: Which of the dead letters, whose table all agents share, are of the topic.
        self.dead_letters = f"dead_letters FINAL WHERE endsWith(topic, '{contract}')"

    def value(self, query: str) -> int:
        """The one number that a query gives; `{d}` is the database."""
        return int(self.native.execute(query.format(d=self.database))[0][0])

    def flushed(self) -> int:
        """Records vouched for by checkpoints of the epoch in use."""
        ours = f"topic IN (SELECT topic FROM {self.database}.epochs WHERE contract = '{self._contract}')"
        return self.value(
            "SELECT ifNull(sum(o), 0) FROM (SELECT arraySum(mapValues(argMax(offsets, (term, sequence)))) AS o "
            f"FROM {{d}}.checkpoints WHERE {ours} AND epoch = (SELECT max(epoch) FROM {{d}}.epochs WHERE ready = 1 "
            f"AND {ours}) GROUP BY partition)"
        )

    def rows(self, name: str) -> list[dict[str, object]]:
        """All rows of a view or table, the newest of a state's two; without what only says which flush wrote them."""
        source = self.dead_letters if name == "dead_letters" else f"{name}{' FINAL' if name in _MERGED else ''}"
        newest = ""
        if name in WRITTEN and WRITTEN[name].slots:
            key = ", ".join(WRITTEN[name].key)
            newest = f" ORDER BY {key}, version DESC LIMIT 1 BY {key}"
        found = self.native.query(f"SELECT * FROM (SELECT * FROM {self.database}.{source}{newest}) ORDER BY ALL")
        return [{key: value for key, value in row.items() if key not in _BOOKKEEPING} for row in found]


def assert_each_record_once(answers: Answers, sent: int) -> None:
    """Every record that was sent stands in the topic's table or among the dead letters, exactly once."""
    landed = answers.value(f"SELECT count() FROM {{d}}.{answers.raw_table} FINAL")
    assert landed == answers.value(f"SELECT uniqExact(topic, partition, offset) FROM {{d}}.{answers.raw_table}")
    assert landed + answers.value(f"SELECT count() FROM {{d}}.{answers.dead_letters}") == sent
