"""The settings of topics: which a broker offers, which have drifted, and what it lets us change."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from schemas.errors import ServiceError

#: Whose clock stamps a topic's records: the broker's, so that no producer's clock can be ahead.
STAMPS, APPEND_TIME = "message.timestamp.type", "LogAppendTime"
#: How far ahead a producer's timestamp may be where producers set it after all; Kafka before 3.6 has only the second
#: name.
STAMP_LIMITS = ("message.timestamp.after.max.ms", "message.timestamp.difference.max.ms")
#: How long Kafka may take to show altered settings, seconds.
ALTER_S = 30

Settings = dict[str, str]


@dataclass
class Drift:
    """The settings of one topic that were not as wanted: their old values, and why Kafka refused to change some."""

    wanted: Settings
    was: Settings = field(default_factory=dict)
    refused: Settings = field(default_factory=dict)
    hidden: bool = False

    @property
    def changes(self) -> list[str]:
        """What was corrected, one sentence each."""
        return [f"{key}: {was} -> {self.wanted[key]}" for key, was in self.was.items() if key not in self.refused]

    @property
    def complaints(self) -> list[str]:
        """What is not as wanted and could not be changed, one sentence each."""
        if self.hidden:
            return ["Kafka does not allow reading its settings"]
        return [
            f"{key} stays {self.was[key]}, not {self.wanted[key]}: {reason}" for key, reason in self.refused.items()
        ]


def offered(wanted: Settings, names: Collection[str]) -> Settings:
    """The wanted settings, the timestamp limit under the name that the broker knows."""
    found = {key: value for key, value in wanted.items() if key != STAMP_LIMITS[0]}
    limits = [name for name in STAMP_LIMITS if name in names]
    if len(found) < len(wanted) and limits:
        found[limits[0]] = wanted[STAMP_LIMITS[0]]
    return found


def actual_settings(admin: KafkaAdminClient, topics: Collection[str]) -> dict[str, Settings]:
    """All settings of topics; none for a topic that we may not describe."""
    ask = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    found = admin.describe_configs(ask, config_filter="all")["topic"] if ask else {}
    return {name: {key: str(one["value"]) for key, one in settings.items()} for name, settings in found.items()}


def put_right(admin: KafkaAdminClient, wanted: dict[str, Settings]) -> dict[str, Drift]:
    """Alter what has drifted and wait until the brokers show it; what Kafka refuses stays as it is."""
    drifts = _drifts(admin, wanted)
    _alter(admin, drifts)
    deadline = time.monotonic() + ALTER_S
    while late := [name for name, now in _drifts(admin, wanted).items() if now.was.keys() - drifts[name].refused]:
        if time.monotonic() > deadline:
            raise ServiceError(f"Kafka did not alter {', '.join(sorted(late))} within {ALTER_S} s: try again.")
        time.sleep(0.1)  # brokers learn a little later what a controller has accepted
    return drifts


def _drifts(admin: KafkaAdminClient, wanted: dict[str, Settings]) -> dict[str, Drift]:
    drifts = {}
    for name, actual in actual_settings(admin, wanted.keys()).items():
        drift = drifts[name] = Drift(offered(wanted[name], actual), hidden=not actual)
        drift.was = {key: actual[key] for key, value in drift.wanted.items() if actual and actual[key] != value}
    return drifts


def _alter(admin: KafkaAdminClient, drifts: dict[str, Drift]) -> None:
    """All settings of a topic at once; where that is refused, one by one."""
    together = [(name, list(drift.was)) for name, drift in drifts.items() if drift.was]
    for name, keys in together:
        if _refusal(admin, name, drifts[name], keys):
            for key in keys:
                if reason := _refusal(admin, name, drifts[name], [key]):
                    drifts[name].refused[key] = reason


def _refusal(admin: KafkaAdminClient, name: str, drift: Drift, keys: list[str]) -> str:
    """Alter settings of a topic. Returns why Kafka refused, or nothing."""
    alter = ConfigResource(ConfigResourceType.TOPIC, name, {key: drift.wanted[key] for key in keys})
    result = str(admin.alter_configs([alter], raise_on_unknown=False)["topic"][name])
    return "" if result == "OK" else result
