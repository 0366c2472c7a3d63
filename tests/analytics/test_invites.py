"""Which invites count, with literals."""

import numpy as np
import pytest

from analytics.results.invites import OUTCOMES, STILL_IN, Brought, Joins, brought, outcomes, reached

INVITER, A, B, C, BOT = range(5)
Join = tuple[int, int, int, int, int]  # person, group, time, inviter, left


def joined(*rows: Join) -> Joins:
    person, group, ts_ms, inviter, left_ms = np.array(rows or [(0,) * 5])[: len(rows)].T
    return Joins(person.astype(np.int32), group.astype(np.int32), ts_ms, inviter.astype(np.int32), left_ms)


def judged(*rows: Join, now_ms: int = 100, deadline_ms: int = 50) -> list[str]:
    found = outcomes(joined(*rows), np.arange(5) == BOT, now_ms, stay_ms=10, since_ms=5, deadline_ms=deadline_ms)
    return [OUTCOMES[number] for number in found]


@pytest.mark.parametrize(
    ("join", "outcome"),
    [
        ((A, 0, 20, INVITER, STILL_IN), "qualified"),
        ((A, 0, 20, INVITER, 31), "qualified"),
        ((A, 0, 20, INVITER, 30), "left"),
        ((A, 0, 20, -1, STILL_IN), "unknown"),
        ((A, 0, 20, A, STILL_IN), "self"),
        ((A, 0, 20, BOT, STILL_IN), "excluded"),
        ((BOT, 0, 20, A, STILL_IN), "excluded"),
        ((A, 0, 4, INVITER, STILL_IN), "outside"),
        ((A, 0, 5, INVITER, STILL_IN), "qualified"),
        ((A, 0, 49, INVITER, STILL_IN), "qualified"),
        ((A, 0, 50, INVITER, STILL_IN), "outside"),
    ],
)
def test_what_a_join_is_worth(join: Join, outcome: str) -> None:
    assert judged(join) == [outcome]


@pytest.mark.parametrize(("now_ms", "outcome"), [(24, "waiting"), (25, "left"), (99, "left")])
def test_a_stay_takes_its_time(now_ms: int, outcome: str) -> None:
    assert judged((A, 0, 20, INVITER, 25), now_ms=now_ms) == [outcome]
    assert judged((A, 0, 20, INVITER, STILL_IN), now_ms=30) == ["qualified"]


def test_only_the_first_join_counts_in_any_order() -> None:
    rows = [(A, 1, 20, INVITER, 21), (A, 0, 30, INVITER, STILL_IN), (A, 0, 20, B, STILL_IN), (B, 0, 7, -1, STILL_IN)]
    assert judged(*rows) == ["again", "again", "qualified", "unknown"]
    assert judged(*rows[::-1]) == ["unknown", "qualified", "again", "again"]
    assert judged((A, 0, 20, -1, 21), (A, 0, 22, INVITER, STILL_IN)) == ["unknown", "again"]


def test_two_of_three_are_not_enough() -> None:
    rows = [(A, 0, 20, INVITER, STILL_IN), (B, 0, 20, INVITER, 25), (C, 1, 21, INVITER, STILL_IN)]
    joins = joined(*rows)
    found = outcomes(joins, np.zeros(5, np.bool_), now_ms=100, stay_ms=10, since_ms=0)
    count = brought(joins, found, 100, 5).qualified[INVITER]
    assert (count, reached(count, [3])) == (2, 0)
    assert reached([2, 3, 9, 10, 11], [3, 10]).tolist() == [0, 1, 1, 2, 2]


def test_what_inviters_brought() -> None:
    rows = [
        (A, 0, 20, INVITER, STILL_IN), (B, 0, 20, INVITER, 25), (C, 1, 2, A, 150), (A, 1, 30, B, STILL_IN),
        (BOT, 0, 30, INVITER, STILL_IN),
    ]  # fmt: skip
    joins = joined(*rows)
    found = outcomes(joins, np.arange(5) == BOT, now_ms=100, stay_ms=10, since_ms=5)
    of: Brought = brought(joins, found, 100, 5)
    assert of.invited.tolist() == [2, 1, 0, 0, 0]
    assert of.net.tolist() == [1, 1, 0, 0, 0], "c left after now"
    assert of.qualified.tolist() == [1, 0, 0, 0, 0], "c came before the plan"
    assert of.kept[:2].tolist() == [0.5, 1]
    assert of.shared[:2].tolist() == [0.5, 0], "a invited c"
    assert np.isnan(of.kept[2:]).all()


def test_nobody_joined() -> None:
    joins = joined()
    assert judged() == []
    assert brought(joins, np.empty(0, np.int8), 0, 2).invited.tolist() == [0, 0]
