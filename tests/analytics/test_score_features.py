"""The score's features against plain Python over lists of days, now and on days of the past."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.people.score_features import FEATURES, Habits, keys, moved, values
from schemas.errors import ConfigError

steady = settings(derandomize=True, deadline=None, max_examples=300)
WORD = (1 << 64) - 1
Member = tuple[int, set[int]]
#: A member: days since the first one known (negative: not yet come), and ages of the active days, up to years.
some_days = st.sets(
    st.integers(0, 127) | st.sampled_from([0, 27, 28, 55, 56, 71, 72, 128, 129, 700, 4_000]), max_size=12
)
people = st.lists(st.tuples(st.integers(-3, 5_000), some_days | st.just(set(range(128))) | st.just(set())), max_size=6)
horizons = st.integers(1, 42)


def habits_of(members: list[Member]) -> Habits:
    """Nobody is active before the first day."""
    days = [{day for day in found if day <= age} for age, found in members]
    masks = [sum(1 << day for day in found if day < 128) for found in days]
    words = np.array([[mask & WORD, mask >> 64] for mask in masks], np.uint64).reshape(-1, 2)
    left = [min((day for day in found if day >= 128), default=-1) for found in days]
    rest = ([age for age, _ in members], left, [len(found) for found in days])
    return Habits(words[:, 0].copy(), words[:, 1].copy(), *(np.array(column, np.int64) for column in rest))


def slow(age: int, days: set[int], horizon: int) -> tuple[list[float], bool]:
    """The features of a member as their definition says it, and whether silent for a horizon."""
    idle, repeat = min([*days, age]) if days else age, max(len(days) - 1, 0)
    sums = [sum(0.5 ** (day / half) for day in days if day < 128 - 2 * horizon) for half in (3, 7, 28)]
    return [idle, *sums, repeat, age, not days, idle * (repeat + 1) / (age + 1)], idle >= horizon


@steady
@given(people, horizons, st.integers(0, 2))
def test_features_are_those_of_the_list_of_days(members: list[Member], horizon: int, ago: int) -> None:
    """Of now, and as they were when the days since had not been yet."""
    shift = ago * horizon
    found = keys(habits_of(members), horizon, shift)
    rows, silent = values(found)
    for key, row, is_silent, (age, days) in zip(found, rows, silent, members, strict=True):
        then = {day - shift for day in days if shift <= day <= age}
        if age < shift:
            assert key == -1
            continue
        wanted, long_silent = slow(age - shift, then, horizon)
        assert is_silent == long_silent
        assert row[:6] == pytest.approx([math.log1p(value) for value in wanted[:6]], abs=1 / 16 + 1e-9)
        assert row[6] == wanted[6]
        idle, repeat, there = np.expm1(row[[0, 4, 5]])
        assert math.expm1(row[7]) == pytest.approx(idle * (repeat + 1) / (there + 1))


@steady
@given(people, horizons, st.integers(1, 2))
def test_the_past_is_looked_at_as_the_present_was(members: list[Member], horizon: int, ago: int) -> None:
    """However old the member, and whatever has happened since."""
    shift = ago * horizon
    before = [(age - shift, {day - shift for day in days if shift <= day <= age}) for age, days in members]
    # a mask of then held as many days more as it was moved since: none of them are looked at, but the newest counts
    assert keys(habits_of(members), horizon, shift).tolist() == keys(habits_of(before), horizon).tolist()


@steady
@given(people, horizons, st.data())
def test_a_member_is_looked_at_alone(members: list[Member], horizon: int, data: st.DataObject) -> None:
    """Any choice of rows, in any order and repeated, has the keys that these rows have among all."""
    rows = data.draw(st.lists(st.integers(0, len(members) - 1), max_size=10)) if members else []
    some, everybody = keys(habits_of([members[row] for row in rows]), horizon), keys(habits_of(members), horizon)
    assert some.tolist() == everybody[rows].tolist()


@steady
@given(people, st.data())
def test_a_mask_on_another_day(members: list[Member], data: st.DataObject) -> None:
    """Later, days leave the mask; earlier, the newest ones have not been yet, and the mask reaches less far back."""
    later = [data.draw(st.integers(-60, 300)) for _ in members]
    at_base = habits_of(members)
    found = moved(at_base, np.array(later, np.int64))
    for i, ((age, days), ago) in enumerate(zip(members, later, strict=True)):
        known = {day + ago for day in days if day <= age and day + ago >= 0}
        masked = {day + ago for day in days if day <= age and 0 <= day + ago < 128 and day < 128}
        assert int(found.low[i]) | int(found.high[i]) << 64 == sum(1 << day for day in masked)
        assert found.left[i] == min(known - masked, default=-1)
        assert (found.ever[i], found.age[i]) == (len(known), age + ago)
    unknown = np.full(len(members), -1)
    masks_alone = Habits(at_base.low, at_base.high, at_base.age, unknown, unknown)
    bits = [sum(day < 128 for day in days if day <= age) for age, days in members]
    assert moved(masks_alone, np.zeros(len(members), np.int64)).ever.tolist() == bits


def test_ten_years_of_silence_are_not_a_hundred_days() -> None:
    idle = [100, 1_000, 3_650]
    rows, silent = values(keys(habits_of([(5_000, {days}) for days in idle]), 28))
    assert np.diff(rows[:, 0]).min() > 1 and silent.all()
    assert dict(zip(FEATURES, rows[0], strict=True))["never_active"] == 0


def test_who_was_never_active_is_not_who_was_active_once() -> None:
    silent, once = values(keys(habits_of([(300, set()), (300, {300})]), 28))[0]
    assert silent.tolist() != once.tolist() and silent[:6].tolist() == once[:6].tolist()


@pytest.mark.parametrize("horizon", [0, -1, 43])
def test_a_horizon_that_no_mask_holds_is_an_error(horizon: int) -> None:
    with pytest.raises(ConfigError, match="1 to 42"):
        keys(habits_of([(1, {0})]), horizon)
