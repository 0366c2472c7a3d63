"""The simplex on functions whose lowest point is known."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.backtest.simplex import lowest


def valley(point: NDArray[np.float64]) -> float:
    """Rosenbrock's valley, lowest at (1, 1)."""
    x, y = point
    return float((1 - x) ** 2 + 100 * (y - x**2) ** 2)


@pytest.mark.parametrize("start", [(-1.2, 1.0), (1.0, 1.0), (3.0, -2.0)])
def test_it_finds_the_end_of_the_valley(start: tuple[float, float]) -> None:
    assert lowest(valley, np.array(start), 1e-12) == pytest.approx([1, 1], abs=1e-6)


@pytest.mark.parametrize("wall", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_avoided(wall: float) -> None:
    def walled(point: NDArray[np.float64]) -> float:
        return wall if point[0] < 0 else float((point[0] - 0.1) ** 2 + point[1] ** 2)

    assert lowest(walled, np.array([2.0, 2.0]), 1e-12) == pytest.approx([0.1, 0], abs=1e-5)


@pytest.mark.parametrize("value", [7.0, float("nan"), float("inf")])
def test_a_plain_gives_the_start_back(value: float) -> None:
    start = np.array([3.0, 4.0])
    assert lowest(lambda _: value, start) == pytest.approx(start)


def tried(function: Callable[[NDArray[np.float64]], float], most: int) -> tuple[NDArray[np.float64], int]:
    points = []

    def counted(point: NDArray[np.float64]) -> float:
        points.append(point)
        return function(point)

    return lowest(counted, np.zeros(3), most=most), len(points)


def test_it_goes_down_ever_faster_and_stops() -> None:
    found, used = tried(lambda point: float(point.sum()), 300)
    assert found.sum() < -1e6
    assert used <= 310


def test_it_stops_where_there_is_no_way_down() -> None:
    found, used = tried(lambda point: float(np.sin(1e6 * point.sum())), 300)
    assert np.isfinite(found).all()
    assert used <= 310
