"""Topics on a real broker: made once, put right when they drift, never re-partitioned."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ConfigResource,
    ConfigResourceType,
    ResourcePattern,
    ResourceType,
)

from deploy import kafka as deploy_kafka
from deploy.services import down, up
from groupvitals.settings import Settings, load_settings
from schemas.errors import ConfigError, ServiceError
from schemas.kafka import Kafka
from schemas.topics import TOPICS
from streams.kafka.admin import kafka_admin
from streams.kafka.topic_settings import STAMP_LIMITS, STAMPS, actual_settings
from streams.kafka.topics import TopicLayout, delete_topics, ensure_topics, wanted_topics
from tests.conftest import Run

pytestmark = pytest.mark.services


@pytest.fixture
def layout(settings: Settings) -> TopicLayout:
    return TopicLayout(settings.kafka.topic_prefix, chat_partitions=3, person_partitions=2, retention_days=9)


def test_topics_are_made_once(kafka: Kafka, layout: TopicLayout) -> None:
    first = ensure_topics(kafka, layout)
    assert {topic.outcome for topic in first} == {"created"}
    assert len(first) == len(TOPICS) + sum(spec.dead_letters for spec in TOPICS)
    assert {topic.outcome for topic in ensure_topics(kafka, layout)} == {"exists"}


def test_the_broker_has_what_was_wanted(kafka: Kafka, layout: TopicLayout) -> None:
    ensure_topics(kafka, layout)
    wanted = {topic.name: topic for topic in wanted_topics(layout)}
    with kafka_admin(kafka) as admin:
        found = admin.describe_topics(list(wanted))
        ask = [ConfigResource(ConfigResourceType.TOPIC, name, list(topic.config)) for name, topic in wanted.items()]
        configs = admin.describe_configs(ask, config_filter="all")["topic"]
    for topic in found:
        assert len(topic["partitions"]) == wanted[topic["name"]].partitions
        assert all(partition["leader_id"] >= 0 for partition in topic["partitions"])
    for name, topic in wanted.items():
        assert {key: configs[name][key]["value"] for key in topic.config} == topic.config


def test_partitions_and_retention_follow_the_contract() -> None:
    wanted = {topic.name: topic for topic in wanted_topics(TopicLayout("p.", 8, 5, 1, 30))}
    assert wanted["p.chat.events"].partitions == 8
    assert {wanted[f"p.{name}"].partitions for name in ("product.events", "identity.links")} == {5}
    assert wanted["p.campaign.costs"].partitions == wanted["p.alerts"].partitions == 1
    assert wanted["p.chat.events.dlq"].partitions == 1
    assert wanted["p.chat.events"].config["retention.ms"] == str(30 * 86_400_000)
    assert wanted["p.identity.links"].config["retention.ms"] == "-1"
    assert wanted["p.chat.events"].config["max.message.bytes"] == "4194304"
    assert wanted["p.chat.events.dlq"].config["max.message.bytes"] == "8388608"


def test_drifted_settings_are_put_right_and_said(kafka: Kafka, layout: TopicLayout) -> None:
    ensure_topics(kafka, layout)
    again = {topic.name: topic for topic in ensure_topics(kafka, replace(layout, retention_days=3))}
    chat = again[f"{layout.prefix}chat.events"]
    assert chat.outcome == "altered"
    assert chat.changes == [f"retention.ms: {9 * 86_400_000} -> {3 * 86_400_000}"]
    assert again[f"{layout.prefix}identity.links"].outcome == "exists"
    assert {topic.outcome for topic in ensure_topics(kafka, replace(layout, retention_days=3))} == {"exists"}


def test_a_changed_partition_count_is_refused_before_anything_changes(kafka: Kafka, layout: TopicLayout) -> None:
    ensure_topics(kafka, layout)
    with pytest.raises(
        ConfigError, match=r"chat\.events has 3 partitions instead of 4\. .* kafka\.chat_partitions = 3"
    ):
        ensure_topics(kafka, replace(layout, chat_partitions=4, retention_days=3))
    assert {topic.outcome for topic in ensure_topics(kafka, layout)} == {"exists"}


def test_a_broker_that_refuses_is_named(kafka: Kafka, layout: TopicLayout) -> None:
    with pytest.raises(ServiceError, match=r"chat\.events.*[Rr]eplication"):
        ensure_topics(kafka, replace(layout, replication=9))


def test_input_topics_have_the_brokers_time(kafka: Kafka, layout: TopicLayout) -> None:
    ensure_topics(kafka, layout)
    name = f"{layout.prefix}chat.events"
    with kafka_admin(kafka) as admin:
        stamped = {STAMPS: "CreateTime", STAMP_LIMITS[0]: "7200000"}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, stamped)])
        while actual_settings(admin, [name])[name][STAMPS] != "CreateTime":
            pass
    again = {topic.name: topic for topic in ensure_topics(kafka, layout)}[name]
    assert sorted(again.changes) == [f"{STAMP_LIMITS[0]}: 7200000 -> 3600000", f"{STAMPS}: CreateTime -> LogAppendTime"]
    before = int(time.time() * 1000)
    with KafkaProducer(**kafka.for_clients()) as producer:
        stamp = producer.send(name, b"{}", timestamp_ms=before + 10**9).get(30).timestamp
    assert before <= stamp <= int(time.time() * 1000)


def test_an_older_brokers_name_for_the_limit_is_used(
    kafka: Kafka, layout: TopicLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This broker takes the part of one that has only the second name."""
    names = ("message.timestamp.later.max.ms", "message.timestamp.after.max.ms")
    monkeypatch.setattr("streams.kafka.topic_settings.STAMP_LIMITS", names)
    monkeypatch.setattr("streams.kafka.topics.STAMP_LIMITS", names)
    monkeypatch.setattr("streams.kafka.topics._create.__defaults__", (names,))
    name = f"{layout.prefix}chat.events"
    with monkeypatch.context() as without:
        without.setattr("streams.kafka.topics.MAX_AHEAD_MS", 1_800_000)
        ensure_topics(kafka, layout)
    with kafka_admin(kafka) as admin:
        assert actual_settings(admin, [name])[name][names[1]] == "1800000"
    altered = {topic.name: topic for topic in ensure_topics(kafka, layout)}[name]
    assert altered.changes == [f"{names[1]}: 1800000 -> 3600000"]


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kafka]:
    """A broker of somebody else, who asks for rights: whoever comes may do everything that no rule speaks of."""
    rights = (
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
        "allow.everyone.if.no.acl.found=true\n"
    )
    monkeypatch.setattr("deploy.kafka.PROPERTIES", deploy_kafka.PROPERTIES + rights)
    home, cache = tmp_path / "foreign", load_settings().cache
    try:
        yield Kafka(up(home, Path(cache), lambda _: None, only=["kafka"]).kafka)
    finally:
        down(home)


