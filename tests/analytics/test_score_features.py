"""The score's features against plain Python over lists of days, and histograms that add up."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.backtest.backtest import history
from analytics.people.score_features import Histogram, added, counted, keys, returned, values
from schemas.errors import ConfigError

steady = settings(derandomize=True, deadline=None, max_examples=300)
WORD = (1 << 64) - 1
#: A member: days since the first one known (before the mask begins, or not yet come), and ages of the active days.
people = st.lists(
    st.tuples(st.integers(-3, 300), st.sets(st.integers(0, 127), max_size=12) | st.just(set(range(128)))), max_size=6
)
horizons = st.integers(1, 64)


def arrays(members: list[tuple[int, set[int]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks and ages; nobody is active before the first day."""
    masks = [sum(1 << day for day in days if day <= age) for age, days in members]
    low = np.array([mask & WORD for mask in masks], dtype=np.uint64)
    return low, np.array([mask >> 64 for mask in masks], dtype=np.uint64), np.array([a for a, _ in members], np.int64)


def slow(age: int, days: set[int], horizon: int, shift: int) -> list[float] | None:
    """The features of a member as their definition says it."""
    width, there = 128 - horizon, age - shift
    if there < 0:
        return None
    seen = [day - shift for day in days if day <= age and 0 <= day - shift < width]
    idle = min([*seen, there, width])
    sums = [sum(0.5 ** (day / half) for day in seen) for half in (3, 7, 28)]
    return [idle, *sums, sum(day != there for day in seen), min(there, width)]


@steady
@given(people, horizons, st.integers(0, 64))
def test_features_are_those_of_the_list_of_days(members: list[tuple[int, set[int]]], horizon: int, shift: int) -> None:
    found = keys(*arrays(members), horizon, shift)
    for key, row, (age, days) in zip(found, values(found), members, strict=True):
        expected = slow(age, days, horizon, shift)
        if expected is None:
            assert key == -1
        else:
            assert row[:-1] == pytest.approx([math.log1p(value) for value in expected], abs=1 / 16 + 1e-9)
            idle, *_, repeat, there = np.expm1(row[:-1])
            assert math.expm1(row[-1]) == pytest.approx(idle * (repeat + 1) / (there + 1))


@steady
@given(people, horizons)
def test_who_came_back(members: list[tuple[int, set[int]]], horizon: int) -> None:
    low, high, _ = arrays(members)
    expected = [any(day < horizon and day <= age for day in days) for age, days in members]
    assert returned(low, high, horizon).tolist() == expected


@steady
@given(people, horizons)
def test_the_past_is_looked_at_as_the_present_was(members: list[tuple[int, set[int]]], horizon: int) -> None:
    """A mask shifted by the horizon tells what the mask of that day told, however old the member is."""
    low, high, age = arrays(members)
    before = [(a - horizon, {day - horizon for day in days if horizon <= day <= a}) for a, days in members]
    was_low, was_high, was_age = arrays(before)
    assert keys(low, high, age, horizon, horizon).tolist() == keys(was_low, was_high, was_age, horizon).tolist()


@steady
@given(st.lists(people, min_size=1, max_size=4), horizons)
def test_histograms_of_partitions_add_up(parts: list[list[tuple[int, set[int]]]], horizon: int) -> None:
    whole = history(*arrays([member for part in parts for member in part]), horizon)
    summed = added(*(history(*arrays(part), horizon) for part in parts))
    for one, other in zip(whole, summed, strict=True):
        assert one.tolist() == other.tolist()


@steady
@given(st.lists(st.tuples(st.integers(-1, 5), st.booleans())))
def test_a_histogram_counts(members: list[tuple[int, bool]]) -> None:
    found = counted(np.array([k for k, _ in members], np.int64), np.array([back for _, back in members], np.bool_))
    everybody = Counter(key for key, _ in members if key >= 0)
    back = Counter(key for key, back in members if key >= 0 and back)
    assert found.keys.tolist() == sorted(everybody)
    assert found.members.tolist() == [everybody[key] for key in sorted(everybody)]
    assert found.returned.tolist() == [back[key] for key in sorted(everybody)]


def test_a_history_by_hand() -> None:
    # Ann, here for 40 days: active 30 days ago and yesterday. Bob, here for 40 days, active 35 days ago. Cid is new.
    low, high, age = arrays([(40, {30, 1}), (40, {35}), (10, {10, 2})])
    found = history(low, high, age, 28)
    assert found.members.tolist() == [1, 1]
    by_idle = dict(zip(values(found.keys)[:, 0], found.returned, strict=True))
    assert by_idle == {round(math.log(3) * 8) / 8: 1, round(math.log(8) * 8) / 8: 0}


@pytest.mark.parametrize("horizon", [0, -1, 65])
def test_a_horizon_that_no_mask_holds_is_an_error(horizon: int) -> None:
    with pytest.raises(ConfigError, match="1 to 64"):
        history(*arrays([(1, {0})]), horizon)


def test_nobody_is_a_histogram_too() -> None:
    assert [column.size for column in added(history(*arrays([]), 28), Histogram(*np.zeros((3, 0), np.int64)))] == [
        0
    ] * 3
