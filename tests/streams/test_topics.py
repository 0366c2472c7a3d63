"""Topics on a real broker: made once, put right when they drift, never re-partitioned."""

from dataclasses import replace

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from groupvitals.settings import Settings
from schemas.errors import ConfigError, ServiceError
from schemas.kafka import Kafka
from schemas.topics import TOPICS
from streams.kafka.admin import kafka_admin
from streams.kafka.topics import TopicLayout, delete_topics, ensure_topics, wanted_topics

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
    with pytest.raises(ConfigError, match=r"chat\.events has 3 partitions where 4 .* kafka\.chat_partitions = 3"):
        ensure_topics(kafka, replace(layout, chat_partitions=4, retention_days=3))
    assert {topic.outcome for topic in ensure_topics(kafka, layout)} == {"exists"}


def test_a_broker_that_refuses_is_named(kafka: Kafka, layout: TopicLayout) -> None:
    with pytest.raises(ServiceError, match=r"chat\.events.*[Rr]eplication"):
        ensure_topics(kafka, replace(layout, replication=9))


def test_deleted_topics_are_gone_and_can_be_made_anew(kafka: Kafka, layout: TopicLayout) -> None:
    delete_topics(kafka, layout)
    ensure_topics(kafka, layout)
    delete_topics(kafka, layout)
    assert {topic.outcome for topic in ensure_topics(kafka, replace(layout, chat_partitions=5))} == {"created"}