def test_a_topic_that_is_not_ours_to_change_is_told(
    foreign: Kafka, groupvitals: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUPVITALS_KAFKA__BOOTSTRAP", foreign.bootstrap)
    chat, links = "chat.events", "identity.links"
    with kafka_admin(foreign) as admin:
        admin.create_topics({name: {"num_partitions": 4, "replication_factor": 1} for name in (chat, links)})
        rules = [(chat, ACLOperation.ALTER_CONFIGS), (links, ACLOperation.DESCRIBE_CONFIGS)]
        admin.create_acls(
            [
                ACL("User:*", "*", operation, permission, ResourcePattern(ResourceType.TOPIC, name))
                for name, denied in rules
                for operation, permission in (
                    (ACLOperation.ALL, ACLPermissionType.ALLOW), (denied, ACLPermissionType.DENY),
                )
            ]
        )  # fmt: skip
    done = groupvitals("topics")
    assert done.returncode == 0
    assert "chat.events may not be changed by this user: " in done.stderr
    assert "message.timestamp.type stays CreateTime, not LogAppendTime: [Error 29]" in done.stderr
    assert "identity.links may not be changed by this user: Kafka does not allow reading its settings." in done.stderr
    told = {topic["name"]: topic for topic in json.loads(groupvitals("topics", "--json").stdout)}
    assert told[chat]["outcome"] == told[links]["outcome"] == "refused"
    assert told["product.events"]["outcome"] == "exists"


def test_deleted_topics_are_gone_and_can_be_made_anew(kafka: Kafka, layout: TopicLayout) -> None:
    delete_topics(kafka, layout)
    ensure_topics(kafka, layout)
    delete_topics(kafka, layout)
    assert {topic.outcome for topic in ensure_topics(kafka, replace(layout, chat_partitions=5))} == {"created"}
