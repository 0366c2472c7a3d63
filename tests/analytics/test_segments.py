"""Segments of persons, with literals."""

import numpy as np
import pytest

from analytics.people.segments import (
    LIFECYCLES,
    STAGES,
    lifecycle_of,
    newest_active,
    points,
    stage_of,
    win_back_of,
)  # fmt: skip
from analytics.people.states import NO_DAY

DAY = 1000


def test_the_newest_active_day_up_to_a_day() -> None:
    low, high = np.uint64(0b1001), np.uint64(1 << 63)
    found = [newest_active(low, high, DAY, day) for day in (DAY + 5, DAY, DAY - 1, DAY - 3, DAY - 4, DAY - 127)]
    assert found == [DAY, DAY, DAY - 3, DAY - 3, DAY - 127, DAY - 127]
    assert newest_active(low, high, DAY, DAY - 128) == NO_DAY


@pytest.mark.parametrize(
    ("first", "last", "forgotten", "wanted"),
    [
        (6, None, None, "new"), (7, None, None, "fading"), (300, 13, None, "engaged"), (300, 14, None, "fading"),
        (300, 27, None, "fading"), (300, 28, None, "dormant"), (300, 89, None, "dormant"), (300, 90, None, "lost"),
        (300, 95, 89, ""), (300, 95, 90, "lost"), (300, 20, 50, "fading"),
    ],
)  # fmt: skip
def test_life_cycles(first: int, last: int | None, forgotten: int | None, wanted: str) -> None:
    days = [NO_DAY if ago is None else DAY - ago for ago in (first, last, forgotten)]
    assert LIFECYCLES[lifecycle_of(*days, DAY)] == wanted


@pytest.mark.parametrize(
    ("last", "forgotten", "activated", "revenue", "referred", "wanted"),
    [
        (None, None, False, False, False, "acquisition"), (None, None, True, False, False, "activation"),
        (27, None, True, False, False, "retention"), (28, None, True, False, False, "activation"),
        (40, 27, True, False, False, ""), (27, None, True, True, False, "revenue"),
        (27, None, True, True, True, "referral"),
    ],
)  # fmt: skip
def test_stages(
    last: int | None, forgotten: int | None, activated: bool, revenue: bool, referred: bool, wanted: str
) -> None:
    days = [NO_DAY if ago is None else DAY - ago for ago in (last, forgotten)]
    assert STAGES[stage_of(DAY - 60, *days, DAY, activated, revenue, referred)] == wanted


def test_who_is_worth_winning_back() -> None:
    dormant, lost = LIFECYCLES.index("dormant"), LIFECYCLES.index("lost")
    cases = [
        (0, True, False),
        (0, False, False),
        (dormant, True, False),
        (lost, True, False),
        (lost, False, True),
        (1, True, True),
    ]
    assert [int(win_back_of(*case)) for case in cases] == [-1, 0, 1, 0, 1, 0]


def test_points_by_rank_within_a_currency() -> None:
    assert points(np.array([10, 20, 30, 40, 50, 50, 7]), np.array([0, 0, 0, 0, 0, 0, 1])).tolist() == [
        1,
        1,
        2,
        3,
        4,
        4,
        1,
    ]
