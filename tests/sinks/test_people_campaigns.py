"""Campaigns and what they cost, as the people agent lands them on a real ClickHouse, against the oracle."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from schemas.topics import CHAT, COSTS, PRODUCT
from sinks.clickhouse.readers.marks import marks
from sinks.clickhouse.store import ClickHouseStore
from streams.people.task import WentBackError
from tests.landing import Landing, empty, own_store
from tests.oracle import campaigns as oracle
from tests.oracle.literal_worlds import D, said, tick, world
from tests.oracle.people import events_of
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_people import same

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def worked_out(agent: PeopleAgent) -> None:
    agent.catch_up()
    assert agent.catch_up() == 0


def test_no_day_waits_for_costs_and_their_clock_is_nobodys_time(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    chat = Landing(world(said(D, "message", "ann"), tick(D + 3.5), tick(D + 4.5)), store, CHAT.name)
    spent = {"campaign_id": "k", "kind": "ads", "amount_minor": 1, "currency": "EUR"}
    costs = Landing(world((D, spent), (D + 9, spent)), store, COSTS.name)

    def closed(agent: PeopleAgent) -> tuple[int, int]:
        """The newest closed day, and the history that is read."""
        worked_out(agent)
        cuts, terms = (f"{store.address.database}.{name}" for name in ("people_cuts", "people_terms"))
        return store.native.execute(f"SELECT (SELECT max(day) FROM {cuts}), argMax(history, version) FROM {terms}")[0]

    agent = PeopleAgent(store, closing=True)
    chat.land(chat.world.records[:2])
    day, history = closed(agent)
    costs.land(costs.world.records)
    found = marks(store)
    assert COSTS.name in found.topics and {contract for contract, _ in found.clocks} == {CHAT.name}
    assert closed(agent) == (day, history), "nine days later by costs alone"
    chat.land(chat.world.records[2:])
    assert closed(agent) == (day + timedelta(1), history)
    agent.taken_over()
    assert closed(agent) == (day + timedelta(1), history), "whoever takes over goes on with the same history"
    same(store, "campaigns", [{"campaign_id": "k", "cost": 2, "ads": 2, "currency": "EUR"}])


def test_costs_that_an_older_backup_lacks_do_not_count(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    spent = {"campaign_id": "k", "kind": "ads", "amount_minor": 1, "currency": "EUR"}
    costs = Landing(world(*((D, spent) for _ in range(4))), store, COSTS.name)
    costs.land(costs.world.records[:2])
    costs.land(costs.world.records[2:])
    agent = PeopleAgent(store)
    worked_out(agent)
    same(store, "campaigns", [{"campaign_id": "k", "cost": 4}])
    for table in ("cost_events", "checkpoints", "heads"):
        ours = f"DELETE FROM {store.address.database}.{table} WHERE topic = '{costs.task.topic}'"
        store.native.execute(ours, settings={"mutations_sync": 2})
    restored = Landing(costs.world, store, COSTS.name)
    restored.land(costs.world.records[:2])
    with pytest.raises(WentBackError):
        agent.work_out()
    agent.taken_over()
    worked_out(agent)
    same(store, "campaigns", [{"campaign_id": "k", "cost": 2}])


@pytest.mark.parametrize(("seed", "moves"), [(0, False), (1, True)], ids=["stays", "moves"])
def test_campaigns_are_the_oracles_in_any_pieces(seed: int, moves: bool, store: ClickHouseStore) -> None:
    empty(store, "UTC")
    chat, product, spent = oracle.drawn_campaigns(seed, "UTC")
    landings = [
        Landing(chat, store, CHAT.name), Landing(product, store, PRODUCT.name),
        *(Landing(world, store, COSTS.name, number, 2) for number, world in enumerate(spent)),
    ]  # fmt: skip
    agent, before = PeopleAgent(store), (0.0, 0.0, 0.0, 0.0)
    # costs come after everything else, before it, and of each partition alone
    for cut in ((0.5, 0.5, 0, 0), (0.5, 0.5, 0, 0.5), (0.5, 1, 0.7, 0.5), (1, 1, 1, 0.5), (1, 1, 1, 1)):
        ends = [round(len(one.world.records) * part) for one, part in zip(landings, cut, strict=True)]
        for landing, first, end in zip(landings, before, ends, strict=True):
            landing.land(landing.world.records[round(len(landing.world.records) * first) : end])
        before = cut
        if moves:
            agent.taken_over()
        worked_out(agent)
        records = [one.world.records[:end] for one, end in zip(landings, ends, strict=True)]
        found = oracle.counted(records[2:])
        told, done = events_of(CHAT.name, records[0]), events_of(PRODUCT.name, records[1])
        same(store, "people_costs_now", oracle.costs(found))
        same(store, "campaigns", oracle.campaigns(told, done, found))
        same(store, "campaign_stability", oracle.stability(told, done, found))
