"""Rows and keys are found again whatever collides, and arrays are cleared where rows are still to come."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.kernels.compiled import kernel
from analytics.kernels.open_addressing import index_row, key_place
from analytics.kernels.pairs import find_pairs, has_pair
from streams.state.arrays import cleared, grown, indices

steady = settings(derandomize=True, deadline=None, max_examples=200)
#: Keys of which many share their lowest bits.
keys = st.lists(st.integers(1, 1 << 20).map(lambda n: n % 7 << 40 | n % 5 or 1), max_size=15)


@kernel
def place(table, key):  # type: ignore[no-untyped-def]
    return key_place(table, key)


@steady
@given(keys, keys)
def test_a_key_is_found_where_it_was_put(some: list[int], others: list[int]) -> None:
    table = np.zeros(16, np.uint64)
    for key in some:
        table[place(table, np.uint64(key))] = key
    assert sorted(key for key in table.tolist() if key) == sorted(set(some))
    for key in {*some, *others}:
        assert table[place(table, np.uint64(key))] == (key if key in some else 0)


@steady
@given(st.lists(st.integers(0, 1 << 62), max_size=15))
def test_every_row_has_a_place_of_its_own(some: list[int]) -> None:
    index = indices(16)
    for row, key in enumerate(some):
        index_row(index, np.uint64(key), row)
    assert sorted(row for row in index.tolist() if row >= 0) == list(range(len(some)))


@steady
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=15))
def test_a_pair_has_one_row(some: list[tuple[int, int]]) -> None:
    ones, others, index = np.zeros(16, np.int32), np.zeros(16, np.int32), indices(32)
    a, b = (np.array([pair[i] for pair in some], np.int32) for i in (0, 1))
    rows = np.full(len(some), -1, np.int32)
    count = find_pairs(ones, others, index, 0, a, b, rows)
    assert count == len(set(some))
    assert [(ones[row], others[row]) for row in rows] == some
    assert all(has_pair(ones, others, index, *pair) == (pair in some) for pair in {*some, (9, 9)})


@pytest.mark.parametrize("size", [10, 1 << 18])
def test_rows_still_to_come_are_cleared(size: int) -> None:
    kind = np.dtype([("a", "i8"), ("b", "u4"), ("c", "u1")])
    full = cleared(size, kind)
    assert not full.view(np.uint8).any()
    full.view(np.uint8)[:] = 255
    bigger = grown(full, 7)
    assert len(bigger) == 4 * size
    assert (bigger[:7] == full[:7]).all() and not bigger[7:].view(np.uint8).any()
