"""Paths of conversions, by hand."""

import numpy as np

from analytics.results.paths import ANSWER, CLICK, JOIN, TOUCH, first_of_each, in_order, paths
from analytics.results.rules import HOUR_MS, Rules

_DAY = 24 * HOUR_MS


def touches(*rows: tuple[int, int, int, int]) -> np.ndarray:
    """Of (person, kind, time, event)."""
    found = np.full(len(rows), -1, np.int64).astype(TOUCH)
    for row, (who, kind, ms, event) in zip(found, rows, strict=True):
        row["who"], row["kind"], row["ms"], row["event"] = who, kind, ms, event
    return found


def test_touches_count_for_as_long_as_their_kind_says() -> None:
    found = touches((0, JOIN, 0, 1), (0, CLICK, 2 * _DAY, 2), (0, CLICK, 3 * _DAY, 3), (1, CLICK, 9 * _DAY, 4))
    of, ms = np.array([0, 0, 1]), np.array([9 * _DAY, 30 * _DAY, 9 * _DAY])
    path = paths(found, np.array([0, 3, 4]), of, ms, np.zeros(3, np.int64), Rules())
    # a click of exactly seven days ago no longer counts, nor a join of thirty; one at the same moment does
    assert [path.rows[first:end].tolist() for first, end in zip(path.firsts, path.firsts[1:], strict=False)] == [
        [0, 2], [], [3],
    ]  # fmt: skip


def test_a_goal_may_look_back_less() -> None:
    found = touches((0, JOIN, 0, 1))
    rules = Rules(goals=("purchase", "trial"), goal_h=(("trial", 24),))
    path = paths(found, np.array([0, 1]), np.zeros(2, np.int64), np.full(2, 2 * _DAY), np.array([0, 1]), rules)
    assert np.diff(path.firsts).tolist() == [1, 0]


def test_the_newest_hundred_get_credit() -> None:
    found = touches(*((0, ANSWER, n, n) for n in range(130)))
    path = paths(found, np.array([0, 130]), np.array([0]), np.array([200]), np.array([0]), Rules())
    assert path.rows.tolist() == list(range(30, 130)) and path.older.tolist() == [30]


def test_an_event_counts_once_and_ties_go_by_kind() -> None:
    found = touches((0, CLICK, 5, 9), (0, JOIN, 5, 8), (0, CLICK, 5, 9), (0, CLICK, 4, 9), (1, JOIN, 1, 7))
    assert in_order(found, found["who"]).tolist() in ([3, 1, 0, 4], [3, 1, 2, 4])


def test_the_first_of_each_person_is_found_in_any_order() -> None:
    found = touches((0, JOIN, 5, 2), (1, JOIN, 3, 1), (2, JOIN, 5, 1), (0, JOIN, 9, 0))
    person = np.array([7, 1, 7, 0, 0, 0, 0, 0], np.int32)
    assert sorted(first_of_each(found, person)["who"].tolist()) == [1, 2]
