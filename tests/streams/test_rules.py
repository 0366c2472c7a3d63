"""Numbers that other rules computed are gone on from, rebuilt or refused, never read as if they were whole."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from schemas.agents import COMMUNITY, PRODUCT
from schemas.errors import ConfigError
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import Epoch
from streams.checkpoint.epochs import check, check_rules, numbers_settings
from streams.rebuild.correct import correct
from tests.landing import clear, empty, land_topic, own_store
from tests.memory import ORIGIN
from tests.sinks.test_answers import MESSAGE, history
from tests.streams.test_rebuild import job

#: What an epoch says that was made before rules had versions.
BEFORE = json.dumps({"time_zone": "UTC", "lateness_h": 48, "duplicate_horizon": 4_000_000})
NEWER = replace(COMMUNITY, rules=9, goes_on_from=9)


def epoch(settings: str) -> Epoch:
    return Epoch(0, settings, ORIGIN, COMMUNITY.contract)


def test_epochs_of_before_have_the_first_rules() -> None:
    check(epoch(BEFORE), ORIGIN, numbers_settings("UTC", 48, 4_000_000, rules=9))
    check_rules(epoch(BEFORE), replace(COMMUNITY, rules=3, goes_on_from=1))
    with pytest.raises(ConfigError, match=r"by rules 1 and lack what.*`groupvitals rebuild`"):
        check_rules(epoch(BEFORE), NEWER)


def test_newer_rules_are_refused() -> None:
    found = epoch(numbers_settings("UTC", 48, 4_000_000, rules=4))
    product = replace(PRODUCT, rules=3)
    with pytest.raises(ConfigError, match=r"newer than this version's 3.*`groupvitals rebuild --agent product`"):
        check_rules(found, product)


@pytest.fixture
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        empty(store, "UTC")
        yield store


@pytest.mark.services
def test_older_numbers_are_rebuilt(store: ClickHouseStore) -> None:
    clear(store)
    landing = land_topic(history("UTC", *((day, MESSAGE | {"member_id": "m"}) for day in range(9))), store, 2)
    for refused in (lambda: job(landing, agent=NEWER).verify(), lambda: correct(job(landing, agent=NEWER))):
        with pytest.raises(ConfigError, match="rebuild"):
            refused()
    job(landing, agent=NEWER).rebuild(drop_old=True)
    assert landing.epoch.number == 1 and json.loads(landing.epoch.settings)["rules"] == 9
    check_rules(landing.epoch, NEWER)
    assert job(landing, agent=NEWER).verify().different == 0
    with pytest.raises(ConfigError, match="newer"):
        landing.again()
