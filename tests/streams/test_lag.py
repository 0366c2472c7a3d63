"""How far a consumer group has come, asked at once when a broker has just been started."""

from pathlib import Path

import pytest

from deploy.services import down, up
from groupvitals.settings import load_settings
from schemas.kafka import Kafka
from schemas.topics import CHAT
from streams.kafka.lag import committed_offsets
from streams.kafka.topic_state import topic_state
from streams.kafka.topics import TopicLayout, ensure_topics

pytestmark = pytest.mark.services


def test_the_first_question_about_a_group_waits_for_its_coordinator(tmp_path: Path) -> None:
    """A cluster appoints coordinators only when it is first asked for one, and says until then that it has none."""
    try:
        kafka = Kafka(up(tmp_path, load_settings().cache, lambda _: None, only=["kafka"]).kafka)
        assert committed_offsets(kafka, "a-group", CHAT.name) == {}
        ensure_topics(kafka, TopicLayout())
        state = topic_state(kafka, CHAT.name, "a-group")
        assert state is not None and state.workers == 0
    finally:
        down(tmp_path)
