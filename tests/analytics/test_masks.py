"""Day and hour masks against Python's integers, and the values of the methods page."""

from typing import SupportsInt

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.kernels.masks import count_bits, roll, roll_hours, window

AGES = (0, 1, 3, 7, 8, 20, 29, 63)
WORD, WIDE = (1 << 64) - 1, (1 << 128) - 1
masks = st.integers(0, WIDE) | st.sets(st.integers(0, 127), max_size=6).map(lambda ages: sum(1 << age for age in ages))
steady = settings(derandomize=True, deadline=None, max_examples=300)


def words(mask: int) -> tuple[np.uint64, np.uint64]:
    return np.uint64(mask & WORD), np.uint64(mask >> 64)


def joined(low: SupportsInt, high: SupportsInt) -> int:
    return int(low) | int(high) << 64


def test_the_ages_of_the_methods_page() -> None:
    low = high = np.uint64(0)
    for day in range(63, -1, -1):  # the oldest first, a day at a time
        low, high = map(np.uint64, roll(low, high, 1))
        low |= np.uint64(day in AGES)
    assert joined(low, high) == 0x800000002010018B
    assert [int(count_bits(window(low, high, 0, days))) for days in (7, 28, 30)] == [3, 6, 7]


@steady
@given(masks, st.integers(0, 200))
def test_roll_is_a_shift_to_the_left(mask: int, days: int) -> None:
    assert joined(*roll(*words(mask), days)) == mask << days & WIDE


@steady
@given(st.integers(0, WORD), st.integers(0, 200))
def test_hours_roll_too(mask: int, hours: int) -> None:
    assert int(roll_hours(np.uint64(mask), hours)) == mask << hours & WORD


@steady
@given(masks, st.integers(-200, 200), st.integers(1, 64))
def test_window_is_what_a_shift_and_a_mask_leave(mask: int, age: int, days: int) -> None:
    # a window may reach at most one word beyond the base; the days after the base are empty
    low, high = words(mask)
    shifted = mask >> age if age >= 0 else (mask & WORD) << -age
    assert int(window(low, high, age, days)) == shifted & (1 << days) - 1


@steady
@given(st.integers(0, WORD))
def test_bits_are_counted(word: int) -> None:
    assert int(count_bits(np.uint64(word))) == word.bit_count()
