"""A deployment whose sources land in this process, piece by piece, and whose people are worked out by real workers."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from deploy.endpoints import Endpoints
from groupvitals.sections import ClickHouseSettings, KafkaSettings, PeopleSettings
from groupvitals.settings import Settings
from schemas.agents import PEOPLE
from schemas.kafka import Kafka
from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.connection import Address
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.store import ClickHouseStore
from streams.kafka.topics import TopicLayout, delete_topics, ensure_topics
from tests.faults.processes import Process, worker
from tests.landing import Landing, own_store
from tests.oracle.people_worlds import lives_of_people
from tests.sinks.people_agent import FIELDS, PeopleAgent
from tests.streams.workers import wait_until

Rows = dict[str, list[dict[str, Any]]]


def people_rows(store: ClickHouseStore) -> Rows:
    """All that is asked of the people agent's rows."""
    read = f"SELECT * FROM {store.address.database}.{{}}_now ORDER BY ALL"
    return {table.name: store.native.query(read.format(table.name)) for table in PEOPLE.states}


class Sources:
    """The lives of some people, in so many pieces."""

    def __init__(self, store: ClickHouseStore, pieces: int) -> None:
        self.store, self._pieces, self._landed = store, pieces, 0
        migrate(store.address, "UTC")
        worlds = zip((CHAT, PRODUCT, LINKS), lives_of_people(3, size=12), strict=True)
        self._landings = [Landing(world, store, topic.name) for topic, world in worlds]
        # a partition that never had a record holds back all closed days: live rows are then the same at every moment
        store.native.execute(
            f"ALTER TABLE {store.address.database}.epochs UPDATE partitions = 2 WHERE contract = '{LINKS.name}' "
            "SETTINGS mutations_sync = 2"
        )

    def land(self) -> None:
        """One more piece of every source."""
        before, self._landed = self._landed, self._landed + 1
        for landing in self._landings:
            records = landing.world.records
            first, end = (len(records) * piece // self._pieces for piece in (before, self._landed))
            landing.land(records[first:end])


class PeopleDeployment:
    """The topics, a database, and the workers of people that were started for them."""

    def __init__(self, servers: Endpoints, folder: Path, pieces: int) -> None:
        self.name, self.folder = f"t{uuid.uuid4().hex[:12]}", folder
        self.kafka, self.layout = Kafka(servers.kafka), TopicLayout(prefix=f"{self.name}.")
        self._processes: list[Process] = []
        ensure_topics(self.kafka, self.layout)
        host, tcp, http = servers.clickhouse_host, servers.clickhouse_tcp, servers.clickhouse_http
        self.store = ClickHouseStore(Address(host, tcp, http, database=self.name))
        self.shares = f"{self.name}.{PEOPLE.contract}"
        self.settings = Settings(
            home=folder / "home", kafka=KafkaSettings(bootstrap=servers.kafka, topic_prefix=f"{self.name}."),
            clickhouse=ClickHouseSettings(host=host, tcp_port=tcp, http_port=http, database=self.name),
            people=PeopleSettings(nickname="-".join(FIELDS)),
        )  # fmt: skip
        self.sources = Sources(self.store, pieces)
        self._environment = {
            "GROUPVITALS_HOME": str(folder / "home"),
            "GROUPVITALS_KAFKA__BOOTSTRAP": servers.kafka,
            "GROUPVITALS_KAFKA__TOPIC_PREFIX": f"{self.name}.",
            "GROUPVITALS_CLICKHOUSE__HOST": host,
            "GROUPVITALS_CLICKHOUSE__TCP_PORT": str(tcp),
            "GROUPVITALS_CLICKHOUSE__HTTP_PORT": str(http),
            "GROUPVITALS_CLICKHOUSE__DATABASE": self.name,
            "GROUPVITALS_PEOPLE__NICKNAME": "-".join(FIELDS),
        }

    def worker(self, *arguments: str, **options: Any) -> AbstractContextManager[Process]:
        """A worker of people: `processes.worker`."""
        return worker(self._environment, self.folder, self._processes, "--agent", "people", *arguments, **options)

    def rows(self) -> Rows:
        """All that is asked."""
        return people_rows(self.store)

    def wait(self, rows: Rows) -> None:
        """Wait until this is what is asked."""
        said: Callable[[], list[str]] = lambda: [process.said for process in self._processes]  # noqa: E731
        wait_until(lambda: self.rows() == rows, f"people are worked out: {said()}", 60)

    def finish(self) -> None:
        """Work out what is left, by a worker that nothing happens to."""
        with self.worker("--until-caught-up") as process:
            assert process.ended() == 0, process.said

    def remove(self) -> None:
        """Leave nothing on the servers."""
        delete_topics(self.kafka, self.layout)
        self.store.native.execute(f"DROP DATABASE {self.name} SYNC")


def undisturbed_rows(clickhouse: tuple[str, int, int], pieces: int) -> list[Rows]:
    """What is asked after each piece, the first of which is nothing, when nothing happens to anybody."""
    for store in own_store(clickhouse):
        sources, agent, found = Sources(store, pieces), PeopleAgent(store), [people_rows(store)]
        for _ in range(pieces):
            sources.land()
            agent.catch_up()
            found.append(people_rows(store))
    return found
