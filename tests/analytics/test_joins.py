"""What joins count as, on literals: leaving, taking part, people, inviters; and what adds up."""

from typing import Any

import numpy as np
import pytest

from analytics.people import retention as rules
from analytics.people.present import ACT, USER, Everybody
from analytics.people.states import NEVER_MS
from analytics.results.bought import Bought, bought
from analytics.results.joins import COUNTS, DAY_MS, DIMENSIONS, add_up, left_ms, qualities, work_out
from tests.analytics.test_retention import absences, everybody, joined, member, rosters

_ALL_CLOSED = (1 << len(rules.NTH)) - 1
_STAYED = sum(1 << rules.STAYED + rules.NTH.index(n) for n in (7, 30))


@pytest.mark.parametrize(
    "away, days, more, left",
    [
        (absences(), (), {}, NEVER_MS),
        (absences((2 * 24 + 1, 2, 2, 0)), (), {}, 2 * DAY_MS + 3_600_000),  # and came again that day
        (absences((2 * 24, 2, 9, 0)), (), {}, 2 * DAY_MS),  # at the moment of the join
        (absences((2 * 24 - 1, 1, 2, 0)), (), {}, NEVER_MS),  # before it
        (absences((5 * 24, 5, 9, 1)), (5, 8), {}, 5 * DAY_MS),
        (absences((5 * 24, 5, 9, 1)), (5, 8), {"last_ms": 6 * DAY_MS}, 8 * DAY_MS),  # active after the first roster
        (absences((5 * 24, 5, 9, 1)), (5, 8), {"last_ms": 8 * DAY_MS}, NEVER_MS),
        (absences((5 * 24, 5, 9, 1)), (5, 9), {"last_ms": 6 * DAY_MS}, NEVER_MS),  # named again by then
        (absences((7 * 24, 7, 9, 0), (4 * 24, 4, 5, 0)), (), {}, 4 * DAY_MS),
    ],
)  # fmt: skip
def test_when_members_first_left(
    away: rules.Absences, days: tuple[float, ...], more: dict[str, int], left: int
) -> None:
    assert left_ms(joined(2, **more), 0, 0, away, rosters(*days)) == left


def worked(e: Everybody, own: list[int], of: list[int], values: Any, away: rules.Absences) -> list[set[str]]:
    """What joins count as, by name; `people` with the dimension."""
    e = e._replace(users=np.empty(0, USER), acts=np.empty(0, ACT))
    count = len(e.members)
    days = np.where(e.members["join_ms"] == NEVER_MS, rules.NO_JOIN, e.members["joined_day"]).astype(np.uint16)
    words, persons = np.empty(count, np.uint32), np.unique(e.person).astype(np.int32)
    closed = np.full(count, _ALL_CLOSED, np.int64)
    told = np.array(own, np.uint32), np.array(of, np.uint32)
    work_out(e, persons, days, closed, *told, away, rosters(), np.array(values, np.int32), words)
    names = [*COUNTS, *(f"people by {name}" for name in DIMENSIONS)]
    return [{name for i, name in enumerate(names) if word >> i & 1} for word in words.tolist()]


def test_what_joins_count_as() -> None:
    """Of one person two joins, the second the first of all; an operator; a member whose join is unknown."""
    e = everybody([joined(9), joined(3), joined(3, role=1), member()], 99, [0, 0, 2, 3], [False] * 4)
    own = [_STAYED | 1 << rules.ACTIVE_7 | 1 << rules.SPOKE_BY_7, 1 << rules.ACTIVE_30, 0, 0]
    values = [[0, 0, 0, 0], [5, 6, 7, 7], [1, -1, 1, 1], [-1, -1, -1, -1]]
    away = absences((3 * 24 + 24, 4, 9, 0))._replace(members=np.array([1], np.int32))
    found = worked(e, own, [0, 1 << rules.FIRST, 1 << rules.FIRST, 0], values, away)
    base = {"joins", "invited", "joins_7d", "joins_30d", "people by inviter"}
    assert found == [
        base | {"spoke_7d", "effective_7d", "people by source", "people by campaign"},
        base | {"left_1d", "left_7d", "left_of_7d", "new_people"},
        set(),
        set(),
    ]


def test_joins_add_up_and_go_again() -> None:
    words = np.array([1 | 1 << len(COUNTS), 1 | 1 << COUNTS.index("joins_30d"), 0], np.uint32)
    cells = np.array([[0, 0, 0], [-1, 1, 1], [-1] * 3, [-1] * 3], np.int32)
    counts, changed = np.zeros((3, len(COUNTS) + 1), np.int32), np.zeros(3, np.uint8)
    add_up(words, cells, 1, counts, changed)
    assert counts[:, [0, COUNTS.index("joins_30d"), -1]].tolist() == [[2, 1, 1], [1, 1, 0], [0, 0, 0]]
    assert changed.tolist() == [3, 3, 0]
    add_up(words, cells, -1, counts, changed)
    assert not counts.any()


def test_the_order_of_values_does_not_matter() -> None:
    k, n = np.array([1, 3, 0, 10, 4], np.int32), np.array([10, 20, 5, 25, 40], np.int32)
    one, other = qualities(k, n), qualities(k[::-1], n[::-1])
    assert one.mean.tolist() == other.mean[::-1].tolist() and one.lower.tolist() == other.lower[::-1].tolist()
    assert (one.lower < one.mean).all() and one.mean.argmax() == 3


def test_what_people_bought() -> None:
    cells = np.array([[0, 0, 1], [2, 2, -1]], np.int32)
    one = bought(cells, np.array([7, 7, 8], np.int32), np.array([0, 1, 1], np.int32), np.array([5, 6, 7]))
    assert one.cells.tolist() == [0, 0, 1, 2, 2] and one.currencies.tolist() == [0, 1, 1, 0, 1]
    assert one.net.tolist() == [5, 6, 7, 5, 6] and one.buyers.tolist() == [1] * 5
    again = bought(cells, np.array([7, 7, 8], np.int32), np.array([1, 1, 1], np.int32), np.array([5, 6, 7]))
    assert again.buyers.tolist() == [1, 1, 1] and again.net.tolist() == [11, 7, 11]
    assert one.other_than(one).tolist() == [] and one.other_than(Bought.nothing()).tolist() == [0, 1, 2]
    assert again.other_than(one).tolist() == [0, 2]
