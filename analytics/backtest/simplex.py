"""Finding the lowest point of a smooth function of a few parameters, without derivatives."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def lowest(function: Callable[[Values], float], start: Values, tolerance: float = 1e-9, most: int = 4_000) -> Values:
    """The point where `function` is lowest, by the simplex of Nelder and Mead (1965), restarted where it ended.

    `start` has shape (p,). Ends when a fresh simplex finds nothing lower by more than `tolerance`, relative to the
    value, or after about `most` values; values that are not finite count as infinitely high. Never fails, and never
    returns a higher point than `start`.
    """
    best, left = np.asarray(start, dtype=np.float64), most
    value = _finite(function(best))
    while left > 0:
        found, lower, used = _descend(function, best, tolerance * 1e-3, left)
        left -= used
        done = not value - lower > tolerance * (1 + abs(lower))
        best, value = found, lower
        if done:
            break
    return best


def _finite(value: float) -> float:
    return value if np.isfinite(value) else np.inf


def _descend(
    function: Callable[[Values], float], start: Values, tolerance: float, most: int
) -> tuple[Values, float, int]:
    """One simplex from `start` until its corners are equally high; the lowest, its value, how many were tried."""
    size = len(start)
    corners = np.vstack([start, start + 0.5 * np.eye(size)])
    values = np.array([_finite(function(corner)) for corner in corners])
    used = size + 1
    while used < most:
        order = np.argsort(values, kind="stable")
        corners, values = corners[order], values[order]
        if not np.isfinite(values[0]) or values[-1] - values[0] <= tolerance * (1 + abs(values[0])):
            break
        centre, worst = corners[:-1].mean(axis=0), corners[-1]
        point = 2 * centre - worst
        value, used = _finite(function(point)), used + 1
        if value < values[0]:
            further = 3 * centre - 2 * worst
            beyond, used = _finite(function(further)), used + 1
            point, value = (further, beyond) if beyond < value else (point, value)
        elif value >= values[-2]:
            nearer = (centre + (point if value < values[-1] else worst)) / 2
            inside, used = _finite(function(nearer)), used + 1
            if inside >= min(value, values[-1]):
                corners[1:] = (corners[1:] + corners[0]) / 2
                values[1:] = [_finite(function(corner)) for corner in corners[1:]]
                used += size
                continue
            point, value = nearer, inside
        corners[-1], values[-1] = point, value
    low = int(np.argmin(values))
    return corners[low], float(values[low]), used
