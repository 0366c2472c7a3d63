"""What referrers earn, and what the ledger posts, on a real ClickHouse, by literal values."""

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.topics import LINKS, PRODUCT, REWARDS
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, empty, own_store
from tests.oracle.answers import moment
from tests.oracle.literal_worlds import D, tick, world
from tests.oracle.worlds import DAY_MS
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_people import same

pytestmark = pytest.mark.services
_PLAN = {"type": "plan", "plan_id": "p", "valid_from_ms": 1_500_000_000_000, "goal": "purchase", "share_bp": 1000}
_WHY = {"reason": "as agreed", "actor_id": "op"}
_BONUS = {"type": "adjustment", "referrer_user_id": "u1", "adjustment_id": "a", "amount_minor": 50, "currency": "CNY"}
_PAYOUT = {"type": "payout", "payout_id": "w", "referrer_user_id": "u1", "amount_minor": 148, "currency": "CNY"}
#: Day and record of product events, and of rewards.
_BOUGHT: list[tuple[float, dict[str, Any]]] = [
    (D, {"type": "open", "user_id": "u1"}),
    (D + 0.1, {"type": "signup", "user_id": "u2", "referrer_user_id": "u1"}),
    (D + 1, {"type": "purchase", "user_id": "u2", "order_id": "o1", "amount_minor": 1970, "currency": "CNY"}),
    (D + 2, {"type": "refund", "user_id": "u2", "order_id": "o1", "refund_id": "r", "amount_minor": 985,
             "currency": "CNY"}),
    (D + 3.5, {"type": "tick"}),
    (D + 5, {"type": "tick"}),
    (D + 8.5, {"type": "tick"}),
    (D + 1.5, {"type": "purchase", "user_id": "u2", "order_id": "o2", "amount_minor": 100, "currency": "CNY"}),
    (D + 11.5, {"type": "tick"}),
    (D + 20, {"type": "refund", "user_id": "u2", "order_id": "o2", "refund_id": "s", "amount_minor": 100,
              "currency": "CNY"}),
    (D + 30, {"type": "tick"}),
]  # fmt: skip


def _rewards() -> list[tuple[float, dict[str, Any]]]:
    end_ms = world((D + 6, {"type": "tick"})).records[0].kafka_ts_ms
    return [
        (D, _PLAN | {"hold_days": 4}),
        (D + 5, _BONUS | _WHY),
        (D + 6.5, _PAYOUT | {"status": "created", "period_end_ms": end_ms}),
        (D + 7, _PAYOUT | {"status": "paid", "period_end_ms": end_ms}),
    ]


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def posted(store: ClickHouseStore) -> list[tuple[Any, ...]]:
    """Entries: days after the first, kind, what it is about, and the amount."""
    columns = "toInt32(toRelativeDayNum(day)), toString(kind), source_id, amount_minor"
    rows = store.native.execute(f"SELECT {columns} FROM {store.address.database}.people_ledger_now ORDER BY day, kind")
    return [(day - int(D), *rest) for day, *rest in rows]


_STATEMENT = {
    "referrer_user_id": "u1", "currency": "CNY", "accrued_minor": 148, "held_minor": 0, "payable_minor": 0,
    "in_payout_minor": 0, "paid_minor": 148, "overpaid_minor": 0, "pending_accrued_minor": 0,
    "pending_released_minor": 0, "results": 1,
}  # fmt: skip


@pytest.mark.parametrize("moves", [False, True], ids=["stays", "moves"])
def test_days_are_posted_when_they_close(moves: bool, store: ClickHouseStore) -> None:
    empty(store, "UTC")
    product, rewards = (Landing(world(*records), store, topic.name) for records, topic in
                        ((_BOUGHT, PRODUCT), (_rewards(), REWARDS)))  # fmt: skip
    rewards.land(rewards.world.records)
    agent = PeopleAgent(store)
    seen = []
    for record in product.world.records:
        product.land((record,))
        if moves:
            agent.taken_over()
        agent.catch_up()
        assert agent.catch_up() == 0
        entries = posted(store)
        assert [one for one in seen if one not in entries] == [], "no entry ever changes"
        seen = entries
    assert seen == [
        (1, "accrued", "o1", 197), (2, "clawed back", "o1", -99), (5, "adjusted", "a", 50), (5, "released", "o1", 98),
        (6, "accrued", "o2", 10), (6, "payout", "w", 148), (6, "released", "o2", 10),  # late: days to 5 were closed
        (7, "paid", "w", 148), (20, "clawed back", "o2", -10), (20, "recalled", "o2", -10),
    ]  # fmt: skip
    same(store, "referrer_statement", [_STATEMENT])


