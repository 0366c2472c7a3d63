"""A deployment that a small world is sent to piece by piece, and the answers that must stand there in the end.

The answers are those of one undisturbed worker, which in turn are held against the oracle's.
"""

import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from deploy.endpoints import Endpoints
from groupvitals.commands.worker import worker_config
from groupvitals.connections import clickhouse
from groupvitals.sections import ClickHouseSettings, KafkaSettings
from groupvitals.settings import Settings
from schemas.kafka import Kafka
from sinks.clickhouse.migrations import migrate
from streams.kafka.topics import TopicLayout, delete_topics, ensure_topics
from tests.faults.agents import COMMUNITY, END_MS, PARTITIONS, Agent, Part, Rows
from tests.faults.processes import Process, worker
from tests.oracle.community import Record
from tests.streams.workers import Answers, assert_each_record_once, wait_until

#: More than an undisturbed worker needs by so many bytes is too much: something piled up.
MEMORY_ROOM = 96 << 20
#: What tells one deployment, or one time of sending, from another.
_OWN = {"topic", "kafka_ts_ms", "first_seen_ms"}


def cut(part: Part, pieces: int) -> list[Part]:
    """So many pieces of about equal length, in order."""
    return [part[i * len(part) // pieces : (i + 1) * len(part) // pieces] for i in range(pieces)]


class Deployment:
    """A topic and a database of their own, and the workers of one agent that were started for them.

    `beside`: share the database, and the workers, with the deployment of another agent.
    """

    def __init__(
        self, servers: Endpoints, folder: Path, agent: Agent = COMMUNITY, beside: "Deployment | None" = None
    ) -> None:
        self.name = beside.name if beside else f"t{uuid.uuid4().hex[:12]}"
        self.folder, self.sent, self.agent = folder, 0, agent
        self.kafka, self.topic = Kafka(servers.kafka), f"{self.name}.{agent.contract}"
        self._processes: list[Process] = beside._processes if beside else []
        #: Bytes that a worker of it needed for as much that came undisturbed, where that is more than a world.
        self.undisturbed = 0
        self._layout = TopicLayout(prefix=f"{self.name}.", chat_partitions=PARTITIONS, person_partitions=PARTITIONS)
        ensure_topics(self.kafka, self._layout)
        self.settings = settings = Settings(
            kafka=KafkaSettings(bootstrap=servers.kafka, topic_prefix=f"{self.name}."),
            clickhouse=ClickHouseSettings(
                host=servers.clickhouse_host, tcp_port=servers.clickhouse_tcp, http_port=servers.clickhouse_http,
                database=self.name,
            ),
        )  # fmt: skip
        migrate(clickhouse(settings), "UTC")
        self.answers = Answers(settings, contract=agent.contract)
        self.group = worker_config(settings, agent.name).group
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
        delete_topics(self.kafka, self._layout)
        self.answers.native.execute(f"DROP DATABASE {self.name} SYNC")

    def send(self, part: Part) -> None:
        """Send records, and return when Kafka has them all, each once and in order."""
        producer = KafkaProducer(
            **self.kafka.for_clients(), acks="all", enable_idempotence=True, linger_ms=5, max_request_size=8 << 20
        )
        try:
            futures = [producer.send(self.topic, value, key, partition=place) for place, key, value in part]
            for future in futures:
                future.get(timeout=60)
        finally:
            producer.close()
        self.sent += len(part)

    def worker(self, *arguments: str, agent: str = "", **options: Any) -> AbstractContextManager[Process]:
        """A worker of this deployment: `processes.worker`; of another `agent` than its own if one is named."""
        chosen = ("--agent", agent or self.agent.name, *arguments)
        return worker(self.environment, self.folder, self._processes, *chosen, **options)

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

    def rows(self, names: Iterable[str] | None = None) -> Rows:
        """Everything people ask of the agent, without what tells one deployment from another."""
        return {
            name: [{k: v for k, v in row.items() if k not in _OWN} for row in self.answers.rows(name)]
            for name in (self.agent.asked if names is None else names)
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
        every = (self.answers.raw_table, "dead_letters")
        found = self.rows(name for name in reference.rows if once or name not in every)
        for name, rows in reference.rows.items():
            if name not in found:
                continue
            assert len(found[name]) == len(rows), name
            differing = [pair for pair in zip(found[name], rows, strict=True) if pair[0] != pair[1]]
            assert not differing, f"{name}: {len(differing)} rows differ, first: {differing[0]}"
        more = self.highest - max(reference.highest, self.undisturbed)
        assert more < MEMORY_ROOM, f"a worker took {more >> 20} MiB more than an undisturbed one"


@dataclass(frozen=True)
class Reference:
    """A world, what an undisturbed worker makes of it, and how much memory that takes, bytes."""

    world: Part
    rows: Rows
    highest: int


def undisturbed(servers: Endpoints, folder: Path, agent: Agent) -> Reference:
    """What one undisturbed worker makes of the agent's world, equal to the oracle's answers."""
    world, deployment = agent.world(), Deployment(servers, folder, agent)
    deployment.send(world)
    deployment.finish()
    found = Reference(world, deployment.rows(), deployment.highest)
    assert_each_record_once(deployment.answers, len(world))
    deployment.remove()
    parts = [[value for at, _, value in world if at == place] for place in range(PARTITIONS)]
    agent.hold(found.rows, [[Record(i, END_MS, value) for i, value in enumerate(part)] for part in parts])
    return found
