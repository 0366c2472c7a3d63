"""The views on a real ClickHouse against the oracle's answers, over small adversarial worlds."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.store import ClickHouseStore
from sinks.contract import chain
from tests.landing import empty, landed, own_store
from tests.memory import TOPIC
from tests.oracle import retention
from tests.oracle.answers import ANSWERS, Row, comparable
from tests.oracle.community import Community, Record, community
from tests.oracle.people import People
from tests.oracle.worlds import DAY_MS, World, encode, worlds
from tests.sinks.people_agent import PeopleAgent

pytestmark = pytest.mark.services
ZONES = ("UTC", "Asia/Kolkata", "America/New_York")

#: Not shrunk: an example takes a second here; `tests/analytics/test_community.py` finds small ones.
examples = settings(
    max_examples=10, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)  # fmt: skip


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def compare(world: World, store: ClickHouseStore, flushes: int) -> None:
    """Land a world and ask every view."""
    landed(world, store, flushes)
    oracle = community(list(world.records), world.zone, world.lateness_h, world.horizon)
    PeopleAgent(store, world.zone).catch_up()
    of_people = {name: partial(_of_people, answer) for name, answer in retention.ANSWERS.items()}
    for view, answer in (ANSWERS | of_people).items():
        wanted = answer([oracle], world.zone) if oracle.groups else []
        found = store.native.query(f"SELECT * FROM {store.address.database}.{view}")
        assert comparable(found) == comparable(wanted), view


def _of_people(answer: Callable[[People], list[Row]], partitions: list[Community], zone: str) -> list[Row]:
    return answer(People(partitions, [], [], zone))


@pytest.mark.parametrize("zone", ZONES)
def test_views_are_the_oracles_answers(zone: str, store: ClickHouseStore) -> None:
    empty(store, zone)

    @examples
    @given(worlds(zones=(zone,)), st.integers(1, 3))
    def check(world: World, flushes: int) -> None:
        compare(world, store, flushes)

    check()


#: When the worlds of `history` begin.
BEGIN_MS = 1_735_693_200_000


def history(zone: str, *events: tuple[float, dict[str, Any]]) -> World:
    """A world of one group: days since the beginning, and what came."""
    records = []
    for offset, (day, event) in enumerate(events):
        ts_ms = BEGIN_MS + int(day * DAY_MS)
        body = {"group_id": "g", "event_id": f"e{offset}"} | event | {"ts_ms": ts_ms}
        records.append(Record(offset, ts_ms, encode(body)))
    return World(zone, 48, 4_000_000, tuple(records))


MESSAGE = {"type": "message", "message_id": "m", "kind": "text"}


def lives(seed: int) -> list[tuple[float, dict[str, Any]]]:
    """Half a year of forty members of all rhythms; some leave, which only the next weekly roster may tell."""
    rng, events = random.Random(seed), []
    stays = {}
    for number in range(40):
        member, joined, rhythm = f"m{number}", rng.uniform(0, 90), rng.choice((0.02, 0.1, 0.3, 0.5, 0.9))
        left = joined + rng.expovariate(1 / 80)
        stays[member] = (joined, left)
        inviter = rng.choice((None, "m0", "m1"))
        named = {
            "inviter_id": inviter, "campaign_id": (None, "k1", "k2")[number % 3], "channel": (None, "c")[number % 2],
        }  # fmt: skip
        events.append((joined, {"type": "join", "member_id": member, "source": "invite"} | named))
        spoken = [day + rng.random() for day in range(int(joined) + 1, 180) if rng.random() < rhythm]
        events += [
            (at, MESSAGE | {"member_id": member}) for at in spoken for _ in range(rng.randint(1, 4)) if at < left
        ]
        if left < 180 and rng.random() < 0.5:
            events.append((left, {"type": "leave", "member_id": member}))
        if number % 10 == 3:
            events.append((joined, {"type": "profile", "member_id": member, "role": "operator"}))
    for week in range(7, 180, 7):
        events += [
            (week, {"type": "roster", "member_id": m}) for m, (joined, left) in stays.items() if joined < week < left
        ]
        events.append((week + 0.001, {"type": "roster_end", "complete": True}))
    return sorted(events, key=lambda event: event[0])


@pytest.mark.parametrize("zone", ZONES[:2])
def test_half_a_year_of_a_group(zone: str, store: ClickHouseStore) -> None:
    empty(store, zone)
    world = history(zone, *lives(1))
    compare(world, store, 3)
    tiers = store.native.query(f"SELECT * FROM {store.address.database}.tiers WHERE group_id = 'g'")[0]
    assert min(tiers[name] for name in ("daily", "loud", "occasional", "silent", "half_of_messages_by")) > 0
    kept = store.native.query(
        f"SELECT * FROM {store.address.database}.retention WHERE dimension = 'all' AND n = 90 AND group_id = 'g'"
    )[0]
    assert 0 < kept["spoke"] < kept["stayed"] < kept["base"]


def test_joins_before_the_first_activity_count_in_later_windows(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    joined = {"type": "join", "member_id": "ann"}
    compare(history("UTC", (0, joined), (4, MESSAGE | {"member_id": "bob"}), (9, {"type": "tick"})), store, 1)


def test_closed_panes_are_not_loaded(store: ClickHouseStore) -> None:
    migrate(store.address, "UTC")
    landed(history("UTC", *lives(2)), store, 3)
    valid = chain(store.checkpoints(TOPIC, 0, 0))
    group = store.load("group_states", TOPIC, 0, valid, ("closed_day", "closed_hour")).to_pylist()[0]
    panes = store.native.execute(f"SELECT daily, bucket FROM {store.address.database}.panes")
    still_open = {(d, b) for d, b in panes if b >= (group["closed_day"] if d else group["closed_hour"])}
    loaded = store.load("pane_states", TOPIC, 0, valid, ("daily", "bucket")).to_pylist()
    assert {(row["daily"], row["bucket"]) for row in loaded} == still_open
    assert 0 < len(loaded) == len(still_open) < len(panes)
