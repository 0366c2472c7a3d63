"""From the topic to the checkpoints: whose database it is, lag, age of checkpoints, event time."""

import time
from collections.abc import Iterator

from groupvitals.checks.finding import ERROR, OK, WARNING, Deployment, Finding
from schemas.agents import AGENTS
from schemas.errors import GroupvitalsError
from sinks.clickhouse.readers.health import Head
from sinks.clickhouse.templates import APART_S
from streams.checkpoint.epochs import check as check_epoch
from streams.checkpoint.epochs import check_rules
from streams.kafka.topic_state import TopicState
from streams.kafka.transactions import open_transactions

#: Lag in records from which a partition counts as behind; seconds that a checkpoint may be old while records wait;
#: seconds that a partition's clock may be behind the present; seconds that a transaction may be open.
LAG, OLD_S, BEHIND_S, OPEN_S = 100_000, 60, 3600, 5


def origin(deployment: Deployment) -> Iterator[Finding]:
    """Whether the database belongs to this topic and these settings, and to one deployment."""
    epoch, topic = deployment.epoch, deployment.topic
    if epoch is None:
        yield Finding(OK, "origin", "no worker has run yet")
        return
    if topic is None:
        yield Finding(ERROR, "origin", f"the topic {deployment.config.topic} is gone", "Run `groupvitals topics`.")
        return
    try:
        check_epoch(epoch, topic.origin, deployment.config.numbers)
        check_rules(epoch, deployment.config.agent)
    except GroupvitalsError as error:
        yield Finding(ERROR, "origin", str(error), "Resolve this first: no worker starts before.")
        return
    ours = [deployment.config.topic_prefix + agent.contract for agent in AGENTS.values()]
    others = deployment.health.ask("SELECT DISTINCT topic FROM {d}.checkpoints WHERE topic NOT IN %(ours)s", ours=ours)
    for (name,) in others:
        yield Finding(
            ERROR, "origin", f"the database also holds checkpoints of {name}",
            "Two deployments cannot share a database: give each its own (clickhouse.database).",
        )  # fmt: skip
    if not others:
        yield Finding(OK, "origin", f"epoch {epoch.number} of {epoch.origin.topic}, made with {epoch.settings}")


def lag(deployment: Deployment) -> Iterator[Finding]:
    """How far every partition's checkpoint is behind Kafka, and whether Kafka still has what comes next."""
    topic = deployment.topic
    if topic is None:
        return
    for partition in sorted(topic.ends):
        head = deployment.heads.get(partition)
        misfit = _misfit(topic, partition, head) if head else None
        if misfit and head and head.offset > topic.ends[partition]:  # the checkpoint may be newer than Kafka's answer
            topic = deployment.ask_kafka() or topic
            misfit = _misfit(topic, partition, head)
        yield misfit or _behind(deployment.agent, topic, partition, head)


def _misfit(topic: TopicState, partition: int, head: Head) -> Finding | None:
    begin, end, committed = topic.begins[partition], topic.ends[partition], topic.committed.get(partition, 0)
    at = f"partition {partition} is checkpointed at {head.offset:,}"
    if head.offset > end:
        return Finding(
            ERROR, "checkpoint", f"{at}, Kafka ends at {end:,}",
            "Offsets were reset, or records were lost: restore the topic, or use another database and topic prefix.",
        )  # fmt: skip
    if head.offset < begin:
        return Finding(
            ERROR, "checkpoint", f"{at}, Kafka begins at {begin:,}: {begin - head.offset:,} records are gone",
            "Restore a newer backup of the database, or use another database and import again.",
        )  # fmt: skip
    if head.offset < committed:
        return Finding(
            WARNING, "checkpoint", f"{at}, {committed - head.offset:,} behind the offset committed to Kafka",
            "The database is older than that: was it restored from a backup? A worker will land these records again.",
        )  # fmt: skip
    return None


