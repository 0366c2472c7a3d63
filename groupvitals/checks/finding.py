"""A finding, and the deployment being checked. Connects when a connection is first needed."""

from dataclasses import dataclass
from functools import cached_property

from groupvitals.commands.worker import worker_config
from groupvitals.settings import Settings
from sinks.clickhouse.connection import Native
from sinks.clickhouse.readers.heads import Vouched, read_heads
from sinks.clickhouse.readers.health import Head, Health
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Epoch
from streams.kafka.topic_state import TopicState, topic_state

OK, WARNING, ERROR = "ok", "warning", "error"


@dataclass(frozen=True)
class Finding:
    """One result of a check: how severe it is, what was checked, what was found, what to do."""

    severity: str
    what: str
    found: str
    do: str = ""


class Deployment:
    """The deployment that the settings describe, as one agent sees it.

    Attributes raise `ServiceError` or `BackpressureError` when their server cannot be reached.

    `deep`: also check what takes long on large tables.
    """

    def __init__(self, settings: Settings, deep: bool = False, agent: str = "community") -> None:
        self.settings, self.deep, self.agent = settings, deep, agent
        self.config = worker_config(settings, agent)
        self.native = Native(self.config.address)
        records = self.config.agent.records
        self.health = Health(self.native, self.config.topic, records.name if records else "")

    def ask_kafka(self) -> TopicState | None:
        """The agent's topic as it is now; None when it does not exist."""
        return topic_state(self.config.kafka, self.config.topic, self.config.group)

    @cached_property
    def topic(self) -> TopicState | None:
        """The agent's topic as it was on first access."""
        return self.ask_kafka()

    @cached_property
    def epoch(self) -> Epoch | None:
        """The epoch in use; None before the first worker has run."""
        return ClickHouseStore(self.config.address).epoch(self.config.agent.contract)

    @property
    def used(self) -> bool:
        """Whether the agent has ever run, or has records to process."""
        topic = self.topic
        return self.epoch is not None or (
            topic is not None and any(topic.ends[p] > topic.begins[p] for p in topic.ends)
        )

    @cached_property
    def vouched(self) -> dict[str, Vouched]:
        """What is vouched for, by the topics' names in the contract."""
        return read_heads(ClickHouseStore(self.config.address))

    @cached_property
    def heads(self) -> dict[int, Head]:
        """The newest checkpoint of every partition that has one."""
        if self.topic is None or self.epoch is None:  # ask Kafka first: what it had committed is checkpointed by now
            return {}
        found = {partition: self.health.head(partition, self.epoch.number) for partition in self.topic.ends}
        return {partition: head for partition, head in found.items() if head is not None}
