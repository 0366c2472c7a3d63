"""Who was active in the windows that end now, who bought, and what hours and days add up to."""

import numpy as np
import pytest

from analytics.kernels.pairs import index_pairs
from analytics.people.activity import BITS, HOURS, SPOKE_TODAY, SUMS, active_bits, buying, sum_panes
from analytics.people.orders import ORDER
from analytics.people.present import MEMBER

DAY = 20_000
HOUR = DAY * 24 + 10


def bits(spoke: int = 0, read: int = 0, days_ago: int = 0, hours: int | None = None, hours_ago: int = 0) -> set[int]:
    """Which bits a membership has, by its masks and how long ago their bases are."""
    members, masks = np.zeros(1, MEMBER), np.zeros(0 if hours is None else 1, HOURS)
    members["spoke_lo"], members["read_lo"], members["base_day"] = spoke, read, DAY - days_ago
    members["last_ms"] = (HOUR - hours_ago) * 3_600_000
    masks["spoke"] = hours or 0
    found = active_bits(members[0], masks, DAY, HOUR)
    return {bit for bit in range(BITS) if found >> bit & 1}


@pytest.mark.parametrize(
    ("member", "wanted"),
    [
        ({}, set()),
        ({"spoke": 1}, {2, 3, SPOKE_TODAY}),
        ({"spoke": 1, "days_ago": 6}, {2, 3}),
        ({"spoke": 1, "days_ago": 7}, {3}),
        ({"spoke": 1, "days_ago": 28}, set()),
        ({"spoke": 0b10, "days_ago": -1}, {2, 3, SPOKE_TODAY}),  # a clock ahead: today is the day before its base
        ({"spoke": 1, "days_ago": -1}, set()),
        ({"read": 1}, {10, 11}),
        ({"hours": 1}, {0, 1}),
        ({"hours": 1, "hours_ago": 23}, {1}),
        ({"hours": 1, "hours_ago": 24}, set()),
        ({"hours": 1, "hours_ago": -1}, set()),
    ],
)
def test_windows_of_a_membership(member: dict[str, int], wanted: set[int]) -> None:
    assert bits(**member) == wanted


def test_windows_in_which_people_paid() -> None:
    ago = ((0, 0), (23, 0), (24, 1), (24 * 6, 6), (24 * 7, 7), (24 * 27, 27), (24 * 28, 28), (-1, 0), (-20, -1))
    orders, bought = np.zeros(len(ago) + 1, ORDER), np.zeros(len(ago) + 1, np.uint8)
    for n, (hours, days) in enumerate(ago):
        orders["ms"][n], orders["day"][n], orders["user"][n] = (HOUR - hours) * 3_600_000, DAY - days, n
    orders["user"][-1] = -1  # refunded, not paid
    buying(orders, np.arange(len(bought), dtype=np.int32), DAY, HOUR, bought)
    assert bought.tolist() == [15, 14, 12, 12, 8, 8, 0, 12, 0, 0]


def test_windows_add_up_hours_and_days_of_their_group() -> None:
    hours = [(0, HOUR, 0), (0, HOUR - 23, 0), (0, HOUR - 24, 0), (0, HOUR + 1, 0), (1, HOUR, 0)]
    days = [(0, DAY, 1), (0, DAY - 6, 1), (0, DAY - 7, 1), (0, DAY - 27, 1), (0, DAY - 28, 1)]
    groups = np.array([group for group, _, _ in hours + days], np.int32)
    numbers = np.array([2 * number + daily for _, number, daily in hours + days], np.int32)
    index = np.full(64, -1, np.int32)
    index_pairs(groups, numbers, index, len(groups))
    panes = np.zeros((len(groups), len(SUMS)), np.uint32)
    panes[:, 0] = 10 ** np.arange(len(groups)) % 10_007
    sums = np.full((2, 4, len(SUMS)), 9, np.int64)
    sum_panes(panes, groups, numbers, index, np.arange(1, dtype=np.int32), DAY, HOUR, sums)
    of = panes[:, 0].astype(np.int64)
    assert sums[0, :, 0].tolist() == [of[0], of[:2].sum(), of[5:7].sum(), of[5:9].sum()]
    assert (sums[0, :, 1:] == 0).all() and (sums[1] == 9).all(), "only this group is added up"
