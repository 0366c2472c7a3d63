"""The agents that faults are done to: the world that is sent to each, what people ask of it, and the right answers."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from schemas.agents import AGENTS as SPECS
from schemas.errors import InvalidEventError
from schemas.topics import CHAT, LINKS, PRODUCT
from schemas.validate import validate
from sources.producer import partition_of
from sources.simulator.plan import Plan
from sources.simulator.simulation import simulate
from tests.oracle import answers, people
from tests.oracle.closed_days import CHAT_DAYS
from tests.oracle.community import Record, community
from tests.oracle.people import People, events_of
from tests.oracle.product import landed_states, references, users
from tests.streams.workers import TABLES, VIEWS

PARTITIONS = 4
END_MS = 1_767_225_600_000

#: (partition, key, value)
Part = list[tuple[int, bytes, bytes]]
Rows = dict[str, list[dict[str, Any]]]
#: The records of a partition each.
Partitions = list[list[Record]]


@dataclass(frozen=True)
class Agent:
    """`name` as people type it; `asked` are the views and tables that must be right; `hold` says so by the oracle."""

    name: str
    world: Callable[[], Part]
    asked: tuple[str, ...]
    hold: Callable[[Rows, Partitions], None]

    @property
    def contract(self) -> str:
        """Name of its topic in the contract."""
        return SPECS[self.name].contract


def _simulated(topic: str, members: int, every: int) -> Part:
    """The records of a topic of a simulated month, late and repeated ones among them, and often a broken one."""
    plan = Plan(groups=8, members=members, days=30, end_ms=END_MS, events=2_300, late=0.03, repeated=0.02)
    found = []
    for number, record in enumerate(one for one in simulate(plan) if one.topic == topic):
        place = partition_of(record.key, PARTITIONS)
        found.append((place, record.key, record.value))
        if number % every == 0:
            found.append((place, record.key, b'{"event_id": "broken"}'))
    return found


def _chat() -> Part:
    """Some 2,500 events."""
    return _simulated(CHAT.name, 120, 40)


def _product() -> Part:
    """Some 2,500 events, in no order of time."""
    found = _simulated(PRODUCT.name, 380, 40)
    random.Random(1).shuffle(found)
    return found


def _links() -> Part:
    """Some 500 links and their ends: accounts that change hands, are given back, and are talked of more than once."""
    found, rng = _simulated(LINKS.name, 380, 8), random.Random(1)
    for number, (place, key, value) in enumerate(rng.sample(found, len(found) // 2)):
        with suppress(InvalidEventError):
            event = validate(LINKS.name, value, END_MS).model_dump()
            other = {"event_id": f"again{number}", "user_id": f"u{number % 9}", "unlink": number % 3 == 0}
            said = {name: field for name, field in {**event, **other}.items() if field is not None}
            found += [(place, key, json.dumps(said).encode())] * (1 + number % 2)
    rng.shuffle(found)
    return found


def _hold_chat(rows: Rows, partitions: Partitions) -> None:
    groups = answers.groups_of(community(records) for records in partitions)
    wanted = [
        {"group_id": name, "day": answers.date_of(day), "member_id": member, "messages": messages}
        for name, group in groups.items()
        for (day, member), messages in group.member_days.items()
    ]
    assert answers.comparable(rows["closed_member_days"], wanted[0]) == answers.comparable(wanted)


def _hold_product(rows: Rows, partitions: Partitions) -> None:
    events = [event for records in partitions for event in events_of(PRODUCT.name, records)]
    found = landed_states(rows["user_states"], rows["user_reference_states"])
    assert found == (users(events, "UTC"), references(events, "UTC"))
    assert {row["user_id"] for row in rows["users"]} == found[0].keys()


def _hold_links(rows: Rows, partitions: Partitions) -> None:
    events = [event for records in partitions for event in events_of(LINKS.name, records)]
    landed, sent = People([], [], rows["link_events"]), People([], [], events)
    assert landed.owners == sent.owners
    assert (found := people.link_conflicts(sent))
    assert answers.comparable(people.link_conflicts(landed)) == answers.comparable(found)


COMMUNITY = Agent("community", _chat, (*VIEWS, *TABLES, "day_closings", *CHAT_DAYS), _hold_chat)
AGENTS = {
    agent.name: agent
    for agent in (
        COMMUNITY,
        Agent(
            "product", _product,
            (
                "users", "user_states", "user_reference_states", "product_facts", "product_events",
                "dead_letters", "day_closings", "user_day_acts", "reference_day_acts",
            ),
            _hold_product,
        ),
        Agent(
            "links", _links,
            ("link_events", "dead_letters", "day_closings"), _hold_links,
        ),
    )
}  # fmt: skip
_RARELY = {name: pytest.param(name, marks=pytest.mark.chaos) for name in AGENTS}
#: For tests that every agent must pass; that links, which keep no state, need not pass every day, or not at all; that
#: are more about the servers than the agent.
EACH_AGENT = pytest.mark.parametrize("agent", list(AGENTS), indirect=True)
LINKS_RARELY = pytest.mark.parametrize("agent", ["community", "product", _RARELY["links"]], indirect=True)
OTHERS_RARELY = pytest.mark.parametrize("agent", ["community", _RARELY["product"], _RARELY["links"]], indirect=True)
KEEPING_STATE = pytest.mark.parametrize("agent", ["community", "product"], indirect=True)
