"""Which epoch a worker works in: the newest one that is ready, claimed by the first worker of a database.

An epoch belongs to one topic of one cluster and to the settings that its numbers depend on. Workers with others are
refused here and nowhere else.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from schemas.agents import AGENT_OF, COMMUNITY, AgentSpec
from schemas.errors import ConfigError, DataError
from sinks.contract import Epoch, Origin, Store
from streams.kafka.topics import one_share
from streams.retry import retrying

log = logging.getLogger(__name__)
Thread = Callable[..., Awaitable[Any]]


def numbers_settings(time_zone: str, lateness_h: int, duplicate_horizon: int, rules: int = 1) -> str:
    """The settings that the numbers depend on and the version of their rules, as recorded in an epoch."""
    settings = {"time_zone": time_zone, "lateness_h": lateness_h, "duplicate_horizon": duplicate_horizon}
    return json.dumps(settings | {"rules": rules})


def _made_with(settings: str) -> tuple[dict[str, Any], int]:
    """Settings, and the version of the rules; older epochs do not record it."""
    found = json.loads(settings)
    return found, found.pop("rules", 1)


async def current(
    store: Store, agent: AgentSpec, origin: Origin, settings: str, thread: Thread = asyncio.to_thread
) -> Epoch:
    """The epoch of an agent to work in; the first worker of an empty database claims epoch 0.

    Raises `DataError` when the epoch's events come from elsewhere, `ConfigError` when its settings or rules differ.
    """
    if agent.records is None:
        one_share(origin.topic, origin.partitions)
    found: Epoch | None = await retrying(lambda: thread(store.epoch, agent.contract), "reading the epoch")
    if found is None:
        await retrying(lambda: thread(store.claim, Epoch(0, settings, origin, agent.contract)), "claiming the database")
        found = await retrying(lambda: thread(store.epoch, agent.contract), "reading the epoch")
        assert found is not None
    check(found, origin, settings)
    check_rules(found, agent)
    return found


def check(epoch: Epoch, origin: Origin, settings: str) -> None:
    """Refuse an epoch of other events or other settings; raises the same errors as `current`.

    A topic without records may be made again: nothing is lost with it.
    """
    own, agent = epoch.origin, AGENT_OF[epoch.contract]
    if own.cluster != origin.cluster or own.topic != origin.topic:
        raise DataError(
            f"The database belongs to the topic {own.topic} of the Kafka cluster {own.cluster}; this is {origin.topic} "
            f"of {origin.cluster}. Two deployments cannot share a database: set another clickhouse.database."
        )
    if agent.records is None:
        one_share(origin.topic, origin.partitions)
    elif own.topic_id != origin.topic_id:
        raise DataError(
            f"The topic {origin.topic} was recreated: the database belongs to topic {own.topic_id}, Kafka has "
            f"{origin.topic_id}. Set another clickhouse.database for the new topic."
        )
    elif own.partitions != origin.partitions:
        raise DataError(
            f"The topic {origin.topic} has {origin.partitions} partitions; the database was created with "
            f"{own.partitions}. Groups have moved to other partitions, away from their state: import into a "
            "new topic and database (kafka.topic_prefix, clickhouse.database)."
        )
    if not agent.computed:
        return  # there are no numbers that could depend on settings
    (made, _), (ours, _) = _made_with(epoch.settings), _made_with(settings)
    if made != ours:
        raise ConfigError(
            f"The numbers of {origin.topic} (epoch {epoch.number}) were computed with {json.dumps(made)}, this worker "
            f"has {json.dumps(ours)}. Start it with the same settings, or run {_rebuild(agent)} to apply these."
        )


def check_rules(epoch: Epoch, agent: AgentSpec) -> None:
    """Raise `ConfigError` for numbers computed by rules that this version cannot continue from."""
    _, rules = _made_with(epoch.settings)
    if not agent.computed or agent.goes_on_from <= rules <= agent.rules:
        return
    numbers = f"The numbers of {epoch.origin.topic} (epoch {epoch.number}) were computed by rules {rules}"
    if rules > agent.rules:
        raise ConfigError(
            f"{numbers}, which are newer than this version's {agent.rules}. Use the newer version, or run "
            f"{_rebuild(agent)} to go back to these."
        )
    raise ConfigError(
        f"{numbers} and lack what this version's {agent.rules} keep. Run {_rebuild(agent)}, which computes them again "
        "from the landed records, then start the worker."
    )


def _rebuild(agent: AgentSpec) -> str:
    return f"`groupvitals rebuild{'' if agent.name == COMMUNITY.name else f' --agent {agent.name}'}`"
