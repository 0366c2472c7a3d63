"""Calls and who answers them, on a real ClickHouse against the oracle."""

from collections.abc import Iterator

import pytest

from sinks.clickhouse.store import ClickHouseStore
from tests.landing import empty, own_store
from tests.oracle.call_worlds import EMPTY, A, B, called_by_hand, drawn_calls
from tests.oracle.calls import ANSWERS, answers_of, calls_of, mobilizable, mobilizable_groups
from tests.oracle.people import People
from tests.sinks.test_people import land_people, same

pytestmark = pytest.mark.services
SEEDS = range(1, 6)


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def asked(store: ClickHouseStore, people: People) -> None:
    """Both views have the oracle's rows."""
    for view, answer in ANSWERS.items():
        same(store, view, answer(people))


def test_views_are_the_oracles_answers(store: ClickHouseStore) -> None:
    zone = "America/New_York"
    empty(store, zone)
    rows = []
    for seed in SEEDS:
        people = land_people(store, *drawn_calls(seed, zone), 1 + seed % 3)
        asked(store, people)
        rows += mobilizable(people)
        assert mobilizable_groups(people)
    assert {row["open"] for row in rows} == {0, 1}
    assert {row["kind"] for row in rows if row["implicit"]} == {"poll", "link", "to_all"}
    for column in ("answered", "talked", "talked_before"):
        assert len({row[column] for row in rows}) > 2, column


def test_every_edge(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    people = land_people(store, *called_by_hand())
    asked(store, people)
    found = {row["call_id"]: row for row in mobilizable(people)}
    assert {found[name]["group_id"] for name in ("c1", "c3", "a9")} == {A}
    assert {found[name]["group_id"] for name in ("c2", "b0", "b9")} == {B} and found["c4"]["group_id"] == EMPTY
    calls = calls_of(people)
    answered = {key[1]: set(members) for key, members in answers_of(people, calls).items()}
    assert answered.pop("message:t5") == {"last", "bob"}
    assert (found["message:t5"]["implicit"], found["message:t5"]["kind"], found["message:t5"]["window_h"]) == (
        1,
        "link",
        48,
    )
    assert {name for name, row in found.items() if row["implicit"]} == {"message:t5"}
    assert answered == {"c1": {"atonce", "last", "reacted", "bob", "dan"}, "c2": {"ann"}, "b0": {"dan"}, "b9": {"ann"}}
    exposed = {call.event["call_id"]: set(call.exposed) for call in calls}
    assert not exposed["c1"] & {"left", "operator", "missed", "newcomer"} and {"missedlater", "later"} <= exposed["c1"]
    first = found["c1"]
    assert (first["window_h"], first["series_id"], first["variant"], first["open"]) == (2, "weekly", "b", 0)
    assert (first["exposed"], first["answered"], first["median_answer_s"]) == (16, 5, 40 * 60.0)
    assert (first["talked"], first["talked_before"]) == (1, 1)
    assert (found["c3"]["open"], found["c3"]["rate"], found["c3"]["median_answer_s"]) == (1, 0.0, None)
    assert exposed["c2"] == {"ann", "dan", "othergroup"} and found["b9"]["exposed"] == 1
    assert {row["group_id"]: (row["calls"], row["answered_any"]) for row in mobilizable_groups(people)}[B] == (5, 1)
    assert (found["c4"]["exposed"], found["c4"]["rate"]) == (0, None)