def test_the_balances_do_not_hang_on_when_days_were_closed(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    for records, topic in ((_BOUGHT, PRODUCT), (_rewards(), REWARDS)):
        landing = Landing(world(*records), store, topic.name)
        landing.land(landing.world.records)
    PeopleAgent(store).catch_up()
    same(store, "referrer_statement", [_STATEMENT])
    assert (1, "accrued", "o2", 10) in posted(store)


def test_what_is_pending_is_no_entry(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    product, rewards = Landing(world(*_BOUGHT), store, PRODUCT.name), Landing(world(*_rewards()), store, REWARDS.name)
    rewards.land(rewards.world.records[:1])
    product.land(product.world.records[:3])
    PeopleAgent(store).catch_up()
    assert posted(store) == []
    same(store, "referrer_statement", [_STATEMENT | {
        "accrued_minor": 0, "paid_minor": 0, "pending_accrued_minor": 197,
    }])  # fmt: skip
    same(store, "commissions", [{
        "referrer_user_id": "u1", "goal": "purchase", "conversion_id": "o1", "person_id": "u2", "plan_id": "p",
        "net_minor": 1970, "currency": "CNY", "earned_minor": 197, "state": "held", "held_by": "hold days",
        "posted_minor": 0, "released_minor": 0,
    }])  # fmt: skip


def test_an_open_case_holds_until_a_reviewer_decides(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    price = {"type": "purchase", "user_id": "u2", "order_id": "o1", "amount_minor": 1000, "currency": "CNY"}
    product = Landing(world(
        (D, {"type": "open", "user_id": "u1"}),
        (D + 0.1, {"type": "signup", "user_id": "u2", "referrer_user_id": "u1"}),
        (D + 0.2, {"type": "signup", "user_id": "u3", "referrer_user_id": "u1"}), (D + 1, price),
        tick(D + 6), tick(D + 9),
    ), store, PRODUCT.name)  # fmt: skip
    links = Landing(world(
        (D, {"account_id": "u3", "user_id": "u1", "source": "login"}), tick(D + 6), tick(D + 9)
    ), store, LINKS.name)  # fmt: skip
    review = {"type": "review", "referrer_user_id": "u1", "decision": "release"} | _WHY
    rewards = Landing(world((D, _PLAN | {"hold_days": 1}), (D + 6.5, review)), store, REWARDS.name)
    rewards.land(rewards.world.records[:1])
    for landing in (product, links):
        landing.land(landing.world.records[:-1])
    agent = PeopleAgent(store)
    agent.catch_up()
    assert posted(store) == [(1, "accrued", "o1", 100)]
    held = {
        "referrer_user_id": "u1", "goal": "purchase", "conversion_id": "o1", "person_id": "u2", "plan_id": "p",
        "net_minor": 1000, "currency": "CNY", "earned_minor": 100, "state": "held", "held_by": "self",
        "posted_minor": 100, "released_minor": 0, "until": None,
    }  # fmt: skip
    same(store, "commissions", [held])
    for landing in (product, links, rewards):
        landing.land(landing.world.records[-1:])
    agent.catch_up()
    assert posted(store) == [(1, "accrued", "o1", 100), (6, "released", "o1", 100)]
    reviewed = moment(round((D + 6.5) * DAY_MS), "UTC")
    same(store, "commissions", [
        held | {"state": "released", "held_by": "", "released_minor": 100, "until": reviewed}
    ])  # fmt: skip


def test_what_was_released_is_moved_by_refunds_only(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    bought = {"type": "purchase", "user_id": "u2", "order_id": "o1", "amount_minor": 1970, "currency": "CNY"}
    refund = {"type": "refund", "user_id": "u2", "order_id": "o1", "refund_id": "r", "amount_minor": 985,
              "currency": "CNY"}  # fmt: skip
    product = Landing(world(
        (D, {"type": "open", "user_id": "u1"}), (D, {"type": "open", "user_id": "u9"}),
        (D + 0.1, {"type": "signup", "user_id": "u2", "referrer_user_id": "u1"}), (D + 1, bought), tick(D + 8),
        (D + 0.05, {"type": "signup", "user_id": "u2", "referrer_user_id": "u9"}),  # earlier, but late
        (D + 1.1, bought | {"order_id": "o2"}), tick(D + 12), (D + 13, refund), tick(D + 16),
    ), store, PRODUCT.name)  # fmt: skip
    same_person = [(D, {"account_id": user, "user_id": "u1", "source": "login"}) for user in ("u2", "u9")]
    links = Landing(world(*same_person, tick(D + 12)), store, LINKS.name)
    rewards = Landing(
        world((D, _PLAN | {"hold_days": 4}), (D + 0.5, _PLAN | {"hold_days": 4, "share_bp": 5000})), store, REWARDS.name
    )
    rewards.land(rewards.world.records[:1])
    agent, records = PeopleAgent(store), product.world.records
    for several in (records[:5], records[5:8]):
        product.land(several)
        agent.taken_over()
        agent.catch_up()
    before = [(1, "accrued", "o1", 197), (5, "released", "o1", 197)]
    assert [one for one in posted(store) if one[2] == "o1"] == before
    frozen = {
        "referrer_user_id": "u1", "goal": "purchase", "conversion_id": "o1", "plan_id": "p", "earned_minor": 197,
        "state": "released", "posted_minor": 197, "released_minor": 197,
    }  # fmt: skip
    same(store, "commissions", [
        frozen, frozen | {"referrer_user_id": "u9", "conversion_id": "o2"},
    ])  # fmt: skip
    rewards.land(rewards.world.records[1:])  # a rate announced before the order, but late
    links.land(links.world.records)
    product.land(records[8:])
    agent.catch_up()
    assert [one for one in posted(store) if one[2] == "o1"] == [
        *before, (13, "clawed back", "o1", -99), (13, "recalled", "o1", -99),
    ]  # fmt: skip
