"""Whether reading is reported is a fact of what a source has landed for a group, on a real ClickHouse."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, empty, own_store
from tests.oracle.people import effective_members
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_answers import MESSAGE, history
from tests.sinks.test_people import people_of, same

pytestmark = pytest.mark.services
GREEN, BLUE = {"group_id": "wecom:c:green"}, {"group_id": "wecom:c:blue"}
COUNTS = (
    "unobservable",
    "silent_zombies",
    "zombie",
    "at_risk",
    "zombies_at_least",
    "zombies_estimated",
    "zombies_at_most",
)


@pytest.fixture
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        empty(store, "UTC")
        yield store


@pytest.mark.parametrize("moves", [False, True])
def test_the_first_reading_that_a_source_reports_lets_everybody_in_the_group_be_judged(
    moves: bool, store: ClickHouseStore
) -> None:
    """An archive tells no reading; then a second source of one group does. Nobody but its reader has said a thing."""
    told = [(0, MESSAGE | one | {"member_id": "ann", "source_id": "archive"}) for one in (GREEN, BLUE)]
    told += [(40, {"type": "roster", "member_id": "ben", "source_id": "archive"} | GREEN), (59, {"type": "tick"})]
    reads = [(60, {"type": "read", "count": 1, "member_id": "cy", "source_id": "app"} | GREEN)]
    world = history("UTC", *told, *reads)
    landing, agent = Landing(world, store), PeopleAgent(store)

    def counts(end: int) -> dict[str, list[int]]:
        landing.land(world.records[landing.task.next_offset : end])
        if moves:
            agent.taken_over()
        agent.catch_up()
        same(store, "effective_members", effective_members(people_of(replace(world, records=world.records[:end]))))
        rows = store.native.query(f"SELECT * FROM {store.address.database}.effective_members")
        return {row["group_id"].rpartition(":")[2]: [row[name] for name in COUNTS] for row in rows}

    # ann spoke 59 days ago: her chance is 1/61. ben was first seen 19 days ago: 1/21. A zombie's is below 1/30
    assert counts(len(told)) == {
        "green": [2, 1, 0, 0, 0, 1, 2], "blue": [1, 1, 0, 0, 0, 1, 1], "*": [2, 1, 0, 0, 0, 1, 2]
    }  # fmt: skip
    assert counts(len(world.records)) == {
        "green": [0, 0, 1, 1, 1, 1, 1], "blue": [1, 1, 0, 0, 0, 1, 1], "*": [1, 1, 0, 1, 0, 1, 1]
    }  # fmt: skip
