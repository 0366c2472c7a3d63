"""A small world, a deployment that it is sent to piece by piece, and the answers that must stand there in the end.

The answers are those of one undisturbed worker, which in turn are held against the oracle's.
"""

import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from deploy.services import Endpoints
from groupvitals.connections import clickhouse
from groupvitals.settings import ClickHouseSettings, KafkaSettings, Settings
from schemas.topics import CHAT
from sinks.clickhouse.migrations import migrate
from sources.producer import partition_of
from sources.simulator.plan import Plan
from sources.simulator.simulation import simulate
from streams.topics import TopicLayout, delete_topics, ensure_topics
from tests.faults.processes import Process, worker
from tests.oracle.answers import ANSWERS
from tests.oracle.community import Record, community
from tests.streams.workers import TABLES, VIEWS, Answers, assert_each_record_once, wait_until

PARTITIONS = 4
END_MS = 1_767_225_600_000
#: More than an undisturbed worker needs by so many bytes is too much: something piled up.
MEMORY_ROOM = 96 << 20
#: What tells one deployment, or one time of sending, from another.
_OWN = {"topic", "kafka_ts_ms", "first_seen_ms"}

#: (partition, key, value)
Part = list[tuple[int, bytes, bytes]]
Rows = dict[str, list[dict[str, Any]]]


def world() -> Part:
    """Some 2,500 events of a month, late and repeated ones among them, and a broken one after every fortieth."""
    plan = Plan(groups=8, members=120, days=30, end_ms=END_MS, events=2_300, late=0.03, repeated=0.02)
    found = []
    for number, record in enumerate(one for one in simulate(plan) if one.topic == CHAT.name):
        place = partition_of(record.key, PARTITIONS)
        found.append((place, record.key, record.value))
        if number % 40 == 0:
            found.append((place, record.key, b'{"event_id": "broken"}'))
    return found


def cut(part: Part, pieces: int) -> list[Part]:
    """So many pieces of about equal length, in order."""
    return [part[i * len(part) // pieces : (i + 1) * len(part) // pieces] for i in range(pieces)]


class Deployment:
    """A topic and a database of their own, and the workers that were started for them."""

    def __init__(self, servers: Endpoints, folder: Path) -> None:
        self.name, self.folder, self.sent = f"t{uuid.uuid4().hex[:12]}", folder, 0
        self.bootstrap, self.topic = servers.kafka, f"{self.name}.{CHAT.name}"
        self._processes: list[Process] = []
        self._layout = TopicLayout(prefix=f"{self.name}.", chat_partitions=PARTITIONS)
        ensure_topics(servers.kafka, self._layout)
        settings = Settings(
            kafka=KafkaSettings(bootstrap=servers.kafka, topic_prefix=f"{self.name}."),
            clickhouse=ClickHouseSettings(
                host=servers.clickhouse_host, tcp_port=servers.clickhouse_tcp, http_port=servers.clickhouse_http,
                database=self.name,
            ),
        )  # fmt: skip
        migrate(clickhouse(settings), "UTC")
        self.answers = Answers(settings)
        self.environment = {
            "GROUPVITALS_HOME": str(folder / "home"),
            "GROUPVITALS_KAFKA__BOOTSTRAP": servers.kafka,
            "GROUPVITALS_KAFKA__TOPIC_PREFIX": f"{self.name}.",
            "GROUPVITALS_CLICKHOUSE__HOST": servers.clickhouse_host,
            "GROUPVITALS_CLICKHOUSE__TCP_PORT": str(servers.clickhouse_tcp),
            "GROUPVITALS_CLICKHOUSE__HTTP_PORT": str(servers.clickhouse_http),
            "GROUPVITALS_CLICKHOUSE__DATABASE": self.name,
        }

    def remove(self) -> None:
        """Leave nothing on the servers."""
        delete_topics(self.bootstrap, self._layout)
        self.answers.native.execute(f"DROP DATABASE {self.name} SYNC")

    def send(self, part: Part) -> None:
        """Send records, and return when Kafka has them all, each once and in order."""
        producer = KafkaProducer(
            bootstrap_servers=self.bootstrap, acks="all", enable_idempotence=True, linger_ms=5, max_request_size=8 << 20
        )
        try:
            futures = [producer.send(self.topic, value, key, partition=place) for place, key, value in part]
            for future in futures:
                future.get(timeout=60)
        finally:
            producer.close()
        self.sent += len(part)

    def worker(self, *arguments: str, **options: Any) -> AbstractContextManager[Process]:
        """A worker of this deployment: `processes.worker`."""
        return worker(self.environment, self.folder, self._processes, *arguments, **options)

    def landed(self) -> bool:
        """Whether checkpoints vouch for everything that was sent."""
        return self.answers.flushed() == self.sent

    def wait_landed(self, seconds: float = 120) -> None:
        """Wait until they do."""
        wait_until(self.landed, f"everything lands: {[process.said for process in self._processes]}", seconds)

    def finish(self) -> None:
        """Land what is left, by a worker that nothing happens to."""
        with self.worker("--until-caught-up") as process:
            assert process.ended(120) == 0, process.said

    def rows(self, names: Iterable[str] = (*VIEWS, *TABLES)) -> Rows:
        """Everything people ask, without what tells one deployment from another."""
        return {
            name: [{k: v for k, v in row.items() if k not in _OWN} for row in self.answers.rows(name)] for name in names
        }

    @property
    def highest(self) -> int:
        """The most memory that any worker was seen to have, bytes."""
        return max(process.highest for process in self._processes)

    def check(self, reference: "Reference") -> None:
        """All sent records once, all answers those of the reference, memory bounded.

        The world may have been sent more than once: what is repeated shows only in the tables that have every record.
        """
        assert_each_record_once(self.answers, self.sent)
        once = self.sent == len(reference.world)
        found = self.rows(name for name in reference.rows if once or name not in ("events", "dead_letters"))
        for name, rows in reference.rows.items():
            if name not in found:
                continue
            assert len(found[name]) == len(rows), name
            differing = [pair for pair in zip(found[name], rows, strict=True) if pair[0] != pair[1]]
            assert not differing, f"{name}: {len(differing)} rows differ, first: {differing[0]}"
        more = self.highest - reference.highest
        assert more < MEMORY_ROOM, f"a worker took {more >> 20} MiB more than an undisturbed one"


class Reference:
    """What one undisturbed worker makes of the world, equal to the oracle's answers."""

    def __init__(self, servers: Endpoints, folder: Path) -> None:
        self.world = world()
        deployment = Deployment(servers, folder)
        deployment.send(self.world)
        deployment.finish()
        self.rows, self.highest = deployment.rows(), deployment.highest
        assert_each_record_once(deployment.answers, len(self.world))
        views = deployment.rows(ANSWERS)
        deployment.remove()
        values: dict[int, list[bytes]] = {place: [] for place in range(PARTITIONS)}
        for place, _, value in self.world:
            values[place].append(value)
        oracles = [community([Record(i, END_MS, v) for i, v in enumerate(part)]) for part in values.values()]
        for view, answer in ANSWERS.items():
            assert comparable(views[view]) == comparable(answer(oracles, "UTC")), view


def comparable(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Rows in one order, shares to nine digits."""
    flat = [{k: round(v, 9) if isinstance(v, float) else v for k, v in sorted(row.items())} for row in rows]
    return sorted((tuple(row.items()) for row in flat), key=repr)
