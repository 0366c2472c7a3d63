"""The score: the fit is the best one, never fails, and θ keeps its promise on the history it comes from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.people.score import fit, regression, threshold
from analytics.people.score_features import BITS, FIELDS, Histogram, counted

steady = settings(derandomize=True, deadline=None, max_examples=200)
key = st.integers(0, (1 << BITS * len(FIELDS)) - 1)


def histogram(*cells: tuple[int, int, int]) -> Histogram:
    columns = np.array(sorted(cells), dtype=np.int64).reshape(-1, 3).T
    return Histogram(columns[0], columns[1], columns[2])


def key_of(*fields: int) -> int:
    return sum(field << BITS * place for place, field in enumerate(fields))


@st.composite
def cells(draw: st.DrawFn) -> Histogram:
    distinct = draw(st.lists(key, unique=True, max_size=8))
    members = [draw(st.integers(1, 1_000)) for _ in distinct]
    return histogram(*((k, n, draw(st.integers(0, n))) for k, n in zip(distinct, members, strict=True)))


@steady
@given(cells())
def test_the_fit_never_fails_and_is_the_best_one(history: Histogram) -> None:
    found = fit(history)
    chances = found.of(history.keys)
    assert np.isfinite(found.weights).all()
    assert ((chances >= 0) & (chances <= 1)).all()
    # With the imagined member all that were expected came back, which only the best intercept does.
    imagined = 1 / (1 + np.exp(-found.weights[0]))
    assert history.members @ chances + imagined == pytest.approx(history.returned.sum() + 0.5, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    ("feature", "members", "returned"),
    [
        ([-1, -6, 163, 1], [1, 1_000, 1, 10], [0, 0, 1, 10]),
        ([-29, -3, 8], [1_000, 1_000, 1], [0, 0, 1]),
        ([11, -6, -73, -10, -27], [1, 1_000, 100, 10, 10], [0, 1_000, 100, 10, 10]),
        ([29, -7, -348], [1_000, 1, 1_000], [0, 1, 1_000]),
    ],
)
def test_the_slope_is_level_where_whole_steps_of_newton_go_astray(
    feature: list[int], members: list[int], returned: list[int]
) -> None:
    rows = np.column_stack([np.ones(len(feature)), feature])
    weights = regression(rows, np.array(members, float), np.array(returned, float))
    chances = 1 / (1 + np.exp(-rows @ weights))
    slope = rows.T @ (np.array(returned) - np.array(members) * chances) - np.array([0, 1]) * weights
    assert slope == pytest.approx([0, 0], abs=1e-4)


def test_without_data_it_is_one_half_and_nobody_is_a_zombie() -> None:
    found = fit(histogram())
    assert found.of(np.array([0, key_of(37, 0, 0, 0, 0, 37)])).tolist() == [0.5, 0.5]
    assert (found.theta, found.members) == (0.0, 0)


@pytest.mark.parametrize(("returned", "share", "theta"), [(0, 0.5 / 101, 1.0), (100, 100.5 / 101, 0.0)])
def test_outcomes_of_one_kind_give_their_share(returned: int, share: float, theta: float) -> None:
    found = fit(histogram((key_of(3, 4), 100, returned)))
    assert found.of(np.array([key_of(3, 4)]))[0] == pytest.approx(share, rel=1e-6)
    assert found.theta == theta


def test_separable_data_have_finite_slopes() -> None:
    quiet, lively = key_of(37, 0, 0, 0, 0, 37), key_of(0, 14, 20, 30, 37, 37)
    found = fit(histogram((quiet, 10_000, 0), (lively, 10_000, 10_000)))
    assert np.abs(found.weights).max() < 20
    low, high = found.of(np.array([quiet, lively]))
    assert low < 0.01 < 0.99 < high
    assert low < found.theta <= high


def test_it_learns_which_way_and_how_much() -> None:
    """Members whose chance is a logistic function of one feature get that chance."""
    fields = np.arange(38)
    chance = 1 / (1 + np.exp(fields / 8 * 2 - 4))
    members = np.full(38, 100_000)
    found = fit(Histogram(fields.astype(np.int64), members, np.round(members * chance).astype(np.int64)))
    assert found.of(fields) == pytest.approx(chance, abs=1e-3)


def test_counts_weigh_like_members_one_by_one() -> None:
    rng = np.random.default_rng(5)
    drawn = rng.integers(0, 40, 2_000) << BITS * 4
    back = rng.random(2_000) < 0.3
    together, halves = (
        counted(drawn, back),
        [counted(drawn[half], back[half]) for half in (slice(0, 30), slice(30, None))],
    )
    apart = Histogram(*(np.concatenate(columns) for columns in zip(*halves, strict=True)))
    assert fit(together).weights == pytest.approx(fit(apart).weights, abs=1e-6)


def test_a_member_who_was_not_there_has_no_score() -> None:
    assert np.isnan(fit(histogram((5, 10, 3))).of(np.array([-1, 5]))).tolist() == [True, False]


shares = st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.4]), st.integers(1, 50), st.integers(0, 5)), max_size=8)


@steady
@given(shares)
def test_theta_is_the_highest_that_keeps_the_promise(cells: list[tuple[float, int, int]]) -> None:
    chances = np.array([chance for chance, _, _ in cells])
    members = np.array([n for _, n, _ in cells], dtype=np.int64)
    returned = np.array([min(n, back) for _, n, back in cells], dtype=np.int64)

    def kept(theta: float) -> bool:
        below = chances < theta
        return bool(below.any()) and returned[below].sum() <= 0.05 * members[below].sum()

    found = threshold(chances, members, returned)
    candidates = [theta for theta in (*np.unique(chances), 1.0) if kept(theta)]
    highest = max(candidates, default=0.0)
    assert found == highest if highest in (0.0, 1.0) else max(chances[chances < highest]) < found < highest
    assert ((chances < found) == (chances < highest)).all()
