"""A member's own rhythm against the formula over lists of days."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.backtest.rhythm import rhythm
from analytics.people.rhythm import gap_counts

steady = settings(derandomize=True, deadline=None, max_examples=300)
people = st.lists(st.sets(st.integers(0, 127), max_size=10), max_size=6)


def masks(members: list[set[int]]) -> tuple[np.ndarray, np.ndarray]:
    whole = [sum(1 << day for day in days) for days in members]
    low = np.array([mask & (1 << 64) - 1 for mask in whole], dtype=np.uint64)
    return low, np.array([mask >> 64 for mask in whole], dtype=np.uint64)


def gaps(days: set[int]) -> list[int]:
    ordered = sorted(days)
    return [after - before for before, after in itertools.pairwise(ordered)]


@steady
@given(people)
def test_it_is_the_formula(members: list[set[int]]) -> None:
    low, high = masks(members)
    counts = gap_counts(low, high)
    everybody = [gap for days in members for gap in gaps(days)]
    assert counts.tolist() == [everybody.count(gap) for gap in range(128)]
    for found, days in zip(rhythm(low, high, counts), members, strict=True):
        idle, own = min(days, default=128), gaps(days)
        share = sum(gap >= idle for gap in everybody) / len(everybody) if everybody else 1
        assert found == pytest.approx((sum(gap >= idle for gap in own) + 2 * share) / (len(own) + 2))


def test_by_hand() -> None:
    # Every second day, then silent for five: of all six gaps one is as long, of the own four none.
    low, high = masks([{5, 7, 9, 11, 13}, {0, 1, 7}])
    assert rhythm(low, high, gap_counts(low, high)).tolist() == pytest.approx([(0 + 2 / 6) / 6, 1])
