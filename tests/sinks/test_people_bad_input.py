"""What does not come as it should, on a real ClickHouse: strange marks, late partitions, sources and events, long
silence, crowded links. The people agent's rows are the oracle's all the same."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Cut, Epoch, Head
from tests.landing import Landing, empty, own_store
from tests.oracle.community import community
from tests.oracle.literal_worlds import ONE, OTHER, D, did, link, said, tick, world
from tests.oracle.people import People, events_of
from tests.oracle.people_worlds import lives_of_people
from tests.oracle.worlds import World
from tests.sinks.closed_history import TOPICS, Deployment
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_people import hold, people_of

pytestmark = pytest.mark.services
PAID = {"currency": "CNY", "amount_minor": 500}
_GHOST_AND_PAYER = "member_status WHERE member_id = 'ghost'", f"payers WHERE group_id = '{ONE}' AND payers = 1"


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


@pytest.fixture(autouse=True)
def tables(store: ClickHouseStore) -> None:
    """Nothing in them."""
    empty(store, "UTC")


def first(whole: World, share: float) -> World:
    """The first records of a world."""
    return replace(whole, records=whole.records[: int(len(whole.records) * share)])


def test_marks_of_unknown_agents_and_older_epochs_change_nothing(store: ClickHouseStore) -> None:
    worlds = lives_of_people(3, size=6)
    landings = [Landing(one, store, topic) for one, topic in zip(worlds, TOPICS, strict=True)]
    for landing in landings:
        landing.land(landing.world.records)
    agent = PeopleAgent(store)
    agent.catch_up()
    owned, used = agent.task, landings[0].epoch
    unknown = replace(used, contract="weather.reports", origin=replace(used.origin, topic="weather.reports"))
    made = replace(used, number=used.number + 1)  # by a rebuild that is not done
    store.claim(unknown)
    store.claim(made, ready=False)
    known = store.epoch("weather.reports")
    assert known is not None and known.number == used.number, "only the agent is unknown, not whether it is in use"
    store.vouch([_head(epoch, partition) for epoch in (unknown, made) for partition in (0, 7)])
    store.vouch([_head(used, 0)])  # of an older term, and last
    assert agent.catch_up() == 0 and agent.task is owned
    hold(store, people_of(*worlds))


def _head(epoch: Epoch, partition: int) -> Head:
    return Head(epoch.origin.topic, partition, epoch.number, Cut(1, 0), 0, 0, 0, "somebody")


def test_a_partition_whose_first_worker_comes_late_is_read_from_its_beginning(store: ClickHouseStore) -> None:
    """Its offsets are below the marks of the other one."""
    chat = [
        world(*(said(D + n, "message", f"m{n % 3}") for n in range(40))),
        world(*(said(D + n, "message", f"m{n % 5}", OTHER) for n in range(39))),
    ]
    product = [
        world(*(did(D + 30, f"wecom:c:m{n % 5}", "click", group_id=ONE) for n in range(9))),
        world(did(D + 31, "wecom:c:m1", "purchase", order_id="o", **PAID)),
    ]
    agent = PeopleAgent(store)
    for partition in (0, 1):
        for worlds, topic in ((chat, CHAT), (product, PRODUCT)):
            Landing(worlds[partition], store, topic.name, partition, 2).land(worlds[partition].records)
        agent.catch_up()
    known = [community(list(one.records), "UTC", one.lateness_h, one.horizon) for one in chat]
    used = [event for one in product for event in events_of(PRODUCT.name, one.records)]
    hold(store, People(known, used, [], "UTC"))


def test_sources_that_are_months_behind_another_count_when_they_come(store: ClickHouseStore) -> None:
    worlds = lives_of_people(3, size=12)
    landings = [Landing(one, store, topic) for one, topic in zip(worlds, TOPICS, strict=True)]
    agent, before = PeopleAgent(store), (0.0, 0.0, 0.0)
    for shares in ((1.0, 0.1, 0.1), (1.0, 0.6, 0.1), (1.0, 1.0, 1.0)):
        for landing, begin, end in zip(landings, before, shares, strict=True):
            done = len(first(landing.world, begin).records)
            landing.land(first(landing.world, end).records[done:])
        before = shares
        agent.catch_up()
        hold(store, people_of(*map(first, worlds, shares)))


def test_a_link_joins_two_persons_of_a_thousand_memberships_and_is_taken_back(store: ClickHouseStore) -> None:
    chat = world(*(said(D + n / 100, "message", f"m{n % 2}", f"wecom:c:{n // 2}") for n in range(2_000)))
    product = world(*(did(D + 15, f"u{n}", "purchase", order_id=f"o{n}", **PAID) for n in range(2)))
    own = link(D, "m0", "u0"), link(D, "m1", "u1")
    joined = {"account_id": "u1", "user_id": "u0", "source": "login"}
    links = world(*own, (D + 20, joined), (D + 21, joined | {"unlink": True}))
    agent, landing = PeopleAgent(store), Landing(links, store, LINKS.name)
    for one, topic in ((chat, CHAT), (product, PRODUCT)):
        Landing(one, store, topic.name).land(one.records)
    persons = []
    for begin, end in ((0, 2), (2, 3), (3, 4)):
        landing.land(links.records[begin:end])
        agent.catch_up()
        hold(store, people_of(chat, product, replace(links, records=links.records[:end])))
        persons += store.native.execute(f"SELECT payers FROM {store.address.database}.payers WHERE group_id = '*'")
    assert persons == [(2,), (1,), (2,)]


def test_what_comes_a_year_late_counts_for_now_and_changes_no_closed_day(store: ClickHouseStore) -> None:
    talk = [said(D + n * 5, "message", f"m{n % 3}") for n in range(80)]
    chat = world(*talk, said(D + 35, "message", "ghost"), said(D + 399, "message", "m1"), tick(D + 405))
    old = did(D + 34, "u1", "purchase", order_id="old", **PAID)
    product = world(did(D + 398, "u1"), old, did(D + 399, "u2"), tick(D + 405))
    links = world(link(D + 398, "m2", "u2"), link(D + 33, "m1", "u1"), link(D + 399, "m0", "u9"), tick(D + 405))
    deployment = Deployment(store, ([chat], [product], [links]))
    for share in (0.25, 0.98, 1.0):
        deployment.land_all(share)
        deployment.agent.catch_up()
        days = deployment.hold()
    assert len(days) > 400 and not any((ONE, "ghost") in day.members for day in days.values() if day.day < D + 395)
    d = store.address.database
    found = [store.native.execute(f"SELECT count() FROM {d}.{view}") for view in _GHOST_AND_PAYER]
    assert found == [[(1,)], [(1,)]]


def test_all_are_silent_for_28_days_and_then_one_event_comes(store: ClickHouseStore) -> None:
    """Windows empty, days close, and nobody is left but who spoke."""
    chat = world(*(said(D + n / 2, "message", f"m{n % 7}") for n in range(80)), said(D + 68.5, "message", "m0"))
    product = world(did(D + 39, "u1", "click", group_id=ONE), did(D + 68.5, "u2"))
    links = world(link(D, "m1", "u1"), link(D + 68.5, "m2", "u2"))
    deployment = Deployment(store, ([chat], [product], [links]))
    agent = PeopleAgent(store)
    for landed in ((80, 1, 1), (81, 2, 2)):
        worlds = [replace(one, records=one.records[:n]) for one, n in zip((chat, product, links), landed, strict=True)]
        for topic, one, whole in zip(TOPICS, worlds, (chat, product, links), strict=True):
            deployment.land((topic, 0), len(one.records) / len(whole.records))
        agent.catch_up()
        hold(store, people_of(*worlds))
    deployment.agent.taken_over()
    deployment.agent.catch_up()
    assert len(deployment.hold()) > 60
