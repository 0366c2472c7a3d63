"""Who gets credit for a conversion: weights of the touches on its path, and amounts that add up. Compiled, pure.

Weights are whole numbers and amounts are worked out from them without rounding, so that every machine gets the same.
Credits say where results came from by a convention, not what caused them.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.results.rules import MODELS

Whole = NDArray[np.int64]
#: Half-life of a touch's credit in the model "decay".
HALF_LIFE_MS = 7 * 86_400_000
#: The most that the weights of a path add up to, and that is shared out over a path.
LARGEST_SUM, LARGEST_TOTAL = 2**52, 2**60 - 1
_DIGIT = 10  # bits of an amount that are divided at once: LARGEST_SUM << 10 still fits twice into 63 bits


class Paths(NamedTuple):
    """Touches of conversions, oldest first. Those of conversion i are from `firsts[i]` to `firsts[i + 1]`.

    firsts: (n + 1,) int64; values: (touches,) int32, the number of each touch's value in one dimension (its campaign,
    say), −1: it has none, which counts like another value; ages_ms: (touches,) int64, from touch to conversion.
    """

    firsts: Whole
    values: NDArray[np.int32]
    ages_ms: Whole


def weights(model: str, paths: Paths, half_life_ms: int = HALF_LIFE_MS) -> Whole:
    """Weight of every touch by one of `MODELS`, shape (touches,); a path's add up to 1 to `LARGEST_SUM`.

    Only "shapley" looks at values, and only "decay" at ages. Raises `ValueError` if there is no such model.
    """
    lengths = np.repeat(np.diff(paths.firsts), np.diff(paths.firsts))
    place = np.arange(len(lengths)) - np.repeat(paths.firsts[:-1], np.diff(paths.firsts))
    match model:
        case "first":
            return np.where(place == 0, 1, 0)
        case "last":
            return np.where(place == lengths - 1, 1, 0)
        case "linear":
            return np.ones(len(lengths), np.int64)
        case "position":
            edge = (place == 0) | (place == lengths - 1)
            return np.where(edge & (lengths > 2), 2 * (lengths - 2), 1)
        case "decay":
            found = np.empty(len(lengths), np.int64)
            _decay(paths.firsts, paths.ages_ms, half_life_ms, found)
            return found
        case "shapley":
            return weights_by_importance(paths, np.ones(int(paths.values.max(initial=-1)) + 2, np.int64))
    raise ValueError(f"no model of credit is called {model!r}: there are {', '.join(MODELS)}")


def weights_by_importance(paths: Paths, importance: Whole) -> Whole:
    """Weight of every touch if a path's values get credit in proportion to their importance, each over its touches.

    importance: whole numbers from 0 to 10^9, that of value v at v + 1, so that the first is that of no value; of a
    removal effect, for instance, its billionths. If none of a path's values matters, all get the same. Raises
    `ValueError` for a value without importance.
    """
    check_values(paths.values, len(importance) - 1)
    found = np.empty(len(paths.values), np.int64)
    touches, distinct = np.zeros(len(importance), np.int64), np.empty(len(importance), np.int64)
    _by_importance(paths.firsts, paths.values, importance, touches, distinct, found)
    return found


def check_values(values: NDArray[np.int32], count: int) -> None:
    """Raise `ValueError` unless all values are −1 to count − 1: kernels do not look."""
    if len(values) and not -1 <= values.min() <= values.max() < count:
        raise ValueError(f"touches have values from {values.min()} to {values.max()}: only -1 to {count - 1} are known")


def shares(model: str, paths: Paths, half_life_ms: int = HALF_LIFE_MS) -> NDArray[np.float64]:
    """Share of the conversion that every touch gets by one of `MODELS`, shape (touches,); a path's add up to 1."""
    of = weights(model, paths, half_life_ms)
    path = np.repeat(np.arange(len(paths.firsts) - 1), np.diff(paths.firsts))
    return np.asarray(of / np.bincount(path, of, len(paths.firsts) - 1)[path])


