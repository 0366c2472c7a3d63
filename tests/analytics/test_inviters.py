"""How good inviters are, against published values and plain counts."""

import numpy as np
import pytest

from analytics.results.beta import quantiles
from analytics.results.inviters import Prior, fit_prior, quality, wilson

_K, _N = [1, 3, 0, 10, 4], [10, 20, 5, 25, 40]


def test_inviters_shrunk_towards_all() -> None:
    found = quality(_K, _N, Prior(2, 8))
    assert found.mean == pytest.approx([0.15, 0.166667, 0.133333, 0.342857, 0.12], abs=5e-7)
    assert found.lower == pytest.approx([0.044465, 0.070494, 0.025999, 0.217880, 0.054693], abs=5e-7)


def test_wilson_intervals() -> None:
    low, high = wilson([8, 0, 0, 10], [10, 10, 0, 10])
    assert low[[0, 1]] == pytest.approx([0.490162, 0], abs=5e-7)
    assert high[[0, 1]] == pytest.approx([0.943318, 0.277533], abs=5e-7)
    assert np.isnan([low[2], high[2]]).all()
    assert high[3] == pytest.approx(1)


@pytest.mark.parametrize("chance", [1e-6, 0.05, 0.5, 0.999])
def test_quantiles_of_whole_parameters_equal_binomial_sums(chance: float) -> None:
    for a, b in [(1, 1), (1, 9), (3, 2), (40, 7), (5, 200)]:
        (x,), n = quantiles(chance, [a], [b]), a + b - 1
        chances = np.array([_choose(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1)])
        assert chances.sum() == pytest.approx(chance, rel=1e-9)


def _choose(n: int, k: int) -> float:
    return float(np.prod([(n - i) / (k - i) for i in range(k)])) if k else 1.0


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (0.01, 50), (1e-3, 1e-3), (3e6, 1e5), (1e4, 1e7)])
def test_quantiles_of_odd_parameters_are_mirrored(a: float, b: float) -> None:
    low, high = quantiles(0.3, [a], [b])[0], quantiles(0.7, [b], [a])[0]
    assert low == pytest.approx(1 - high, abs=1e-9)
    assert 0 <= low < 1


def test_quantiles_of_half_and_half_follow_the_arcsine() -> None:
    assert quantiles(0.05, [0.5], [0.5])[0] == pytest.approx(np.sin(np.pi * 0.05 / 2) ** 2, rel=1e-10)


def test_a_prior_finds_what_was_planted() -> None:
    rng = np.random.default_rng(11)
    n = rng.integers(1, 60, 20_000)
    found = fit_prior(rng.binomial(n, rng.beta(2, 8, len(n))), n)
    assert found.well / (found.well + found.badly) == pytest.approx(0.2, abs=0.005)
    assert found.well + found.badly == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize(
    ("well", "of", "strength"),
    [
        ([], [], 1),
        ([0], [0], 1),
        ([3], [9], 9),
        ([5, 5, 5], [10, 10, 10], 30),
        ([0, 10] * 20, [10, 10] * 20, 1),
        ([0, 0], [9, 5], 14),
    ],
)
def test_priors_of_little_or_extremes(well: list[int], of: list[int], strength: float) -> None:
    found = fit_prior(well, of)
    assert found.well + found.badly == pytest.approx(strength)
    assert min(found) > 0
