"""The rows of the people agent on a real ClickHouse: what is now, in however many pieces it came."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.topics import CHAT
from sinks.clickhouse.store import ClickHouseStore
from streams.people.terms import publish
from tests.landing import Landing, empty, own_store
from tests.oracle.community import Record
from tests.oracle.people import People, effective_members, member_status
from tests.oracle.people_worlds import at_the_edges, lives_of_people
from tests.oracle.worlds import DAY_MS, World
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.pieces import in_pieces
from tests.sinks.test_people import ZONES, examples, histories, same

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def same_as_known(store: ClickHouseStore, people: People) -> None:
    """Members and counts are the oracle's."""
    for view, answer in (("member_status", member_status), ("effective_members", effective_members)):
        same(store, view, answer(people))


@pytest.mark.parametrize("zone", ZONES)
def test_members_and_groups_are_the_oracles(zone: str, store: ClickHouseStore) -> None:
    empty(store, zone)

    @settings(examples, max_examples=4)
    @given(histories(zone), st.sampled_from([(1.0,), (0.3, 0.6, 0.8, 1.0)]), st.booleans())
    def check(found: tuple[World, World, World], cuts: tuple[float, ...], moves: bool) -> None:
        in_pieces(store, found, cuts, moves, same_as_known)

    check()
    in_pieces(store, at_the_edges(zone), (0.5, 0.9, 1.0), False, same_as_known)
    in_pieces(store, lives_of_people(3, zone), (0.9, 0.95, 1.0), True, same_as_known)


def test_a_name_is_nobody_once_its_member_is_known(store: ClickHouseStore) -> None:
    """Members of an export may be known by name only, and by id later: the name's rows go."""
    empty(store, "UTC")
    at, group = 1_772_000_000_000, {"group_id": "telegram:t:g", "platform": "telegram"}
    told = [
        {"type": "message", "member_id": "name:Ann", "message_id": "1", "kind": "text"},
        {"type": "profile", "member_id": "name:Ann", "role": "alias"},
        {"type": "message", "member_id": "7", "message_id": "2", "kind": "text"},
    ]
    events = [event | group | {"event_id": f"e{n}", "ts_ms": at + n} for n, event in enumerate(told)]
    records = tuple(Record(n, at + DAY_MS, json.dumps(event).encode()) for n, event in enumerate(events))
    landing, agent = Landing(World("UTC", 48, 4_000_000, records), store, CHAT.name), PeopleAgent(store)
    found = []
    for piece in (records[:1], records[1:]):
        landing.land(piece)
        agent.catch_up()
        rows = store.native.execute(f"SELECT member_id, state FROM {store.address.database}.member_status")
        contacts = store.native.execute(f"SELECT member_id, state FROM {store.address.database}.contacts")
        assert rows == contacts
        found.append(rows)
    assert found == [[("name:Ann", "active")], [("7", "active")]]


def test_rows_of_an_owner_that_lost_its_share_count_nowhere(store: ClickHouseStore) -> None:
    """A flush is begun, its owner freezes, another takes over and learns more; then the flush lands after all."""
    empty(store, "UTC")
    world = lives_of_people(3, "UTC")[0]
    landing, half = Landing(world, store, CHAT.name), len(world.records) // 2
    landing.land(world.records[:half])
    read = f"SELECT * FROM {store.address.database}.people_members_now ORDER BY group_id, member_id"
    agent = PeopleAgent(store)
    agent.catch_up()
    before, frozen = store.native.query(read), agent.task
    landing.land(world.records[half:])
    assert agent.work_out()
    late = frozen.begin_flush()
    assert late is not None and late.tables["people_members"].num_rows

    agent.taken_over()
    publish(store, [agent.task.head])
    assert store.native.query(read) == before, "a term is not read before its rows are there"
    agent.catch_up()
    after = store.native.query(read)
    assert after != before
    for table, rows in late.tables.items():
        gone = pa.array([1] * rows.num_rows, pa.uint8())  # so that it would be seen
        store.insert(table, rows.drop_columns(["gone"]).append_column("gone", gone))
    publish(store, [replace(frozen.head, cut=late.checkpoint.cut)])
    assert store.native.query(read) == after
