"""`groupvitals whatif`: what is observed of a group, campaign and channel, what flags change, what must be given."""

import json
from typing import Any

import pytest

from groupvitals.connections import clickhouse
from groupvitals.settings import Settings
from schemas.errors import ConfigError
from schemas.topics import CHAT, COSTS, LINKS, PRODUCT
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.store import ClickHouseStore
from tests.conftest import Run
from tests.landing import Landing
from tests.oracle.literal_worlds import ONE, D, did, link, said, tick, world
from tests.sinks.people_agent import PeopleAgent

FLAGS = ("traffic", "conversion", "average-order", "unit-cost", "repurchases", "cac")
VALUES = ("10000", "3%", "19900", "8000", "0.5", "6000")


def order(number: int, user: str, amount: int, **more: Any) -> tuple[float, dict[str, Any]]:
    paid = {"order_id": f"o{number}", "amount_minor": amount, "currency": "CNY", "campaign_id": "k", "group_id": ONE}
    return did(D + 0.2 + number / 10, user, "purchase", **(paid | more))


def cost(campaign: str, kind: str, amount: int, **more: Any) -> tuple[float, dict[str, Any]]:
    spent = {"campaign_id": campaign, "kind": kind, "amount_minor": amount, "currency": "CNY", "channel": "ads"}
    return D, spent | more


def landed(store: ClickHouseStore) -> Landing:
    """Four members and an operator; of four users who follow a campaign two buy, one of them twice.

    Returns the product, of which one record has not landed: an order in another currency.
    """
    migrate(store.address, "UTC")
    members = ("a", "b", "c", "d")
    chat = [said(D, "join", member) for member in members]
    operator = said(D, "roster", "op", snapshot_id="s", role="operator")
    users = [did(D + 0.1, f"u{member}", "click", campaign_id="k") for member in members]
    orders = order(1, "ua", 1_000, cost_minor=400), order(2, "ub", 2_000, cost_minor=600), order(3, "ua", 3_000)
    product = Landing(world(*users, *orders, order(4, "uc", 5, currency="EUR")), store, PRODUCT.name)
    product.land(product.world.records[:-1])
    costs = cost("k", "ads", 900), cost("k", "labour", 300, group_id=ONE), cost("bare", "none", 0, channel="other")
    for topic, one in {
        CHAT.name: world(*chat, operator, tick(D + 1)),
        LINKS.name: world(*(link(D, member, f"u{member}") for member in members)), COSTS.name: world(*costs),
    }.items():  # fmt: skip
        Landing(one, store, topic).land(one.records)
    PeopleAgent(store).catch_up()
    return product


@pytest.mark.services
def test_observed_values_are_the_defaults(settings: Settings, groupvitals: Run) -> None:
    store = ClickHouseStore(clickhouse(settings))
    product = landed(store)

    def asked(*arguments: str) -> dict[str, Any]:
        done = groupvitals("whatif", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    found = asked("--campaign", "k")
    observed = {"traffic": 4, "conversion": 0.5, "average_order": 2_000, "unit_cost": 500, "repurchases": 0.5}
    assert found["observed"] == found["inputs"] == observed | {"cac": 600} and found["currency"] == "CNY"
    assert found["profit"] == found["observed_profit"] == 4 * 0.5 * ((2_000 - 500) * 1.5 - 600)
    assert asked("--channel", "ads")["observed"] == found["observed"]
    assert asked("--group", ONE)["observed"] == observed | {"cac": 150}, "what was spent in the group"
    assert asked()["observed"] == found["observed"]
    changed = asked("--campaign", "k", "--conversion", "-50%", "--cac", "0")
    assert (changed["inputs"]["conversion"], changed["profit"]) == (0.25, 4 * 0.25 * 1_500 * 1.5)
    assert changed["observed_profit"] == found["profit"]
    shown = groupvitals("whatif", "--campaign", "k").stdout
    assert "3,300" in shown and "average order" in shown
    for arguments, reason in {
        ("--campaign", "bare"): "give --traffic and --conversion and --average-order and --unit-cost and --repurchases",
        ("--campaign", "bare", "--traffic", "+10%"): "Of campaign bare not everything is known: give --traffic",
        ("--campaign", "nobody"): "There is no campaign nobody", ("--group", "irc:-:x"): "There is no group",
        ("--group", "g", "--channel", "c"): "Use one of", ("--campaign", "k", "--conversion", "200%"): "at most 1",
        ("--campaign", "k", "--currency", "EUR"): "give --average-order and --unit-cost and --repurchases and --cac",
        ("--cac", "much"): "neither a number",
    }.items():  # fmt: skip
        refused = groupvitals("whatif", *arguments)
        assert refused.returncode == ConfigError.exit_code and reason in " ".join(refused.stderr.split()), refused
    product.land(product.world.records[-1:])
    PeopleAgent(store).catch_up()
    assert "--currency" in groupvitals("whatif", "--campaign", "k").stderr
    assert asked("--campaign", "k", "--currency", "CNY")["observed"]["average_order"] == 2_000


def test_no_database_is_asked_when_everything_is_given(groupvitals: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPVITALS_CLICKHOUSE__HOST", "nowhere.invalid")
    given = [word for flag, value in zip(FLAGS, VALUES, strict=True) for word in (f"--{flag}", value)]
    done = groupvitals("whatif", "--json", *given)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["profit"] == pytest.approx(3_555_000)
