"""Commissions, to the minor unit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.results.commissions import LARGEST_MINOR, NO_CAP, commission, earned, split, within_caps


@pytest.mark.parametrize(
    ("amount", "share_bp", "expected"),
    [
        (1999, 1000, 199),
        (1999, 333, 66),
        (1, 1000, 0),
        (0, 10_000, 0),
        (1970, 1000, 197),
        (1970 - 985, 1000, 98),
        (10**12 - 1, 9999, 999_899_999_999),
        (LARGEST_MINOR, 10_000, LARGEST_MINOR),
    ],
)
def test_a_share_is_rounded_down(amount: int, share_bp: int, expected: int) -> None:
    assert commission(amount, share_bp) == expected == amount * share_bp // 10_000


@pytest.mark.parametrize(("amount", "share_bp"), [(-1, 1000), (LARGEST_MINOR + 1, 0), (5, -1), (5, 10_001)])
def test_what_no_share_is_taken_of(amount: int, share_bp: int) -> None:
    with pytest.raises(ValueError, match="can be computed with"):
        commission([7, amount], share_bp)


def test_a_refund_takes_back_at_the_rate_of_its_own_order() -> None:
    rates = [1000, 1500]
    assert earned([10_000, 10_000], rates, -1).sum() == 2500
    assert earned([0, 10_000], rates, -1).sum() == 1500


def test_a_fixed_sum_stays_until_the_order_is_worth_nothing_or_too_little() -> None:
    assert earned([5000, 1, 0, 4999], 0, [300] * 4, [0, 0, 0, 5000]).tolist() == [300, 300, 0, 0]
    assert earned([5000, 4999], [1000, 1000], -1, 5000).tolist() == [500, 0]


def test_splits_by_largest_remainder() -> None:
    assert split(1001, [40, 20, 40]).tolist() == [401, 200, 400]
    assert split(0, [1, 1]).tolist() == [0, 0]


def test_earlier_ones_use_up_a_cap() -> None:
    found = within_caps([50, 70, 30, 60, 10, 5], [[1, 1, 2, 1, 2, 3]], [[100, 100, 35, 100, 35, NO_CAP]])
    assert found.tolist() == [50, 50, 30, 0, 5, 5]
    assert within_caps([], [[], []], [[], []]).tolist() == []


def test_what_one_cap_takes_does_not_use_up_another() -> None:
    found = within_caps([60, 60, 60], [[0, 1, 1], [0, 0, 1]], [[100] * 3, [70] * 3])
    assert found.tolist() == [60, 10, 60]


_ROWS = st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 3), st.integers(0, 1)))


@settings(derandomize=True, deadline=None)
@given(_ROWS, st.lists(st.integers(0, 10**13), min_size=6, max_size=6))
def test_caps_equal_a_running_count(rows: list[tuple[int, int, int]], caps: list[int]) -> None:
    left, expected = dict(enumerate(caps)), []
    for amount, one, other in rows:
        expected.append(min(amount, left[one], left[4 + other]))
        left[one], left[4 + other] = left[one] - expected[-1], left[4 + other] - expected[-1]
    amounts = [amount for amount, *_ in rows]
    keys = [[one for _, one, _ in rows], [other for *_, other in rows]]
    assert within_caps(amounts, keys, [[caps[k] for k in keys[0]], [caps[4 + k] for k in keys[1]]]).tolist() == expected


def test_a_fully_refunded_order_nets_nothing_whatever_was_posted() -> None:
    posted = [int(earned(net, 333, -1)) for net in (1999, 1500, 7, 0)]
    assert sum(np.diff([0, *posted])) == 0
