"""Cases about referrers as the people agent lands them on a real ClickHouse, against the oracle, in pieces."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from analytics.results.risk import RULES
from schemas.topics import LINKS, PRODUCT, REWARDS
from sinks.clickhouse.store import ClickHouseStore
from streams.people.results.risks import Risks
from tests.landing import Landing, empty, own_store
from tests.oracle.literal_worlds import world
from tests.oracle.people import People, events_of, newest_of
from tests.oracle.risk_worlds import BEGIN_MS, LAST, risky
from tests.oracle.risks import referral_risk
from tests.oracle.worlds import DAY_MS, World
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_people import same, used_on

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def _people(product: World, links: World) -> People:
    topics = {PRODUCT.name: product.records, LINKS.name: links.records}
    events = {topic: events_of(topic, records) for topic, records in topics.items()}
    clock_ms = max(newest_of(topic, records) for topic, records in topics.items() if records)
    return People([], events[PRODUCT.name], events[LINKS.name], "UTC", clock_ms, used_on=used_on(product))


class Deployment:
    """Product and links of a risky world that land, and the agent."""

    def __init__(self, store: ClickHouseStore) -> None:
        empty(store, "UTC")
        self.store, (self.product, self.links) = store, risky(7)
        self._landing, self._linking = (
            Landing(self.product, store, PRODUCT.name),
            Landing(self.links, store, LINKS.name),
        )
        self.agent, self._end, self._linked = PeopleAgent(store), 0, False

    def land(self, end: int, linked: bool) -> People:
        """Land so many records of the product, and links; returns what the oracle knows then."""
        self._landing.land(self.product.records[self._end : end])
        if linked and not self._linked:
            self._linking.land(self.links.records)
        self._end, self._linked = end, linked
        self.agent.catch_up()
        assert self.agent.catch_up() == 0
        product = replace(self.product, records=self.product.records[:end])
        return _people(product, self.links if linked else replace(self.links, records=()))


@pytest.mark.parametrize("moves", [False, True], ids=["stays", "moves"])
def test_cases_are_the_oracles_in_any_pieces(moves: bool, store: ClickHouseStore) -> None:
    deployment = Deployment(store)
    count = len(deployment.product.records)
    half, most = count // 2, count * 7 // 10
    steps = (half, False), (most, False), (most + 1, True), (most + 2, True), (count - LAST, True), (count, True)
    for end, linked in steps:
        if moves:
            deployment.agent.taken_over()
        same(store, "referral_risk", referral_risk(deployment.land(end, linked)))
    rules = {rule for (rule,) in store.native.execute(f"SELECT rule FROM {store.address.database}.referral_risk")}
    assert rules >= {"payment", "device", "silent", "refund", "instant", "ring", "self", "cycle"}


def test_reviews_close_cases(store: ClickHouseStore) -> None:
    deployment = Deployment(store)
    cases = referral_risk(deployment.land(len(deployment.product.records), True))
    several = [row["person_id"] for row in cases if row["rule"] == "ring" and row["risk"] > 0.99][:2]
    silent = next(row["person_id"] for row in cases if row["rule"] == "silent")
    assert {row["person_id"] for row in cases} >= {*several, silent, "u0"}

    def review(day: int, user: str, decision: str, **more: str) -> tuple[float, dict[str, str]]:
        told = {"type": "review", "referrer_user_id": user, "decision": decision, "reason": "why"}
        return BEGIN_MS / DAY_MS + day, told | {"actor_id": f"op{day}"} | more

    reviews = world(
        review(1, several[0], "release"),  # before there is a case
        review(300, several[0], "void", case_id="ring"),
        review(301, several[0], "release", case_id="unheard"),
        review(1, silent, "trust"),
        review(302, "second", "release"),  # whose account it is by now
        review(303, several[1], "trust"),
        review(304, several[1], "void"),
    )
    Landing(reviews, store, REWARDS.name).land(reviews.records)
    deployment.agent.catch_up()
    found = {
        (row["person_id"], row["rule"]): (row["state"], row["decision"], row["actor_id"], row["reason"])
        for row in store.native.query(f"SELECT * FROM {store.address.database}.referral_risk")
    }
    wanted = {(row["person_id"], row["rule"]): ("open", "", "", "") for row in cases if row["person_id"] != silent}
    wanted[several[0], "ring"] = "closed", "void", "op300", "why"
    wanted["u0", "self"] = "closed", "release", "op302", "why"
    wanted |= {key: ("closed", "trust", "op303", "why") for key in wanted if key[0] == several[1]}
    assert found == wanted
    state = deployment.agent.task.state
    (risks,) = (family for family in state.last if isinstance(family, Risks))
    own = [case for case in risks.cases if case.number == RULES.index("self")]
    names = state.everybody.names.strings(np.array([case.referrer for case in own], np.int32)).to_pylist()
    assert sorted(names) == ["second", "u0"], "commissions belong to the users that records name"
