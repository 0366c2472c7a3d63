"""The sections of the settings: every setting, its default, its meaning, and what it must fit."""

from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from analytics.results.rules import DEFAULT, KINDS, Rules
from schemas.nicknames import convention


class Section(BaseModel):
    """A group of settings; unknown names are refused."""

    model_config = {"extra": "forbid"}


class KafkaSettings(Section):
    """The broker and the topics."""

    bootstrap: str | None = Field(
        None, description="host:port[,host:port]; unset: the local broker of `groupvitals up`"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="whether connections are encrypted (SSL), and whether a user logs in (SASL)"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how the user logs in"
    )
    user: str = Field("", description="user that logs in, with SASL")
    password: SecretStr = Field(SecretStr(""), description="its password")
    password_file: Path | None = Field(None, description="file that holds the password instead")
    ca_file: Path | None = Field(None, description="CAs to trust for brokers, PEM; unset: the system's")
    cert_file: Path | None = Field(None, description="client certificate, PEM")
    key_file: Path | None = Field(None, description="its key, PEM, unless it is in the same file")
    key_password: SecretStr = Field(SecretStr(""), description="password of an encrypted key")
    topic_prefix: str = Field("", description="prefix of every topic name, to keep deployments on one broker apart")
    chat_partitions: Annotated[int, Field(ge=1, le=1024)] = Field(4, description="partitions of chat.events")
    person_partitions: Annotated[int, Field(ge=1, le=1024)] = Field(
        4, description="partitions of product.events and identity.links"
    )
    replication: Annotated[int, Field(ge=1, le=9)] = Field(1, description="replicas of every topic")
    retention_days: Annotated[int, Field(ge=-1)] = Field(
        30, description="days that topics keep events, counted from when each was appended; -1: for ever"
    )
    session_timeout_s: Annotated[float, Field(ge=3, le=300)] = Field(
        10, description="seconds of silence after which a worker loses its partitions"
    )
    max_fetch_mb: Annotated[int, Field(ge=1, le=64)] = Field(8, description="largest fetch from one partition, MiB")

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        sasl, tls = self.security_protocol.startswith("SASL_"), self.security_protocol.endswith("SSL")
        secret = bool(self.password.get_secret_value()), self.password_file is not None
        if self.security_protocol != "PLAINTEXT" and not self.bootstrap:
            raise ValueError(f"kafka.security_protocol {self.security_protocol} needs kafka.bootstrap")
        if all(secret):
            raise ValueError("set one of kafka.password and kafka.password_file")
        if sasl and not (self.user and any(secret)):
            raise ValueError(
                f"kafka.security_protocol {self.security_protocol} needs kafka.user, and kafka.password or "
                "kafka.password_file"
            )
        if not sasl and (self.user or any(secret)):
            raise ValueError("a user or a password for Kafka needs kafka.security_protocol SASL_SSL")
        if not tls and (self.ca_file or self.cert_file):
            raise ValueError("certificates for Kafka need kafka.security_protocol SSL or SASL_SSL")
        if self.key_file and not self.cert_file:
            raise ValueError("kafka.key_file needs kafka.cert_file")
        return self


class ClickHouseSettings(Section):
    """The database."""

    host: str | None = Field(None, description="host name; unset: the local ClickHouse of `groupvitals up`")
    tcp_port: Annotated[int, Field(ge=1, le=65535)] = Field(9000, description="native protocol port")
    http_port: Annotated[int, Field(ge=1, le=65535)] = Field(8123, description="HTTP port")
    user: str = Field("default", description="user that writes and migrates")
    password: SecretStr = Field(SecretStr(""), description="its password")
    password_file: Path | None = Field(None, description="file that holds the password instead")
    secure: bool = Field(False, description="TLS on both ports; certificates are verified")
    ca_file: Path | None = Field(None, description="CAs to trust for the server, PEM; unset: the public ones")
    database: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")] = Field(
        "vitals", description="database of all tables and views"
    )
    cluster: str | None = Field(
        None, description="name of the ClickHouse cluster; unset: a single server (several shards do not work yet)"
    )
    timeout_s: Annotated[float, Field(ge=1)] = Field(30, description="timeout of one statement, seconds")

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.password.get_secret_value() and self.password_file:
            raise ValueError("set one of clickhouse.password and clickhouse.password_file")
        if self.ca_file and not self.secure:
            raise ValueError("clickhouse.ca_file needs clickhouse.secure = true")
        return self


