"""Wrong clocks: who sets the timestamps of a topic's records, and groups whose time is ahead of the present."""

from collections.abc import Iterator

from groupvitals.checks.finding import OK, WARNING, Deployment, Finding
from streams.kafka.topic_settings import APPEND_TIME


def stamps(deployment: Deployment) -> Iterator[Finding]:
    """Whether the broker sets the timestamps of the topic's records."""
    topic, name = deployment.topic, deployment.config.topic
    if topic is None:
        return
    if topic.stamps == APPEND_TIME:
        yield Finding(OK, "stamps", f"the broker sets the timestamps of {name}")
        return
    found = f"{name} takes its timestamps from producers ({topic.stamps or 'its settings may not be read'})"
    yield Finding(
        WARNING, "stamps", f"{found}: a producer whose clock is ahead moves the time of its groups forward",
        f"Run `groupvitals topics`; if it may not change {name}, ask its owner to set "
        f"message.timestamp.type={APPEND_TIME}.",
    )  # fmt: skip


def ahead(deployment: Deployment) -> Iterator[Finding]:
    """Groups whose time is ahead: their own messages count as late until the present has caught up."""
    groups = deployment.health.groups_ahead()
    if not groups:
        yield Finding(OK, "wrong clocks", "no group's time is ahead of the present")
        return
    group, ahead_s, topic, partition, offset = groups[0]
    yield Finding(
        WARNING, "wrong clocks", f"the time of {len(groups):,} groups is ahead of the present: {group} by "
        f"{ahead_s / 86_400:,.1f} days, since {topic} partition {partition}, offset {offset}. Their events are late "
        "until then; other groups are not affected",
        "Correct the clock of the machine that sent it, then "
        f"`groupvitals exclude {topic} {partition} {offset} --reason ...` and `groupvitals rebuild`.",
    )  # fmt: skip
