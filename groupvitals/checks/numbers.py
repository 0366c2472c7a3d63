"""What landed compared with Kafka's offsets: gaps, repeats, collisions, dead letters, keys in two partitions."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from aiokafka.structs import TopicPartition

from groupvitals.checks.finding import ERROR, OK, WARNING, Deployment, Finding
from sinks.clickhouse.readers.checks import split_groups
from sinks.clickhouse.readers.health import LandedBlock
from streams.kafka.reading import committed_reader

#: How many of a partition's newest offsets are checked without --deep; gaps looked up in Kafka, without and with it.
NEWEST, GAPS, DEEP_GAPS = 1_000_000, 20, 1_000
#: Seconds within which late events should be corrected; a nightly run is usual.
LATE_S = 2 * 86_400
#: Why Kafka may have nothing to read at an offset.
NO_RECORD = "transaction markers, aborted transactions, or compaction"


@dataclass(frozen=True)
class Gap:
    """Offsets [first, end) of a partition that neither `events` nor `dead_letters` has."""

    partition: int
    first: int
    end: int


def dead_letters(deployment: Deployment) -> Iterator[Finding]:
    """Records that break the contract, by error."""
    found = deployment.health.dead_letters()
    for error, count, recent, newest_ms, reason in found:
        days = (time.time() - newest_ms / 1000) / 86_400
        text = f"{count:,} {error}, {recent:,} of them in the last 24 h; the newest: {reason}"
        if recent:
            do = "Run `groupvitals dlq list`, fix the producer, then run `groupvitals dlq replay`."
            yield Finding(WARNING, "dead letters", text, do)
        else:
            yield Finding(
                OK, "dead letters", f"{count:,} {error}, none in the last 24 h ({days:,.0f} days ago: {reason})"
            )
    if not found:
        yield Finding(OK, "dead letters", "none")


def landed(deployment: Deployment) -> Iterator[Finding]:
    """Every offset before the checkpoint must be in `events` or `dead_letters`, once; Kafka explains the others."""
    gaps: list[Gap] = []
    for partition, head in sorted(deployment.heads.items()):
        health, first = deployment.health, head.first
        if not deployment.deep:
            first = max(first, head.offset - NEWEST)
        blocks = health.landed_blocks(partition, first, head.offset)
        gaps += _gaps(deployment, partition, blocks)
        yield from _repeats(deployment, partition, blocks)
        if beyond := health.beyond(partition, head.offset):
            what = f"partition {partition}: {beyond:,} records landed beyond the checkpoint"
            yield Finding(OK, "landed", f"{what}; a flush is under way, or was cut short and will land them again")
    yield from _explained(deployment, gaps)


def _gaps(deployment: Deployment, partition: int, blocks: list[LandedBlock]) -> list[Gap]:
    """The gaps of these blocks, joined where they touch; of blocks that are not empty, only the first ones are read."""
    found: list[Gap] = []
    reads = DEEP_GAPS if deployment.deep else GAPS
    for block in blocks:
        if block.offsets == block.end - block.first:
            continue
        edges = np.array([block.first - 1, block.end])
        if block.offsets:
            if not reads:
                continue
            reads -= 1
            landed = deployment.health.landed_offsets(partition, block.first, block.end)
            edges = np.concatenate([edges[:1], landed, edges[1:]])
        for place in np.flatnonzero(np.diff(edges) > 1):
            gap = Gap(partition, int(edges[place]) + 1, int(edges[place + 1]))
            if found and found[-1].end == gap.first:
                gap = Gap(partition, found.pop().first, gap.end)
            found.append(gap)
    return found


def _repeats(deployment: Deployment, partition: int, blocks: list[LandedBlock]) -> Iterator[Finding]:
    twice = [block for block in blocks if block.rows > block.offsets]
    if not twice:
        return
    rows = sum(block.rows - block.offsets for block in twice)
    what = f"partition {partition}: {rows:,} rows landed again after a crash and will be merged; FINAL shows each once"
    yield Finding(OK, "repeats", what)
    for block in twice[:GAPS]:
        if offsets := deployment.health.collisions(partition, block.first, block.end):
            yield Finding(
                ERROR, "repeats", f"partition {partition}: two different records landed at offset {offsets[0]:,}"
                + (f" and {len(offsets) - 1} more" if len(offsets) > 1 else ""),
                "The topic was recreated, or another topic landed here: land this one again into another database.",
            )  # fmt: skip
            return


def _explained(deployment: Deployment, gaps: list[Gap]) -> Iterator[Finding]:
    """What Kafka says about the gaps: records that should have landed, transaction markers, or records now gone."""
    topic = deployment.topic
    if not gaps or topic is None:
        checked = "all" if deployment.deep else f"the newest {NEWEST:,}"
        yield Finding(OK, "landed", f"{checked} offsets before the checkpoints have landed, or nothing has yet")
        return
    marks = unknown = 0
    looked = gaps[: DEEP_GAPS if deployment.deep else GAPS]
    with committed_reader(deployment.config.kafka) as reader:
        for gap in looked:
            begin = max(gap.first, topic.begins[gap.partition])
            unknown += max(min(gap.end, begin) - gap.first, 0)
            record = reader.first_in(TopicPartition(deployment.config.topic, gap.partition), begin, gap.end)
            if record is not None:
                yield Finding(
                    ERROR, "landed", f"partition {gap.partition}: offsets {gap.first:,} to {gap.end - 1:,} have not "
                    f"landed, Kafka has a record at {record:,}",
                    "Rows were lost or removed in ClickHouse: restore them from a backup, or land the topic again into "
                    "another database.",
                )  # fmt: skip
            else:
                marks += max(gap.end - begin, 0)
    if marks:
        yield Finding(OK, "landed", f"{marks:,} offsets hold no record: {NO_RECORD}")
    if unknown:
        yield Finding(OK, "landed", f"{unknown:,} offsets have no rows, and Kafka no longer has them (retention?)")
    if len(looked) < len(gaps):
        left = len(gaps) - len(looked)
        yield Finding(OK, "landed", f"{left:,} more gaps were not looked up in Kafka; --deep looks up {DEEP_GAPS:,}")


def late(deployment: Deployment) -> Iterator[Finding]:
    """Events that arrived after their hour or day had closed and that no correction has counted there yet."""
    count, oldest_ms = 0, 0
    for partition, head in deployment.heads.items():
        first = deployment.health.corrected(partition, deployment.epoch.number) if deployment.epoch else 0
        if not deployment.deep:
            first = max(first, head.offset - NEWEST)
        found, ms = deployment.health.late(partition, first)
        count, oldest_ms = count + found, min(filter(None, (oldest_ms, ms)), default=0)
    text = f"{count:,} events arrived after their hour or day had closed, and are not counted there"
    if count and time.time() - oldest_ms / 1000 > LATE_S:
        do = "Run `groupvitals rebuild --correct`, preferably every night (docs/rebuild.md)."
        yield Finding(WARNING, "late", text, do)
    else:
        yield Finding(OK, "late", f"{text}; the next `rebuild --correct` counts them there" if count else "none")


def placement(deployment: Deployment) -> Iterator[Finding]:
    """Each group must be in one partition only."""
    found = split_groups(deployment.native)
    for group in found:
        yield Finding(
            ERROR,
            "placement",
            str(group),
            "Have all producers partition by murmur2, then import into another database and topic prefix.",
        )
    if not found:
        yield Finding(OK, "placement", "every group is in one partition")


def horizon(deployment: Deployment) -> Iterator[Finding]:
    """Repeats of an event id that were too far apart to be recognised."""
    if not deployment.deep:
        return
    if ids := deployment.health.missed_repeats():
        n = deployment.config.duplicate_horizon
        yield Finding(
            WARNING, "repeats", f"{ids:,} event ids were repeated more than {n:,} records later",
            "They count twice until you run `groupvitals rebuild --correct`. Raise worker.duplicate_horizon.",
        )  # fmt: skip
    else:
        yield Finding(OK, "repeats", "no event id was repeated beyond the duplicate horizon")
