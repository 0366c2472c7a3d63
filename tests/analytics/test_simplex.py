"""The simplex on functions whose lowest point is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.simplex import lowest


def valley(point: NDArray[np.float64]) -> float:
    """Rosenbrock's valley, lowest at (1, 1)."""
    x, y = point
    return float((1 - x) ** 2 + 100 * (y - x**2) ** 2)


@pytest.mark.parametrize("start", [(-1.2, 1.0), (1.0, 1.0), (3.0, -2.0)])
def test_it_finds_the_end_of_the_valley(start: tuple[float, float]) -> None:
    assert lowest(valley, np.array(start), 1e-12) == pytest.approx([1, 1], abs=1e-6)


def test_what_is_not_finite_is_avoided() -> None:
    def walled(point: NDArray[np.float64]) -> float:
        return float("nan") if point[0] < 0 else float((point[0] - 0.1) ** 2 + point[1] ** 2)

    assert lowest(walled, np.array([2.0, 2.0]), 1e-12) == pytest.approx([0.1, 0], abs=1e-5)


@pytest.mark.parametrize("value", [7.0, float("nan"), float("inf")])
def test_a_plain_gives_the_start_back(value: float) -> None:
    start = np.array([3.0, 4.0])
    assert lowest(lambda _: value, start) == pytest.approx(start)


def test_it_stops_where_it_may_go_down_for_ever() -> None:
    tried = []

    def slope(point: NDArray[np.float64]) -> float:
        tried.append(point)
        return float(point.sum())

    assert lowest(slope, np.zeros(3), most=500).sum() < 0
    assert len(tried) <= 510
