"""People's rows worked out again: what differs is found, and a worker that follows lands all of them in a new term."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.agents import PEOPLE
from schemas.errors import ConfigError
from schemas.kafka import Kafka
from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from streams.config import WorkerConfig
from streams.rebuild import people
from streams.rebuild.people import PeopleRebuild
from tests.landing import Landing, empty, own_store
from tests.oracle.people_worlds import lives_of_people
from tests.sinks.people_agent import FIELDS, PeopleAgent

pytestmark = pytest.mark.services
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        empty(store, "UTC")
        yield store


def landings(store: ClickHouseStore, share: float) -> list[Landing]:
    """The lives of some people, so large a share of their records."""
    found = []
    for topic, world in zip((CHAT, PRODUCT, LINKS), lives_of_people(3, "UTC"), strict=True):
        found.append(Landing(world, store, topic.name))
        found[-1].land(world.records[: int(len(world.records) * share)])
    return found


def rest(landing: Landing) -> None:
    """Land what has not landed yet."""
    landing.land(landing.world.records[landing.task.next_offset - landing.world.records[0].offset :])


def job(store: ClickHouseStore, **changed: Any) -> PeopleRebuild:
    config = WorkerConfig(kafka=Kafka(""), address=store.address, data=Path(), agent=PEOPLE, nickname="-".join(FIELDS))
    return PeopleRebuild(replace(config, **changed))


def rows(store: ClickHouseStore) -> Rows:
    """All rows of people that are asked."""
    read = f"SELECT * FROM {store.address.database}.{{}}_now ORDER BY ALL"
    return {table.name: store.native.query(read.format(table.name)) for table in PEOPLE.states}


def test_what_differs_is_found_and_worked_out_anew(store: ClickHouseStore) -> None:
    d = store.address.database
    with pytest.raises(ConfigError, match="no rows of people yet: run `groupvitals worker --agent people`"):
        job(store)
    landings(store, 1)
    agent = PeopleAgent(store)
    agent.catch_up()
    before, found = rows(store), job(store).verify()
    assert found.summary()["different"] == found.summary()["not_compared"] == found.behind == 0
    assert {name: table.keys for name, table in found.tables.items()} == {n: len(every) for n, every in before.items()}

    changed, lost = before["people_members"][0], before["people_groups"][0]
    for change in (
        f"people_members UPDATE spoke_ms = spoke_ms + 1 WHERE member_id = '{changed['member_id']}' AND group_id = "
        f"'{changed['group_id']}'",
        f"people_groups DELETE WHERE group_id = '{lost['group_id']}'",
    ):
        store.native.execute(f"ALTER TABLE {d}.{change} SETTINGS mutations_sync = 2")
    summary = job(store).verify().summary()
    assert {table: count["different"] for table, count in summary["tables"].items()} == {
        table.name: int(table.name in ("people_members", "people_groups")) for table in PEOPLE.states
    }
    members, groups = summary["examples"]
    assert members["found"]["spoke_ms"] == members["wanted"]["spoke_ms"] + 1
    assert (groups["key"], groups["found"]) == ({"group_id": lost["group_id"]}, None)
    assert groups["wanted"]["headcount"] == lost["headcount"]

    assert job(store).rebuild().epoch == 1
    assert rows(store) != before, "the old term is read until a worker has landed all rows of a new one"
    agent.taken_over()
    agent.catch_up()
    assert rows(store) == before
    assert job(store).verify().different == 0


def test_rows_that_are_behind_their_sources_do_not_differ(
    store: ClickHouseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_PATIENCE_S", 0)
    chat, *_ = landings(store, 0.5)
    PeopleAgent(store).catch_up()
    rest(chat)
    found = job(store).verify()
    assert (found.behind, found.different) == (1, 0)
    assert found.open > 0


def test_rows_that_change_meanwhile_are_compared_again(store: ClickHouseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    chat, *_ = landings(store, 0.5)
    agent, real = PeopleAgent(store), people.PeopleRebuild._behind
    agent.catch_up()

    def meanwhile(self: PeopleRebuild, read: Any) -> int:
        rest(chat)
        agent.catch_up()
        return real(self, read)

    monkeypatch.setattr(people.PeopleRebuild, "_behind", meanwhile)
    found = job(store).verify()
    assert (found.behind, found.different, found.open) == (0, 0, 0)


def test_other_settings_are_refused_and_then_followed(store: ClickHouseStore) -> None:
    landings(store, 1)
    PeopleAgent(store).catch_up()
    job(store, lateness_h=72).rebuild()
    with pytest.raises(ConfigError, match=r"groupvitals rebuild --agent people"):
        PeopleAgent(store)
