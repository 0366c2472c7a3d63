"""Makes the contract's topics in Kafka as they must be: idempotent, with drifted settings put right.

A changed partition count is refused: keys would move to other partitions, away from the state kept for them.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import for_code

from schemas.errors import ConfigError, ServiceError
from schemas.kafka import Kafka
from schemas.topics import DAY_MS, TOPICS, TopicSpec
from streams.kafka.admin import kafka_admin

#: Largest record batch, bytes. A dead letter is the original value and its headers, so it may be larger.
MAX_BATCH_BYTES = 4_194_304
MAX_DEAD_LETTER_BYTES = 2 * MAX_BATCH_BYTES
#: How long Kafka may take to delete topics, and to tell altered settings, seconds.
DELETE_S = 30
ALTER_S = 30
_ALREADY_EXISTS = 36


@dataclass(frozen=True)
class TopicLayout:
    """What a deployment decides about its topics; `retention_days` -1 keeps events for ever."""

    prefix: str = ""
    chat_partitions: int = 4
    person_partitions: int = 4
    replication: int = 1
    retention_days: int = 30

    def partitions(self, spec: TopicSpec) -> int:
        """Partition count of one of the contract's topics."""
        return {"chat": self.chat_partitions, "person": self.person_partitions}.get(spec.co_partitioned, 1)


@dataclass(frozen=True)
class WantedTopic:
    """One topic as it must be; `setting` names the setting that decides its partition count."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]
    setting: str = ""


@dataclass(frozen=True)
class TopicOutcome:
    """One topic as it is now; `changes` says which of its settings were put right."""

    name: str
    partitions: int
    retention_ms: int
    policy: str
    outcome: Literal["created", "exists", "altered"]
    changes: list[str] = field(default_factory=list)


def wanted_topics(layout: TopicLayout) -> list[WantedTopic]:
    """Every topic of the contract, each followed by its dead-letter topic."""
    wanted = []
    for spec in TOPICS:
        keep_for_ever = -1 in (spec.retention_days, layout.retention_days)
        config = {
            "cleanup.policy": "compact" if spec.compacted else "delete",
            "retention.ms": str(-1 if keep_for_ever else layout.retention_days * DAY_MS),
        }
        name = layout.prefix + spec.name
        setting = f"kafka.{spec.co_partitioned}_partitions" if spec.co_partitioned else ""
        own = config | {"max.message.bytes": str(MAX_BATCH_BYTES)} | spec.config
        wanted.append(WantedTopic(name, layout.partitions(spec), layout.replication, own, setting))
        if spec.dead_letters:
            dead = config | {"cleanup.policy": "delete", "max.message.bytes": str(MAX_DEAD_LETTER_BYTES)}
            wanted.append(WantedTopic(f"{name}.dlq", 1, layout.replication, dead))
    return wanted


def ensure_topics(kafka: Kafka, layout: TopicLayout) -> list[TopicOutcome]:
    """Create what is missing, put drifted settings right, and wait until every partition has a leader.

    Raises `ConfigError` before anything is changed when an existing topic has another partition count, `ServiceError`
    when Kafka is away or refuses.
    """
    wanted = wanted_topics(layout)
    with kafka_admin(kafka) as admin:
        existing = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
        for topic in wanted:
            _refuse_other_partitions(topic, existing.get(topic.name))
        _create(admin, [topic for topic in wanted if topic.name not in existing])
        changes = _put_right(admin, [topic for topic in wanted if topic.name in existing])
        admin.wait_for_topics([topic.name for topic in wanted], timeout_ms=30_000)
    return [_outcome(topic, topic.name in existing, changes.get(topic.name, [])) for topic in wanted]


def delete_topics(kafka: Kafka, layout: TopicLayout) -> None:
    """Delete the topics of `layout` that exist, with all their records, and wait until they are gone."""
    names = {topic.name for topic in wanted_topics(layout)}
    with kafka_admin(kafka) as admin:
        deadline = time.monotonic() + DELETE_S
        if present := names.intersection(admin.list_topics()):
            admin.delete_topics(sorted(present))
        while names.intersection(admin.list_topics()):
            if time.monotonic() > deadline:
                raise ServiceError(f"{kafka} did not delete topics within {DELETE_S} s: try again.")
            time.sleep(0.1)


def _outcome(topic: WantedTopic, existed: bool, changes: list[str]) -> TopicOutcome:
    outcome: Literal["created", "exists", "altered"] = "altered" if changes else "exists" if existed else "created"
    retention, policy = int(topic.config["retention.ms"]), topic.config["cleanup.policy"]
    return TopicOutcome(topic.name, topic.partitions, retention, policy, outcome, changes)


def _refuse_other_partitions(topic: WantedTopic, partitions: int | None) -> None:
    if partitions is None or partitions == topic.partitions:
        return
    way_back = f"set {topic.setting} = {partitions}" if topic.setting else "delete it if nothing needs it"
    raise ConfigError(
        f"The topic {topic.name} has {partitions} partitions where {topic.partitions} are asked for. With another "
        "count keys would move to other partitions, and the state kept for each partition would be wrong. "
        f"Either {way_back}, or choose a new kafka.topic_prefix and clickhouse.database and import into those."
    )


def _create(admin: KafkaAdminClient, topics: list[WantedTopic]) -> None:
    if not topics:
        return
    request = {
        topic.name: {
            "num_partitions": topic.partitions, "replication_factor": topic.replication, "configs": topic.config,
        }
        for topic in topics
    }  # fmt: skip
    for answer in admin.create_topics(request, raise_errors=False)["topics"]:
        if answer["error_code"] not in (0, _ALREADY_EXISTS):  # another process may have been quicker
            reason = answer.get("error_message") or for_code(answer["error_code"]).__name__
            raise ServiceError(f"Kafka refused to create the topic {answer['name']}: {reason}")


def _put_right(admin: KafkaAdminClient, topics: Iterable[WantedTopic]) -> dict[str, list[str]]:
    wanted = {topic.name: topic.config for topic in topics}
    drifted = _drifted(admin, wanted)
    if not drifted:
        return {}
    alter = [
        ConfigResource(ConfigResourceType.TOPIC, name, {key: wanted[name][key] for key in keys})
        for name, keys in drifted.items()
    ]
    for name, result in admin.alter_configs(alter)["topic"].items():
        if result != "OK":
            raise ServiceError(f"Kafka refused to alter the topic {name}: {result}")
    deadline = time.monotonic() + ALTER_S
    while late := _drifted(admin, wanted):  # what a controller has accepted, brokers learn a little later
        if time.monotonic() > deadline:
            raise ServiceError(f"Kafka has not altered {', '.join(sorted(late))} within {ALTER_S} s: try again.")
        time.sleep(0.1)
    return {
        name: [f"{key}: {was} -> {wanted[name][key]}" for key, was in keys.items()] for name, keys in drifted.items()
    }


def _drifted(admin: KafkaAdminClient, wanted: dict[str, dict[str, str]]) -> dict[str, dict[str, Any]]:
    """Settings that are not as they must be, by topic: what they are."""
    if not wanted:
        return {}
    ask = [ConfigResource(ConfigResourceType.TOPIC, name, list(config)) for name, config in wanted.items()]
    found: dict[str, dict[str, Any]] = {}
    for name, actual in admin.describe_configs(ask, config_filter="all")["topic"].items():
        for key, value in wanted[name].items():
            if actual[key]["value"] != value:
                found.setdefault(name, {})[key] = actual[key]["value"]
    return found
