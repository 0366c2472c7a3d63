"""Histograms of the past: they count, they add up, and hang on nothing but who came back."""

import math
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.people.score_features import values
from analytics.people.score_history import Histogram, added, counted, histories, pooled, returned, sampled
from tests.analytics.test_score_features import Member, habits_of, horizons, people

steady = settings(derandomize=True, deadline=None, max_examples=200)


def histories_of(members: list[Member], horizon: int) -> list[Histogram]:
    """Of members none of whom has left."""
    return histories(habits_of(members), np.full(len(members), -1), horizon)


def columns(one: Histogram) -> list[list[int]]:
    return [column.tolist() for column in one]


@steady
@given(people, horizons, st.integers(1, 2))
def test_who_came_back(members: list[Member], horizon: int, ago: int) -> None:
    shift = ago * horizon
    expected = [any(shift - horizon <= day < shift and day <= age for day in days) for age, days in members]
    assert returned(habits_of(members), horizon, shift).tolist() == expected


@steady
@given(st.lists(people, min_size=1, max_size=4), horizons, st.randoms())
def test_histograms_of_shards_add_up_in_any_order(parts: list[list[Member]], horizon: int, random: object) -> None:
    everybody = [member for part in parts for member in part]
    random.shuffle(everybody)  # type: ignore[attr-defined]
    whole = histories_of(everybody, horizon)
    apart = [histories_of(part, horizon) for part in parts]
    assert [columns(one) for one in whole] == [columns(added(*of_all)) for of_all in zip(*apart, strict=True)]


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
    # Ann, here for 60 days: active 58 and 30 days ago and yesterday. Bob, here for 40: active 35 days ago. Cid is new.
    newest, older = histories_of([(60, {58, 30, 1}), (40, {35}), (10, {10, 2})], 28)
    by_idle = dict(zip(values(newest.keys)[0][:, 0], newest.returned, strict=True))
    assert by_idle == {round(math.log(3) * 8) / 8: 1, round(math.log(8) * 8) / 8: 0}
    assert (older.members.tolist(), older.returned.tolist()) == ([1], [1])


def test_a_horizon_in_which_nobody_at_all_came_back_says_nothing() -> None:
    """A source that was away for four weeks; but if nobody ever came back, that is what there is to learn."""
    away = [(100, {40, 70, 95}), (100, {90})]
    newest, older = histories_of(away, 28)
    assert newest.members.sum() == 2 and not newest.returned.any() and older.returned.any()
    assert columns(pooled([newest, older])) == columns(older)
    assert columns(pooled([newest, newest])) == columns(added(newest, newest))
    assert pooled([newest, newest]).members.sum() == 4


@steady
@given(people, horizons, st.data())
def test_who_had_left_does_not_count_from_then_on(members: list[Member], horizon: int, data: st.DataObject) -> None:
    gone = [data.draw(st.sampled_from([-1, 0, horizon - 1, horizon, 2 * horizon - 1, 2 * horizon])) for _ in members]
    found = histories(habits_of(members), np.array(gone, np.int64), horizon)
    for n, one in enumerate(found):
        there = [member for member, ago in zip(members, gone, strict=True) if ago < (n + 1) * horizon]
        assert columns(one) == columns(histories_of(there, horizon)[n])


def test_nobody_is_a_histogram_too() -> None:
    assert columns(pooled(histories_of([], 28))) == [[], [], []]


def test_a_sample_is_of_keys_and_the_same_whatever_else_is_known_of_them() -> None:
    rng = np.random.default_rng(1)
    keys = np.unique(rng.integers(0, 1 << 40, 5_000))
    members = rng.integers(1, 9, len(keys))
    found = sampled(Histogram(keys, members, members), 1_000)
    assert 800 < len(found.keys) < 1_200
    assert found.keys.tolist() == sampled(Histogram(keys, members * 2, members * 0), 1_000).keys.tolist()
    assert dict(zip(found.keys, found.members, strict=True)).items() <= dict(zip(keys, members, strict=True)).items()
    assert sampled(Histogram(keys, members, members), 5_000).keys is keys
