"""A worker's configuration: plain values, wherever they come from."""

from dataclasses import dataclass
from pathlib import Path

from analytics.people.score import ZOMBIE_CHANCE
from analytics.results.rules import DEFAULT, Rules
from schemas.agents import COMMUNITY, AgentSpec
from schemas.kafka import Kafka
from sinks.clickhouse.connection import Address
from streams.checkpoint.epochs import numbers_settings


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    """Everything a worker needs to know; a time's name says its unit."""

    kafka: Kafka
    address: Address
    data: Path
    topic_prefix: str = ""
    time_zone: str = "UTC"
    lateness_h: int = 48
    duplicate_horizon: int = 4_000_000
    flush_interval_s: float = 0.4
    flush_events: int = 250_000
    buffered_frames: int = 2
    max_memberships: int = 5_000_000
    tick_s: float = 60
    dead_letter_ratio: float = 0.5
    dead_letter_run: int = 10_000
    store_text: bool = False
    store_names: bool = True
    session_timeout_s: float = 10
    max_fetch_mb: int = 8
    stop_timeout_s: float = 30
    web_host: str = "127.0.0.1"
    web_port: int = 0
    agent: AgentSpec = COMMUNITY
    nickname: str = ""
    zombie_chance: float = ZOMBIE_CHANCE
    credit: Rules = DEFAULT

    @property
    def topic(self) -> str:
        """Name of the input topic on this broker."""
        return self.topic_prefix + self.agent.contract

    @property
    def group(self) -> str:
        """Name of the consumer group, one per agent."""
        agent = "" if self.agent is COMMUNITY else f"-{self.agent.contract}"
        return f"{self.topic_prefix}groupvitals-{self.address.database}{agent}"

    @property
    def ticks(self) -> bool:
        """Whether a long-running worker appends ticks to its topic."""
        return self.tick_s > 0 and self.agent.ticks

    @property
    def numbers(self) -> str:
        """What the numbers depend on, as recorded in an epoch."""
        return numbers_settings(self.time_zone, self.lateness_h, self.duplicate_horizon, self.agent.rules)
