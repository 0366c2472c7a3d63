"""Worlds of chat, product and links that land in pieces, and a people agent that follows or is taken over each time."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, clear, empty
from tests.oracle.community import Record
from tests.oracle.people import People
from tests.oracle.people_worlds import at_the_edges, lives_of_people
from tests.oracle.worlds import DAY_MS, World
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_people import examples, histories, people_of

END_MS = 1_772_000_000_000
_Worlds = tuple[World, World, World]
#: Compares a database with what the oracle knows of what has landed.
Hold = Callable[[ClickHouseStore, People], None]


def in_pieces(store: ClickHouseStore, worlds: _Worlds, cuts: tuple[float, ...], moves: bool, hold: Hold) -> None:
    """Land these worlds up to each cut, a share of all their records, and hold what the agent then has landed.

    `moves`: somebody else takes the agent's share over each time.
    """
    clear(store)
    topics = (CHAT, PRODUCT, LINKS)
    landings = [Landing(world, store, topic.name) for topic, world in zip(topics, worlds, strict=True) if world.records]
    agent, before = PeopleAgent(store, worlds[0].zone), 0.0
    for cut in cuts:
        for landing in landings:
            first, end = (int(len(landing.world.records) * part) for part in (before, cut))
            landing.land(landing.world.records[first:end])
        before = cut
        if moves:
            agent.taken_over()
        agent.catch_up()
        assert agent.catch_up() == 0
        parts = (replace(world, records=world.records[: int(len(world.records) * cut)]) for world in worlds)
        hold(store, people_of(*parts))


def one_by_one(store: ClickHouseStore, told: list[tuple[str, float, dict[str, Any]]], first: int, hold: Hold) -> None:
    """Land events one after the other, and hold what an agent that follows has landed after each from the first on.

    told: topic, days before the end, and event, in the order in which they land; those of chat are of one group unless
    they name another.
    """
    empty(store, "UTC")
    clear(store)
    topics = [topic.name for topic in (CHAT, PRODUCT, LINKS)]
    records: dict[str, list[Record]] = {topic: [] for topic in topics}
    order = []
    for number, (topic, ago, event) in enumerate(told):
        place = {"group_id": "wecom:c:g", "platform": "wecom"} if topic == CHAT.name else {}
        ts_ms = END_MS - int(ago * DAY_MS) + number
        value = json.dumps(place | event | {"event_id": f"e{number}", "ts_ms": ts_ms}).encode()
        records[topic].append(Record(len(records[topic]), END_MS, value))
        order.append((topic, records[topic][-1]))
    worlds = {topic: World("UTC", 48, 4_000_000, tuple(records[topic])) for topic in topics}
    landings = {topic: Landing(world, store, topic) for topic, world in worlds.items()}
    agent, so_far = PeopleAgent(store), {topic: list[Record]() for topic in topics}
    for number, (topic, record) in enumerate(order):
        landings[topic].land((record,))
        so_far[topic].append(record)
        if number >= first:
            agent.catch_up()
            hold(store, people_of(*(replace(worlds[topic], records=tuple(so_far[topic])) for topic in topics)))


def in_any_pieces(store: ClickHouseStore, zone: str, hold: Hold, most: int = 8) -> None:
    """Random worlds, `most` of them, the edges of windows, and the lives of some people; in one piece and several."""
    empty(store, zone)

    @settings(examples, max_examples=most)
    @given(histories(zone), st.sampled_from([(1.0,), (0.3, 0.6, 0.8, 1.0)]), st.booleans())
    def check(found: _Worlds, cuts: tuple[float, ...], moves: bool) -> None:
        in_pieces(store, found, cuts, moves, hold)

    check()
    in_pieces(store, at_the_edges(zone), (0.5, 0.9, 1.0), False, hold)
    in_pieces(store, lives_of_people(3, zone), (0.5, 0.9, 0.95, 1.0), zone != "UTC", hold)
