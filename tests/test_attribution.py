"""`groupvitals evaluate attribution` on a real deployment, in which two campaigns are on all paths."""

import json

import pytest

from analytics.results.rules import MODELS
from groupvitals.connections import clickhouse
from groupvitals.settings import Settings
from schemas.errors import ConfigError
from schemas.topics import CHAT, PRODUCT
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.store import ClickHouseStore
from tests.conftest import Run
from tests.landing import Landing
from tests.oracle.literal_worlds import D, did, said, tick, world
from tests.sinks.people_agent import PeopleAgent


@pytest.mark.services
def test_models_are_compared_by_what_has_landed(settings: Settings, groupvitals: Run) -> None:
    """Three people click on `early`, then on `late`, and buy: the first and the last touch rank them the other way."""
    store = ClickHouseStore(clickhouse(settings))
    migrate(store.address, "UTC")
    paid = {"amount_minor": 100, "currency": "CNY"}
    acts = [
        one
        for user in ("a", "b", "c")
        for one in (
            did(D + 0.1, user, "click", campaign_id="early"), did(D + 0.5, user, "click", campaign_id="late"),
            did(D + 0.6, user, "purchase", order_id=f"o{user}", **paid),
        )
    ]  # fmt: skip
    for topic, one in ((CHAT.name, world(said(D, "join", "m"), tick(D + 1))), (PRODUCT.name, world(*acts))):
        Landing(one, store, topic).land(one.records)
    PeopleAgent(store).catch_up()

    done = groupvitals("evaluate", "attribution", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["goal"], found["models"], found["top"]) == ("purchase", list(MODELS), 10)
    (campaigns,) = [one for one in found["dimensions"] if one["dimension"] == "campaign"]
    assert campaigns["values"] == 2
    pairs = {tuple(pair["models"]): pair for pair in campaigns["pairs"]}
    assert len(pairs) == len(MODELS) * (len(MODELS) - 1) / 2
    assert pairs["first", "last"] == {"models": ["first", "last"], "spearman": -1.0, "top_overlap": None}
    assert pairs["last", "decay"]["spearman"] == 1.0, "the later touch is fresher"
    assert pairs["first", "linear"]["spearman"] is None, "to `linear` both are alike"

    shown = groupvitals("evaluate", "attribution").stdout
    assert "campaign: 2 values" in shown and "-1.00" in shown and "Credits are not causes" in shown
    refused = groupvitals("evaluate", "attribution", "--goal", "trial")
    assert refused.returncode == ConfigError.exit_code and "Nothing has credit for 'trial'" in refused.stderr
