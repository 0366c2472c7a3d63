"""Rank correlation and overlap: literal values, and what must hold for any."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.results.agreement import ranks, spearman, top_overlap

#: IQ and hours of television a week of ten people; the textbook value is -29/165.
IQ = (106, 100, 86, 101, 99, 103, 97, 113, 112, 110)
HOURS = (7, 27, 2, 50, 28, 29, 20, 12, 6, 17)
SOME = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=40)


def test_literal_values() -> None:
    assert spearman(IQ, HOURS) == pytest.approx(-29 / 165, rel=1e-12)
    assert ranks([30, 10, 10, 20]).tolist() == [4, 1.5, 1.5, 3]
    assert spearman([1, 2, 2, 4], [1, 3, 2, 4]) == pytest.approx(4.5 / np.sqrt(4.5 * 5), rel=1e-12)
    assert top_overlap([5, 4, 3, 2], [5, 1, 2, 4], 2) == 0.5
    assert top_overlap([1, 1, 1], [3, 2, 1], 2) == 1, "of equal ones the first count"


def test_nothing_to_compare_is_none() -> None:
    assert spearman([], []) is None
    assert spearman([3], [4]) is None
    assert spearman([1, 1], [1, 2]) is None
    assert top_overlap([1, 2], [2, 1], 2) is None


@given(SOME)
def test_only_the_order_counts(pairs: list[tuple[int, int]]) -> None:
    one, other = np.array(pairs).T
    found = spearman(one, other)
    assert found == spearman(other, one) or found == pytest.approx(spearman(other, one))
    if found is not None:
        assert -1 - 1e-9 <= found <= 1 + 1e-9
        assert spearman(one**3, other) == pytest.approx(found)
        assert spearman(-one, other) == pytest.approx(-found)
        assert spearman(one, one) == pytest.approx(1)
