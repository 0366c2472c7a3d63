"""All settings of a deployment, and where they come from; the sections are in `groupvitals.sections`.

Order: command line, `GROUPVITALS_…` variables, `groupvitals.toml` (or the file named by `GROUPVITALS_CONFIG`),
defaults.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from groupvitals.sections import (
    ClickHouseSettings,
    CreditSettings,
    KafkaSettings,
    PeopleSettings,
    Section,
    WorkerSettings,
)
from schemas.errors import ConfigError


def _cache() -> Path:
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "groupvitals"
    except RuntimeError:  # this user has no home folder
        return Path(".groupvitals/cache")


class Settings(BaseSettings):
    """All settings of one deployment."""

    model_config = SettingsConfigDict(env_prefix="GROUPVITALS_", env_nested_delimiter="__", extra="forbid")

    home: Path = Field(
        Path(".groupvitals"),
        description="folder of the local services' data, logs and ports, of what imports remember, and of workers' "
        "places in their consumer groups",
    )
    cache: Path = Field(
        default_factory=_cache,
        description="folder of compiled kernels and of the local servers' programs; several users may share it",
    )
    proxy: str = Field(
        "",
        description="proxy for what is not on this machine: downloading programs, and ClickHouse's HTTP port; unset: "
        "HTTPS_PROXY, HTTP_PROXY and NO_PROXY decide; `none`: no proxy",
    )
    logs: Literal["plain", "json"] = Field(
        "plain", description="how a worker logs to stderr: lines of text, or JSON objects"
    )
    kafka: KafkaSettings = KafkaSettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    worker: WorkerSettings = WorkerSettings()
    people: PeopleSettings = PeopleSettings()
    credit: CreditSettings = CreditSettings()

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
    except SettingsError as error:  # a section given as JSON in one variable; it may hold a password
        raise ConfigError(f"{error}: it is not JSON.") from None
    except ValidationError as error:
        raise ConfigError(_wrong(error)) from None
    if settings.cache != _cache():  # where the kernels look for it
        os.environ["GROUPVITALS_CACHE"] = str(settings.cache)
    unknown = _unknown_variables(settings)
    if unknown:
        raise ConfigError(f"The variable {unknown} is not a setting: docs/settings.md lists them all.")
    if settings.people.nickname and not settings.worker.store_names:
        raise ConfigError(
            "people.nickname needs nicknames, but worker.store_names = false stores none: change one of the two."
        )
    return settings


def _wrong(error: ValidationError) -> str:
    """What is wrong, without values that are or may be secrets: passwords, whole sections, unknown names."""
    first = error.errors(include_url=False)[0]
    place, message = first["loc"], first["msg"].removeprefix("Value error, ")
    if len(place) == 1 and first["type"] == "value_error" and isinstance(first["input"], dict):
        return f"The settings of {place[0]} contradict each other: {message}."
    hidden = first["type"] in ("extra_forbidden", "model_type") or str(place[-1]).endswith("password")
    name, value = ".".join(map(str, place)), "" if hidden else f" = {first['input']!r}"
    return f"The setting {name}{value} from {_origin(place)} is wrong: {message}."


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
