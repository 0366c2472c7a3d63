"""`groupvitals exclude`: leave a record, named by its place in Kafka, out of all numbers; or count it again."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schemas.operations import Exclude
    from streams.config import WorkerConfig


def exclude(
    topic: Annotated[str, typer.Argument(help="The record's topic, such as chat.events.")],
    partition: Annotated[int, typer.Argument(min=0, help="Its partition.")],
    offset: Annotated[int, typer.Argument(min=0, help="Its offset.")],
    reason: Annotated[str, typer.Option(help="Why, in up to 128 characters; stored with the decision.")],
    actor: Annotated[str, typer.Option(help="Who decides. Default: your user name.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Count the record again.")] = False,
) -> None:
    """Exclude a record that should never have arrived, such as one with a wrong timestamp.

    The decision is written to the topic `operations`. Workers learn of it within seconds and skip the record if they
    have yet to reach it. If it already counts, run `groupvitals rebuild`. The record stays in the database, marked.
    """
    import getpass

    from groupvitals.commands.worker import worker_config
    from groupvitals.settings import load_settings
    from schemas.agents import AGENT_OF, OPERATIONS
    from schemas.errors import ConfigError
    from streams.kafka.topic_state import topic_state
    from streams.operations.exclusions import read_exclusions

    settings = load_settings()
    name = topic.removeprefix(settings.kafka.topic_prefix)
    agent = AGENT_OF.get(name)
    if agent is None or agent is OPERATIONS:
        known = ", ".join(known for known in AGENT_OF if known != OPERATIONS.contract)
        raise ConfigError(f"Records of {topic} cannot be excluded; those of {known} can.")
    config = worker_config(settings, agent.name)
    state = topic_state(config.kafka, config.topic, config.group)
    end = state.ends.get(partition) if state else None
    if end is None or offset >= end:
        there = f"partition {partition} ends at offset {end}" if end is not None else f"it has no partition {partition}"
        raise ConfigError(f"There is no record {offset} in partition {partition} of {name}: {there}.")
    decided = read_exclusions(config.kafka, config.topic_prefix, name).in_force
    known_already = [one for one in decided if (one.partition, one.offset) == (partition, offset)]
    if undo != bool(known_already):
        raise ConfigError(
            f"{name}/{partition}/{offset} is not excluded, so there is nothing to undo."
            if undo
            else f"{name}/{partition}/{offset} was already excluded by {known_already[0].actor_id}: "
            f"{known_already[0].reason}."
        )
    decision = _decision(name, partition, offset, reason, actor or getpass.getuser(), undo)
    _send(config, decision)
    print(f"{decision.subject} is {'no longer excluded' if undo else 'excluded'}. {_what_next(config, decision)}")


def _decision(topic: str, partition: int, offset: int, reason: str, actor: str, undo: bool) -> "Exclude":
    import time
    import uuid

    from pydantic import ValidationError

    from schemas.errors import ConfigError
    from schemas.operations import Exclude

    try:
        return Exclude(
            event_id=str(uuid.uuid4()), ts_ms=time.time_ns() // 1_000_000, type="exclude", topic=topic,
            partition=partition, offset=offset, subject=f"{topic}/{partition}/{offset}", actor_id=actor, reason=reason,
            undo=undo,
        )  # fmt: skip
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"--{str(first['loc'][0]).removesuffix('_id')} cannot be used: {first['msg']}.") from None


def _send(config: "WorkerConfig", decision: "Exclude") -> None:
    import asyncio

    from schemas.topics import OPERATIONS
    from sources.chunks import START, Chunk
    from sources.producer import Producer

    chunk = Chunk(OPERATIONS.name, START, [decision.subject.encode()], [decision.model_dump_json().encode()])

    async def send() -> None:
        async with Producer(config.kafka, config.topic_prefix) as producer:
            await producer.acknowledged(await producer.send(chunk))

    asyncio.run(send())


def _what_next(config: "WorkerConfig", decision: "Exclude") -> str:
    """What has to happen for the decision to take effect."""
    from schemas.errors import GroupvitalsError
    from sinks.clickhouse.excluded import ExcludedRecords
    from sinks.clickhouse.store import ClickHouseStore

    command = "groupvitals rebuild" + (f" --agent {config.agent.name}" if config.agent.name != "community" else "")
    records = ExcludedRecords(ClickHouseStore(config.address), config.topic, decision.partition, config.agent)
    try:
        landed, marked = records.landed([decision.offset]), records.marked()
    except GroupvitalsError:
        return f"If it has already landed, run `{command}`."
    if not landed:
        return "It has not landed yet: workers will skip it." if not decision.undo else "It has not landed yet."
    if (decision.offset in marked) != decision.undo:
        return "Nothing else is needed: the numbers in use already reflect this."
    return f"Run `{command}`: the numbers in use {'leave it out' if decision.undo else 'count it'} until then."