def _behind(agent: str, topic: TopicState, partition: int, head: Head | None) -> Finding:
    behind = max(topic.stable[partition] - (head.offset if head else topic.begins[partition]), 0)
    found = f"partition {partition} is {behind:,} records behind"
    found += f", newest checkpoint {head.age_s:,.0f} s ago" if head else ", no checkpoint yet"
    if not behind or (behind <= LAG and head and head.age_s <= OLD_S):
        return Finding(OK, "lag", found)
    if not topic.workers:
        return Finding(WARNING, "lag", f"{found}; no worker runs", f"Start one: `groupvitals worker --agent {agent}`.")
    if head and head.age_s <= OLD_S:
        return Finding(WARNING, "lag", found, "Add a worker, or see in /metrics which stage takes the time.")
    return Finding(
        ERROR,
        "lag",
        f"{found}; {topic.workers} workers run",
        "Checkpoints have stopped: check the workers' logs and /readyz.",
    )


def transactions(deployment: Deployment) -> Iterator[Finding]:
    """Which partitions are held up by an open transaction; uncommitted records are not read, nor counted as lag."""
    topic, name = deployment.topic, deployment.config.topic
    if topic is None:
        return
    waiting = {partition: topic.ends[partition] - stable for partition, stable in topic.stable.items()}
    found = open_transactions(deployment.config.kafka, name, waiting)
    for one in found:
        if one.age_s > OPEN_S:
            yield Finding(
                WARNING, "transactions", str(one),
                "Its producer must commit or abort it; otherwise Kafka aborts it when it times out. To end it now: "
                f"`kafka-transactions.sh --bootstrap-server {deployment.config.kafka.bootstrap} abort --topic {name} "
                f"--partition {one.partition} --start-offset {one.first_offset}`.",
            )  # fmt: skip
        else:
            yield Finding(OK, "transactions", str(one))
    if not found:
        yield Finding(OK, "transactions", "no partition is held up by an open transaction")


def vouched(deployment: Deployment) -> Iterator[Finding]:
    """Whether what is committed is vouched for; who acts on results while workers run waits for that."""
    behind, mine = [], deployment.vouched.get(deployment.config.agent.contract)
    for partition, head in sorted(deployment.heads.items()):
        known = mine.heads.get(partition) if mine else None
        if head.age_s > OLD_S and (known is None or known.next_offset < head.offset):
            at = f"up to {known.next_offset:,} of {head.offset:,}" if known else "nothing yet"
            behind.append(f"partition {partition}: {at}")
    if behind:
        yield Finding(
            WARNING, "vouched", f"checkpoints are not vouched for: {'; '.join(behind)}",
            f"A worker that takes these partitions over does it: start one (`groupvitals worker --agent "
            f"{deployment.agent}`), or read what the running ones log.",
        )  # fmt: skip
    else:
        yield Finding(OK, "vouched", "all that is committed is vouched for")


def event_time(deployment: Deployment) -> Iterator[Finding]:
    """How far the partitions' clocks are behind the present, and behind each other; days close by them."""
    topic, found = deployment.topic, deployment.vouched
    mine = found.get(deployment.config.agent.contract)
    if topic is None or mine is None or not deployment.config.agent.ticks:
        return
    newest = max((head.clock_ms for one in found.values() for head in one.heads.values()), default=0) / 1000
    for partition, head in sorted(mine.heads.items()):
        clock, now = head.clock_ms / 1000, time.time()
        if not clock:
            yield Finding(OK, "event time", f"partition {partition} has no clock yet: no record has come")
            continue
        text = f"the clock of partition {partition} is {_hours(now - clock)} the present"
        if not topic.workers or (now - clock <= BEHIND_S and newest - clock <= APART_S):
            yield Finding(OK, "event time", text)
        else:
            yield Finding(
                WARNING, "event time", f"{text} and {_hours(newest - clock)} the newest of all",
                "Days close late: check whether sources have stopped, and whether ticks are on (worker.tick_s).",
            )  # fmt: skip


def _hours(behind_s: float) -> str:
    return f"{abs(behind_s) / 3600:,.1f} h {'behind' if behind_s >= 0 else 'ahead of'}"
