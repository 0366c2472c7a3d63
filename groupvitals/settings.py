"""Every setting, its default, its meaning, and where it may come from.

Order: command line, `GROUPVITALS_…` variables, `groupvitals.toml` (or the file named by `GROUPVITALS_CONFIG`),
defaults.
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from schemas.errors import ConfigError
from schemas.nicknames import convention


class Section(BaseModel):
    """A group of settings; unknown names are refused."""

    model_config = {"extra": "forbid"}


class KafkaSettings(Section):
    """The broker and the topics."""

    bootstrap: str | None = Field(
        None, description="host:port[,host:port]; unset: the local broker of `groupvitals up`"
    )
    topic_prefix: str = Field("", description="put before every topic name, to keep deployments apart on one broker")
    chat_partitions: Annotated[int, Field(ge=1, le=1024)] = Field(4, description="partitions of chat.events")
    person_partitions: Annotated[int, Field(ge=1, le=1024)] = Field(
        4, description="partitions of product.events and identity.links"
    )
    replication: Annotated[int, Field(ge=1, le=9)] = Field(1, description="replicas of every topic")
    retention_days: Annotated[int, Field(ge=-1)] = Field(
        30, description="how long topics keep events, counted from when each was appended; -1: for ever"
    )
    session_timeout_s: Annotated[float, Field(ge=3, le=300)] = Field(
        10, description="a worker silent this long loses its partitions"
    )
    max_fetch_mb: Annotated[int, Field(ge=1, le=64)] = Field(8, description="largest frame of one partition, MiB")


class ClickHouseSettings(Section):
    """The database."""

    host: str | None = Field(None, description="host name; unset: the local ClickHouse of `groupvitals up`")
    tcp_port: Annotated[int, Field(ge=1, le=65535)] = Field(9000, description="native protocol port")
    http_port: Annotated[int, Field(ge=1, le=65535)] = Field(8123, description="HTTP port")
    user: str = Field("default", description="user that writes and migrates")
    password: str = Field("", description="its password", repr=False)
    secure: bool = Field(False, description="TLS on both ports")
    database: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")] = Field(
        "vitals", description="database of all tables and views"
    )
    cluster: str | None = Field(None, description="name of the ClickHouse cluster; unset: a single server")
    timeout_s: Annotated[float, Field(ge=1)] = Field(30, description="time-out of one statement, seconds")


class WorkerSettings(Section):
    """How the processors work."""

    time_zone: str = Field("UTC", description="days begin at midnight here (IANA name)")
    lateness_h: Annotated[int, Field(ge=1, le=48)] = Field(
        48, description="hours an event may be late and still be counted"
    )
    duplicate_horizon: Annotated[int, Field(ge=1_000, le=64_000_000)] = Field(
        4_000_000, description="records of a partition among which a repeated event_id is found"
    )
    flush_interval_s: Annotated[float, Field(ge=0.05, le=60)] = Field(
        0.4, description="longest time between two flushes"
    )
    flush_events: Annotated[int, Field(ge=1_000)] = Field(250_000, description="flush early when so many events wait")
    buffered_frames: Annotated[int, Field(ge=1, le=64)] = Field(2, description="frames that wait a partition")
    max_memberships: Annotated[int, Field(ge=1_000)] = Field(
        5_000_000, description="memberships a partition keeps in memory; colder ones are read back when they wake"
    )
    tick_s: Annotated[float, Field(ge=0)] = Field(60, description="a partition idle this long gets a tick; 0: never")
    dead_letter_ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="stop a partition when more of 10,000 consecutive records are invalid"
    )
    dead_letter_run: Annotated[int, Field(ge=1)] = Field(
        10_000, description="stop a partition after so many invalid records in a row"
    )
    store_text: bool = Field(False, description="land the text of messages")
    store_names: bool = Field(True, description="land what groups and members call themselves, and show it beside ids")
    stop_timeout_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        30, description="longest time that a worker told to stop goes on landing what it applied"
    )
    web_host: str = Field("127.0.0.1", description="address on which a worker serves /metrics, /healthz, /readyz")
    web_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        0, description="its port, another one for each worker of a host; 0: serve nothing"
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

    nickname: str = Field(
        "",
        description="how members name themselves in groups, such as `name-role-industry-city`; `groupvitals migrate` "
        "puts it into the views; empty: nicknames say nothing",
    )

    @field_validator("nickname")
    @classmethod
    def _convention(cls, value: str) -> str:
        convention(value)
        return value


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "groupvitals"


class Settings(BaseSettings):
    """All settings of one deployment."""

    model_config = SettingsConfigDict(env_prefix="GROUPVITALS_", env_nested_delimiter="__", extra="forbid")

    home: Path = Field(Path(".groupvitals"), description="data, logs and ports of the local services")
    cache: Path = Field(default_factory=_cache, description="where the local servers' programs are kept")
    logs: Literal["plain", "json"] = Field("plain", description="how a worker logs on stderr: lines, or JSON objects")
    kafka: KafkaSettings = KafkaSettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    worker: WorkerSettings = WorkerSettings()
    people: PeopleSettings = PeopleSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the command line's values first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=_config_file())


def _config_file() -> Path:
    return Path(os.environ.get("GROUPVITALS_CONFIG", "groupvitals.toml"))


def _origin(location: tuple[str | int, ...]) -> str:
    name = "GROUPVITALS_" + "__".join(map(str, location)).upper()
    if any(key.upper() == name for key in os.environ):
        return f"the variable {name}"
    file = _config_file()
    if file.exists():
        node: Any = tomllib.loads(file.read_text())
        for part in location:
            node = node.get(part) if isinstance(node, dict) else None
        if node is not None:
            return f"the file {file}"
    return "the settings"


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; a wrong one raises `ConfigError` with its name, its value and where it came from."""
    file = _config_file()
    try:
        if "GROUPVITALS_CONFIG" in os.environ and not file.exists():
            raise ConfigError(f"GROUPVITALS_CONFIG names {file}, which does not exist.")
        settings = Settings(**overrides)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"The setting {name} = {first['input']!r} from {_origin(first['loc'])} is wrong: {first['msg']}."
        ) from None
    unknown = _unknown_variables(settings)
    if unknown:
        raise ConfigError(f"The variable {unknown} names no setting; docs/settings.md lists them all.")
    return settings


def _unknown_variables(settings: Settings) -> str | None:
    known = {"GROUPVITALS_CONFIG", "GROUPVITALS_DEBUG"} | {
        f"GROUPVITALS_{name}".upper().replace(".", "__") for name, *_ in describe(settings)
    }
    return next((key for key in os.environ if key.startswith("GROUPVITALS_") and key.upper() not in known), None)


def describe(settings: Settings) -> list[tuple[str, Any, str]]:
    """Every setting as (dotted name, value, meaning)."""
    rows: list[tuple[str, Any, str]] = []
    for name, info in Settings.model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, Section):
            rows += [
                (f"{name}.{inner}", getattr(value, inner), detail.description or "")
                for inner, detail in type(value).model_fields.items()
            ]
        else:
            rows.append((name, value, info.description or ""))
    return rows
