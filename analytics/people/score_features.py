"""What the zombie score looks at: features of a day mask, as one small countable number per member.

Features are taken from the newest 128 − horizon days only, so that a mask shifted into the past by the horizon is
treated exactly like today's. Each field is log(1 + value), rounded to steps of 1/8 and kept in 6 bits of the key, so
members that look alike share a key, and learning from a histogram of keys costs the same for any number of members.
"""

# mypy: disable-error-code="no-untyped-call"

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.masks import DAY_BITS, count_bits, roll, window
from schemas.errors import ConfigError

Words = NDArray[np.uint64]
Whole = NDArray[np.int64]

#: Half-lives in days of the exponentially weighted numbers of active days.
HALF_LIVES = (3.0, 7.0, 28.0)
#: Fields of a key, from its lowest bits. Repeat days: active days other than the first day.
FIELDS = ("idle_days", "recent_3", "recent_7", "recent_28", "repeat_days", "age_days")
#: Missed days: the active days expected among the silent ones, idle · (repeat + 1)/(age + 1).
FEATURES = (*FIELDS, "missed_days")
BITS, STEPS = 6, 8
#: The longest horizon in days: outcomes and features share a mask.
LONGEST_HORIZON = 64
_WEIGHTS = 0.5 ** (np.arange(DAY_BITS) / np.array(HALF_LIVES)[:, None])


class Histogram(NamedTuple):
    """Members by key: keys ascending, how many members, how many of these came back within the horizon; shape (n,)."""

    keys: Whole
    members: Whole
    returned: Whole


def _check(horizon: int) -> None:
    if not 1 <= horizon <= LONGEST_HORIZON:
        raise ConfigError(f"A horizon of {horizon} days cannot be used: give 1 to {LONGEST_HORIZON} days.")


@kernel
def _step(value: float) -> Any:
    return np.int64(math.log1p(value) * STEPS + 0.5)


@kernel
def _fill(low: Any, high: Any, age: Any, shift: int, width: int, weights: Any, keys: Any) -> None:
    """Keys of all members `shift` days ago; −1 of those who were not there yet."""
    for i in range(len(age)):
        there = age[i] - shift
        if there < 0:
            keys[i] = -1
            continue
        span = min(there, width)
        idle, days = span, 0
        recent_3, recent_7, recent_28 = 0.0, 0.0, 0.0
        for part in range(2):
            left = width - 64 * part
            word = window(low[i], high[i], shift + 64 * part, left) if left > 0 else np.uint64(0)
            while word != np.uint64(0):
                day = 64 * part + count_bits((word & (~word + np.uint64(1))) - np.uint64(1))
                idle = min(idle, day)
                days += day != there
                recent_3 += weights[0, day]
                recent_7 += weights[1, day]
                recent_28 += weights[2, day]
                word &= word - np.uint64(1)
        key = _step(idle) | _step(recent_3) << BITS | _step(recent_7) << 2 * BITS
        keys[i] = key | _step(recent_28) << 3 * BITS | _step(days) << 4 * BITS | _step(span) << 5 * BITS


def keys(low: Words, high: Words, age: Whole, horizon: int, shift: int = 0) -> Whole:
    """Key of each member, of now or of `shift` days ago; −1 for a member who was not there yet.

    low, high: day masks of shape (n,), bit 0 the day that is now. age: days from the first day known to now, −1 or less
    before it. horizon: days the score looks ahead. Raises `ConfigError` for a horizon that no mask can hold.
    """
    _check(horizon)
    found = np.empty(len(age), dtype=np.int64)
    _fill(low, high, age, shift, DAY_BITS - horizon, _WEIGHTS, found)
    return found


def values(of_keys: Whole) -> NDArray[np.float64]:
    """Features of keys as the score sees them, log(1 + value): shape (n, 7), in the order of `FEATURES`."""
    fields = (of_keys[:, None] >> BITS * np.arange(len(FIELDS)) & (1 << BITS) - 1) / STEPS
    idle, repeat, age = (np.expm1(fields[:, FIELDS.index(name)]) for name in ("idle_days", "repeat_days", "age_days"))
    return np.column_stack([fields, np.log1p(idle * (repeat + 1) / (age + 1))])


@kernel
def _roll(low: Any, high: Any, days: Any) -> None:
    for i in range(len(low)):
        low[i], high[i] = roll(low[i], high[i], days[i])


def rolled(low: Words, high: Words, days: Whole) -> tuple[Words, Words]:
    """The masks with their base moved on by so many days (≥ 0) each; shape (n,)."""
    low, high = low.copy(), high.copy()
    _roll(low, high, days)
    return low, high


@kernel
def _any(low: Any, high: Any, days: int, found: Any) -> None:
    for i in range(len(low)):
        found[i] = window(low[i], high[i], 0, days) != np.uint64(0)


def returned(low: Words, high: Words, horizon: int) -> NDArray[np.bool_]:
    """Whether each member was active on one of the newest `horizon` days."""
    _check(horizon)
    found = np.empty(len(low), dtype=np.bool_)
    _any(low, high, horizon, found)
    return found


def counted(of_keys: Whole, came_back: NDArray[np.bool_]) -> Histogram:
    """The histogram of members with a key and an outcome; those of key −1 are left out."""
    known = of_keys >= 0
    distinct, places = np.unique(of_keys[known], return_inverse=True)
    outcomes = np.bincount(places[came_back[known]], minlength=len(distinct))
    return Histogram(distinct, np.bincount(places, minlength=len(distinct)), outcomes)


def added(*parts: Histogram) -> Histogram:
    """One histogram of several, such as those of the partitions."""
    distinct, places = np.unique(np.concatenate([part.keys for part in parts]), return_inverse=True)
    sums = np.zeros((2, len(distinct)), dtype=np.int64)
    np.add.at(sums[0], places, np.concatenate([part.members for part in parts]))
    np.add.at(sums[1], places, np.concatenate([part.returned for part in parts]))
    return Histogram(distinct, sums[0], sums[1])
