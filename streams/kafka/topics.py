"""Creates the contract's topics in Kafka as they must be; idempotent, and corrects drifted settings.

A changed partition count is refused: keys would move to other partitions, away from the state kept for them. What Kafka
does not let us change, because the topic belongs to someone else, stays as it is and is reported.
"""

import time
from dataclasses import dataclass, field
from typing import Literal

from kafka import KafkaAdminClient
from kafka.errors import for_code

from schemas.errors import ConfigError, ServiceError
from schemas.fields import MAX_AHEAD_MS
from schemas.kafka import Kafka
from schemas.topics import DAY_MS, SHARDS, TOPICS, TopicSpec
from streams.kafka.admin import kafka_admin
from streams.kafka.topic_settings import APPEND_TIME, STAMP_LIMITS, STAMPS, Drift, offered, put_right

#: Largest record batch, bytes. A dead letter is the original value and its headers, so it may be larger.
MAX_BATCH_BYTES = 4_194_304
MAX_DEAD_LETTER_BYTES = 2 * MAX_BATCH_BYTES
#: How long Kafka may take to delete topics, seconds.
DELETE_S = 30
_ALREADY_EXISTS, _INVALID_CONFIG = 36, 40


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
    """One topic as it is now.

    `changes` says which of its settings were corrected, `refused` which ones Kafka did not let us change, and why.
    """

    name: str
    partitions: int
    retention_ms: int
    policy: str
    outcome: Literal["created", "exists", "altered", "refused"]
    changes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


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
        if spec.events:
            own |= {STAMPS: APPEND_TIME, STAMP_LIMITS[0]: str(MAX_AHEAD_MS)}
        wanted.append(WantedTopic(name, layout.partitions(spec), layout.replication, own, setting))
        if spec.dead_letters:
            dead = config | {"cleanup.policy": "delete", "max.message.bytes": str(MAX_DEAD_LETTER_BYTES)}
            wanted.append(WantedTopic(f"{name}.dlq", 1, layout.replication, dead))
    return wanted


def ensure_topics(kafka: Kafka, layout: TopicLayout) -> list[TopicOutcome]:
    """Create what is missing, correct drifted settings, and wait until every partition has a leader.

    Raises `ConfigError` before anything is changed when an existing topic has another partition count, `ServiceError`
    when Kafka is unreachable or refuses to create a topic. Changes that it refuses to an existing topic are reported.
    """
    wanted = wanted_topics(layout)
    with kafka_admin(kafka) as admin:
        existing = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
        for topic in wanted:
            if topic.name == layout.prefix + SHARDS.name:
                one_share(topic.name, existing.get(topic.name, 1))
            _refuse_other_partitions(topic, existing.get(topic.name))
        _create(admin, [topic for topic in wanted if topic.name not in existing])
        changed = put_right(admin, {topic.name: topic.config for topic in wanted if topic.name in existing})
        admin.wait_for_topics([topic.name for topic in wanted], timeout_ms=30_000)
    return [_outcome(topic, changed.get(topic.name)) for topic in wanted]


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


def _outcome(topic: WantedTopic, drift: Drift | None) -> TopicOutcome:
    """The topic as it is now; `drift` is None when it was just created."""
    retention, policy = int(topic.config["retention.ms"]), topic.config["cleanup.policy"]
    if drift is None:
        return TopicOutcome(topic.name, topic.partitions, retention, policy, "created")
    refused, changes = drift.complaints, drift.changes
    outcome: Literal["exists", "altered", "refused"] = "refused" if refused else "altered" if changes else "exists"
    return TopicOutcome(topic.name, topic.partitions, retention, policy, outcome, changes, refused)


def one_share(topic: str, partitions: int) -> None:
    """Raise `ConfigError` when the topic of people's shares has more than one: rows of groups would not add up."""
    if partitions != 1:
        raise ConfigError(
            f"The topic {topic} has {partitions} partitions; everybody is worked out by one owner, in one partition. "
            "Stop the workers of people, delete the topic (it has no records), and run `groupvitals topics`."
        )


def _refuse_other_partitions(topic: WantedTopic, partitions: int | None) -> None:
    if partitions is None or partitions == topic.partitions:
        return
    way_back = f"set {topic.setting} = {partitions}" if topic.setting else "delete it if nothing needs it"
    raise ConfigError(
        f"The topic {topic.name} has {partitions} partitions instead of {topic.partitions}. With another "
        "count keys would move to other partitions, and the state kept for each partition would be wrong. "
        f"Either {way_back}, or choose a new kafka.topic_prefix and clickhouse.database and import into those."
    )


def _create(admin: KafkaAdminClient, topics: list[WantedTopic], limits: tuple[str, ...] = STAMP_LIMITS) -> None:
    if not topics:
        return
    request = {
        topic.name: {
            "num_partitions": topic.partitions, "replication_factor": topic.replication,
            "configs": offered(topic.config, limits),
        }
        for topic in topics
    }  # fmt: skip
    again = []
    for answer in admin.create_topics(request, raise_errors=False)["topics"]:
        if answer["error_code"] == _INVALID_CONFIG and limits:  # an older broker, which has another name for the limit
            again.append(answer["name"])
        elif answer["error_code"] not in (0, _ALREADY_EXISTS):  # another process may have been quicker
            reason = answer.get("error_message") or for_code(answer["error_code"]).__name__
            raise ServiceError(f"Kafka refused to create the topic {answer['name']}: {reason}")
    _create(admin, [topic for topic in topics if topic.name in again], limits[1:])
