"""The chance that a member is active again, by a landed fit: each feature from the list of active days."""

from math import exp, expm1, log1p

from tests.oracle.answers import Row
from tests.oracle.history_days import Chance, Fit

_HALF_LIVES = (3.0, 7.0, 28.0)
#: Days of a mask.
_MASK = 128


def fit_of(row: Row) -> Fit:
    """The score of a day from its row of `scores`."""
    return Fit(chance_of(row), row["theta"], tuple(row["longer"]) or (1.0,) * (_MASK + 1))


def chance_of(row: Row) -> Chance:
    """The chance of a member, looked at on a day."""

    def chance(days: frozenset[int], first: int, day: int) -> float:
        idle = day - max(days, default=first)
        ages = [day - one for one in days if day - one < _MASK - 2 * row["horizon"]]
        recent = [_step(sum(0.5 ** (age / half) for age in sorted(ages)), 63) for half in _HALF_LIVES]
        silence, repeat, age = (_step(value, 127) for value in (idle, max(len(days) - 1, 0), day - first))
        missed = log1p(expm1(silence) * exp(repeat) / exp(age))
        seen = (silence, *recent, repeat, age, float(not days), missed)
        intercept, *slopes = row["silent" if idle >= row["horizon"] else "weights"]
        odds = intercept
        for value, mean, scale, slope in zip(seen, row["mean"], row["scale"], slopes, strict=True):
            odds += slope * (value - mean) / scale
        return 1 / (1 + exp(-odds))

    return chance


def _step(value: float, most: int) -> float:
    """log(1 + value) in steps of 1/8, up to so many of them."""
    return float(min(int(log1p(value) * 8 + 0.5), most) / 8)
