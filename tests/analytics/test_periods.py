"""Periods put together, held against the moments that lie in any of them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.people.periods import merged

PERIOD = st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(1, 10))


@settings(derandomize=True, deadline=None)  # the first example may compile
@given(st.lists(PERIOD, max_size=12))
def test_the_same_moments_in_the_fewest_periods(periods: list[tuple[int, int, int]]) -> None:
    of, begins, lengths = (np.array([period[i] for period in periods], np.int64) for i in range(3))
    found = list(zip(*(array.tolist() for array in merged(of.astype(np.int32), begins, begins + lengths)), strict=True))
    moments = {(number, at) for number, begin, length in periods for at in range(begin, begin + length)}
    assert [(number, at) for number, begin, end in found for at in range(begin, end)] == sorted(moments)
    assert len(found) == sum((number, at - 1) not in moments for number, at in moments)