class WorkerSettings(Section):
    """How the processors work."""

    time_zone: str = Field("UTC", description="zone whose midnight begins a day (IANA name)")
    lateness_h: Annotated[int, Field(ge=1, le=48)] = Field(
        48, description="hours an event may be late and still be counted"
    )
    duplicate_horizon: Annotated[int, Field(ge=1_000, le=64_000_000)] = Field(
        4_000_000, description="number of latest records of a partition among which a repeated event_id is recognised"
    )
    flush_interval_s: Annotated[float, Field(ge=0.05, le=60)] = Field(
        0.4, description="longest time between two flushes, seconds"
    )
    flush_events: Annotated[int, Field(ge=1_000)] = Field(
        250_000, description="flush early when this many events are waiting"
    )
    buffered_frames: Annotated[int, Field(ge=1, le=64)] = Field(2, description="frames that may wait per partition")
    max_memberships: Annotated[int, Field(ge=1_000)] = Field(
        5_000_000, description="memberships kept in memory per partition; colder ones are read back when they wake"
    )
    tick_s: Annotated[float, Field(ge=0)] = Field(
        60, description="idle seconds after which a partition gets a tick; 0: never"
    )
    dead_letter_ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="stop a partition when a larger share of 10,000 consecutive records is invalid"
    )
    dead_letter_run: Annotated[int, Field(ge=1)] = Field(
        10_000, description="stop a partition after this many invalid records in a row"
    )
    store_text: bool = Field(False, description="land the text of messages")
    store_names: bool = Field(True, description="land the names of groups and members, and show them next to ids")
    stop_timeout_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        30, description="seconds that a worker told to stop may take to land what it has applied"
    )
    web_host: str = Field("127.0.0.1", description="address on which a worker serves /metrics, /healthz and /readyz")
    web_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        0, description="its port, a different one for each worker on a host; 0: serve nothing"
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("not an IANA time zone such as UTC or Asia/Shanghai")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days begin."""
        return ZoneInfo(self.time_zone)


class PeopleSettings(Section):
    """What is known of people beyond events."""

    zombie_chance: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.05,
        description="silent members with a lower chance of being active again within 28 days are zombies; the score's "
        "next fit uses it",
    )
    nickname: str = Field(
        "",
        description="convention by which members name themselves, such as `name-role-industry-city`; workers of the "
        "people agent read it when they start; needs `worker.store_names`; empty: nicknames say nothing",
    )

    @field_validator("nickname")
    @classmethod
    def _convention(cls, value: str) -> str:
        convention(value)
        return value


class CreditSettings(Section):
    """What converts, and what gets credit for it; workers of the people agent read this when they start."""

    goals: tuple[str, ...] = Field(
        DEFAULT.goals, description="types of product events, and names of custom ones, that are conversions"
    )
    model: Literal["first", "last", "linear", "position", "decay", "shapley"] = Field(
        "linear", description="the model by which conversions show credits, and groups their revenue"
    )
    touch_h: dict[str, int] = Field(
        dict(DEFAULT.touch_h), description="hours for which a touch of each kind counts; others keep the default"
    )
    goal_h: dict[str, int] = Field({}, description="hours before a conversion of each goal that count at most")
    lookback_h: Annotated[int, Field(gt=0)] = Field(
        DEFAULT.lookback_h, description="the same of goals that `credit.goal_h` does not name"
    )
    half_life_days: Annotated[float, Field(gt=0)] = Field(
        DEFAULT.half_life_days,
        description="days by which a touch is older that gets half as much by `decay`",
    )

    @field_validator("touch_h")
    @classmethod
    def _kinds(cls, value: dict[str, int]) -> dict[str, int]:
        unknown = sorted(set(value) - set(KINDS))
        if unknown:
            raise ValueError(f"no touches are of the kind {unknown[0]!r}: there are {', '.join(KINDS)}")
        return dict(DEFAULT.touch_h) | value

    @property
    def rules(self) -> Rules:
        """The same as rules."""
        return Rules(
            self.goals, self.model, tuple(self.touch_h.items()), tuple(self.goal_h.items()), self.lookback_h,
            self.half_life_days,
        )  # fmt: skip
