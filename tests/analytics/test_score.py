"""The score: its fit is the best one, never fails, and hangs on the histogram alone; and what follows from chances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.people.score import Score, fading, fit, regression, silent_zombies, zombies
from analytics.people.score_features import Habits, keys, values
from analytics.people.score_history import Histogram, added, histories, pooled

steady = settings(derandomize=True, deadline=None, max_examples=200)
#: Any key: fields are independent of each other here.
key = st.integers(0, (1 << 41) - 1)
SILENT = 1 << 40


def histogram(*cells: tuple[int, int, int]) -> Histogram:
    columns = np.array(sorted(cells), dtype=np.int64).reshape(-1, 3).T
    return Histogram(columns[0], columns[1], columns[2])


def key_of(idle: int, recent: int = 0, age: int = 0, silent: bool = False) -> int:
    """A key of steps of idle days, of the sum with half-life 3, of age."""
    return idle | recent << 7 | age << 32 | silent << 40


@st.composite
def cells(draw: st.DrawFn) -> Histogram:
    distinct = draw(st.lists(key, unique=True, max_size=8))
    members = [draw(st.integers(1, 1_000)) for _ in distinct]
    return histogram(*((k, n, draw(st.integers(0, n))) for k, n in zip(distinct, members, strict=True)))


def parameters(found: Score) -> list[list[float]]:
    return [part.tolist() for part in (found.mean, found.scale, found.weights, found.silent)]


@steady
@given(cells())
def test_the_fit_never_fails_and_as_many_come_back_as_did(history: Histogram) -> None:
    found = fit(history)
    chances = found.of(history.keys)
    assert np.isfinite(parameters(found)[2] + parameters(found)[3]).all()
    assert ((chances >= 0) & (chances <= 1)).all()
    # With the imagined member all that were expected came back, but for rounding; which only the best intercept does.
    _, silent = values(history.keys)
    first = Score(found.mean, found.scale, found.weights, found.weights, 0, 0).of(history.keys)
    imagined = 1 / (1 + np.exp(-found.weights[0]))
    assert history.members @ first + imagined == pytest.approx(history.returned.sum() + 0.5, rel=5e-3, abs=5e-3)
    assert chances[~silent].tolist() == first[~silent].tolist()


@steady
@given(cells(), st.data())
def test_it_is_a_function_of_the_histogram(history: Histogram, data: st.DataObject) -> None:
    """Not of the pieces it came in, nor of the order in which sums were made."""
    parts = []
    first = np.array([data.draw(st.integers(0, int(n))) for n in history.members], np.int64)
    back = np.array([data.draw(st.integers(max(0, int(r - n + f)), int(min(r, f))))
                     for n, r, f in zip(history.members, history.returned, first, strict=True)], np.int64)  # fmt: skip
    parts = [
        Histogram(history.keys, first, back),
        Histogram(history.keys, history.members - first, history.returned - back),
    ]
    assert parameters(fit(added(*parts))) == parameters(fit(history))


def test_neither_order_nor_repetition_of_members_shows_in_it() -> None:
    rng = np.random.default_rng(2)
    low = rng.integers(0, 1 << 62, 3_000).astype(np.uint64) & rng.integers(0, 1 << 62, 3_000).astype(np.uint64)
    for n in range(4):
        low[rng.random(3_000) < 0.2] >>= np.uint64(10 * n)
    age, none = rng.integers(0, 900, 3_000), np.full(3_000, -1)
    all_ = Habits(low, low & np.uint64(0xFF0), age, none, np.array([bin(a | b << 64).count("1") for a, b in zip(
        low.tolist(), (low & np.uint64(0xFF0)).tolist(), strict=True)]))  # fmt: skip
    found = fit(pooled(histories(all_, none, 28)))
    order = rng.permutation(3_000)
    shuffled = all_.chosen(order)
    assert parameters(fit(pooled(histories(shuffled, none, 28)))) == parameters(found)
    chances = found.of(keys(all_, 28))
    assert found.of(keys(shuffled, 28)).tolist() == chances[order].tolist()
    assert [found.of(keys(all_.chosen(np.array([row])), 28))[0] for row in range(50)] == chances[:50].tolist()


def test_sums_in_another_order_give_the_same_weights() -> None:
    """What rounding is for: rows shuffled, the regression differs in the last digits, and the score does not."""
    rng = np.random.default_rng(3)
    distinct = np.unique(rng.integers(0, 1 << 41, 20_000))
    members = rng.integers(1, 50, len(distinct))
    history = Histogram(distinct, members, rng.binomial(members, 0.2))
    order = rng.permutation(len(distinct))
    again = Histogram(*(column[order] for column in history))
    assert parameters(fit(again)) == parameters(fit(history))


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
    precision = np.array([0.0, 1.0])
    weights = regression(rows, np.array(members, float), np.array(returned, float), np.zeros(len(rows)), precision)
    chances = 1 / (1 + np.exp(-rows @ weights))
    slope = rows.T @ (np.array(returned) - np.array(members) * chances) - precision * weights
    assert slope == pytest.approx([0, 0], abs=1e-5)


def test_without_data_it_is_one_in_two_and_the_idle_days() -> None:
    found = fit(histogram())
    idle = np.array([0, 1, 6, 30, 400])
    keys_ = np.floor(np.log1p(idle) * 8 + 0.5).astype(np.int64)
    assert found.of(keys_) == pytest.approx(1 / (2 + idle), rel=0.08)
    assert found.of(keys_ | SILENT).tolist() == found.of(keys_).tolist()
    assert (found.members, found.returned) == (0, 0)


@pytest.mark.parametrize(("returned", "share"), [(0, 0.5 / 101), (100, 100.5 / 101)])
def test_outcomes_of_one_kind_give_their_share(returned: int, share: float) -> None:
    found = fit(histogram((key_of(3, 4), 100, returned)))
    assert found.of(np.array([key_of(3, 4)]))[0] == pytest.approx(share, rel=1e-3)


@pytest.mark.parametrize("returned", [0, 1])
def test_outcomes_of_one_kind_leave_the_order_of_silences(returned: int) -> None:
    """Where data say nothing of it, whoever was active later is likelier to come back."""
    idle = [key_of(steps, silent=steps > 26) for steps in range(50)]
    chances = fit(histogram(*((one, 40, 40 * returned) for one in idle))).of(np.array(idle))
    assert (np.diff(chances[:27]) < 0).all() and (np.diff(chances[27:]) < 0).all()


def test_separable_data_have_finite_slopes() -> None:
    quiet, lively = key_of(37, age=37), key_of(0, 14, 37)
    found = fit(histogram((quiet, 10_000, 0), (lively, 10_000, 10_000)))
    assert np.abs(found.weights).max() < 20
    low, high = found.of(np.array([quiet, lively]))
    assert low < 0.01 < 0.99 < high


def test_it_learns_which_way_and_how_much() -> None:
    """Members whose chance is a logistic function of one feature get that chance."""
    steps = np.arange(38)
    chance = 1 / (1 + np.exp(steps / 8 * 2 - 4))
    members = np.full(38, 100_000)
    found = fit(Histogram(steps.astype(np.int64), members, np.round(members * chance).astype(np.int64)))
    assert found.of(steps) == pytest.approx(chance, abs=1e-3)


def test_it_is_calibrated_among_the_silent_where_everybody_is_another_matter() -> None:
    """The awake come back whatever their idle days; of the silent the fewer the longer. One slope cannot have both."""
    awake, silent = np.arange(26), np.arange(27, 60)
    chance = np.concatenate([np.full(26, 0.9), 1 / (1 + np.exp(0.8 + (silent - 27) / 8))])
    of_keys = np.concatenate([awake, silent | SILENT]).astype(np.int64)
    members = np.full(len(of_keys), 50_000)
    found = fit(Histogram(of_keys, members, np.round(members * chance).astype(np.int64)))
    assert found.of(of_keys)[26:] == pytest.approx(chance[26:], abs=0.01)
    assert np.abs(Score(found.mean, found.scale, found.weights, found.weights, 0, 0).of(of_keys) - chance).max() > 0.05


def test_counts_weigh_like_members_one_by_one() -> None:
    once, twice = histogram((5, 10, 3), (SILENT | 30, 20, 1)), histogram((5, 20, 6), (SILENT | 30, 40, 2))
    assert parameters(fit(added(once, once))) == parameters(fit(twice)) != parameters(fit(once))


def test_a_member_who_was_not_there_has_no_score() -> None:
    assert np.isnan(fit(histogram((5, 10, 3))).of(np.array([-1, 5]))).tolist() == [True, False]


def test_zombies_are_told_one_by_one_and_stay_so_up_to_a_tenth_more() -> None:
    chances, were = np.array([0.049, 0.05, 0.054, 0.056, 0.049]), np.array([False, False, True, True, True])
    assert zombies(chances, were).tolist() == [True, False, True, False, True]
    assert zombies(chances, were, 0.03).tolist() == [False] * 5


def test_silent_zombies_are_those_whom_nobody_can_see() -> None:
    assert silent_zombies(np.array([0.01, 0.01, 0.2]), np.array([True, False, True])).tolist() == [True, False, False]


def test_fading_is_less_than_half_of_what_it_was() -> None:
    now, before = np.array([0.39, 0.4, 0.04, 0.3]), np.array([0.8, 0.8, 0.05, np.nan])
    assert fading(now, before).tolist() == [True, False, False, False]