def allocate(totals: Whole, firsts: Whole, weights: Whole) -> Whole:
    """What every touch gets of its conversion's total, in minor units; shape (touches,).

    By largest remainder, the earlier touch first, so that a path's amounts add up to its total exactly; a path without
    touches gets nothing. totals: (n,), net of refunds, since a refund does not take credits back one by one: all are
    allocated again from what is left. Raises `ValueError` for totals or weights below 0 or too large, and for a path
    whose weights are all 0.
    """
    found, remainders = np.empty(len(weights), np.int64), np.empty(len(weights), np.int64)
    wrong = _allocate(np.asarray(totals, np.int64), firsts, weights, remainders, found)
    if wrong >= 0:
        raise ValueError(
            f"path {wrong} cannot share out {totals[wrong]}: totals are 0 to {LARGEST_TOTAL}, weights at least 0, and "
            f"their sum 1 to {LARGEST_SUM}"
        )
    return found


@kernel
def _decay(firsts, ages_ms, half_life_ms, weights):
    for path in range(len(firsts) - 1):
        first, end = firsts[path], firsts[path + 1]
        newest = ages_ms[end - 1] if end > first else 0
        for i in range(first, end):
            newest = min(newest, ages_ms[i])
        for i in range(first, end):
            relative = 2.0 ** (-(ages_ms[i] - newest) / half_life_ms)
            weights[i] = np.int64(np.rint(relative * (LARGEST_SUM // (2 * (end - first)))))


@kernel
def _common_multiple(touches, numbers, limit):
    """Least common multiple of how many touches these values have, but no more than the limit."""
    found = 1
    for number in numbers:
        a, b = found, touches[number]
        while b:
            a, b = b, a % b
        factor = touches[number] // a
        if found > limit // factor:
            return limit
        found *= factor
    return found


@kernel
def _by_importance(firsts, values, importance, touches, distinct, weights):
    """touches: of every value, zeros, as they are left; distinct: room for every value."""
    for path in range(len(firsts) - 1):
        count, total = 0, 0
        for i in range(firsts[path], firsts[path + 1]):
            number = values[i] + 1
            if not touches[number]:
                distinct[count] = number
                count, total = count + 1, total + importance[number]
            touches[number] += 1
        alike = total == 0
        limit = np.int64(LARGEST_SUM) // max(count if alike else total, 1)
        multiple = _common_multiple(touches, distinct[:count], limit)
        for i in range(firsts[path], firsts[path + 1]):
            number = values[i] + 1
            weights[i] = multiple * (1 if alike else importance[number]) // touches[number]
        for n in range(count):
            touches[distinct[n]] = 0


@kernel
def _share(total, weight, weights):
    """Whole part and remainder of total · weight / weights, a few binary digits of the total at a time."""
    whole, rest = 0, 0
    for shift in range(60 - _DIGIT, -1, -_DIGIT):
        digit = (total >> shift) & ((1 << _DIGIT) - 1)
        rest = (rest << _DIGIT) + digit * weight
        whole, rest = (whole << _DIGIT) + rest // weights, rest % weights
    return whole, rest


@kernel
def _last_place(remainders, missing, weights):
    """The largest remainder that at least `missing` touches reach."""
    low, high = 0, weights
    while high - low > 1:
        middle = (low + high) // 2
        reached = 0
        for remainder in remainders:
            reached += remainder >= middle
        if reached >= missing:
            low = middle
        else:
            high = middle
    return low


@kernel
def _allocate(totals, firsts, weights, remainders, found):
    """Returns the first path that cannot be allocated; −1: all can."""
    for path in range(len(totals)):
        first, end, total, possible = firsts[path], firsts[path + 1], totals[path], 0 <= totals[path] <= LARGEST_TOTAL
        sum_of_weights = 0
        for i in range(first, end):
            possible &= 0 <= weights[i] <= LARGEST_SUM
            sum_of_weights += weights[i] if possible else 0
            possible &= sum_of_weights <= LARGEST_SUM
        if not possible or (end > first and not sum_of_weights):
            return path
        missing = total
        for i in range(first, end):
            found[i], remainders[i] = _share(total, weights[i], sum_of_weights)
            missing -= found[i]
        if end == first or not missing:
            continue
        least = _last_place(remainders[first:end], missing, sum_of_weights)
        for i in range(first, end):
            if remainders[i] > least:
                found[i], missing = found[i] + 1, missing - 1
        for i in range(first, end):
            if missing and remainders[i] == least:
                found[i], missing = found[i] + 1, missing - 1
    return -1
