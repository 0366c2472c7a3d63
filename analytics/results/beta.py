"""Quantiles of the beta distribution, from its continued fraction (DLMF 8.17.22). Compiled, pure."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from math import lgamma

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.kernels.compiled import kernel

#: How exact quantiles are, and below what a factor is taken for nothing.
_EXACT, _TINY = 1e-13, 1e-300


def quantiles(chance: float, a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """What a beta distribution with these parameters (above 0) is below with this chance (between 0 and 1); (n,)."""
    one, other = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    found = np.empty(one.shape)
    _quantiles(chance, one.ravel(), other.ravel(), found.ravel())
    return found


@kernel
def _density(x, a, b):
    """Density at x, times x · (1 − x)."""
    return np.exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * np.log(x) + b * np.log1p(-x))


@kernel
def _step(factor, top, bottom):
    """The next numerator and denominator of a continued fraction (Lentz)."""
    top, bottom = 1 + factor * top, 1 + factor / bottom
    return 1 / (top if abs(top) > _TINY else _TINY), bottom if abs(bottom) > _TINY else _TINY


@kernel
def _fraction(x, a, b):
    top, bottom = _step(-(a + b) * x / (a + 1), 1.0, 1.0)
    bottom, found, m = 1.0, top, 0
    while m < 100_000:
        m += 1
        top, bottom = _step(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), top, bottom)
        found *= top * bottom
        top, bottom = _step(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), top, bottom)
        found *= top * bottom
        if abs(top * bottom - 1) < 1e-15:
            break
    return found


@kernel
def below(x, a, b):
    """Chance of less than x, between 0 and 1: the regularised incomplete beta function."""
    if x < (a + 1) / (a + b + 2):
        return _density(x, a, b) * _fraction(x, a, b) / a
    return 1 - _density(x, a, b) * _fraction(1 - x, b, a) / b


@kernel
def _quantiles(chance, a, b, found):
    for i in range(len(a)):
        low, high, x = 0.0, 1.0, a[i] / (a[i] + b[i])
        for _ in range(200):
            off = below(x, a[i], b[i]) - chance
            if off < 0:
                low = x
            else:
                high = x
            density = _density(x, a[i], b[i]) / (x * (1 - x))
            then = x - off / density if density > 0 else -1.0
            if not low < then < high:  # Newton's method leads away
                then = (low + high) / 2
            step, x = abs(then - x), then
            if step < _EXACT * x or high - low < _EXACT * x:
                break
        found[i] = x
