"""What touches get of conversions, and the sums by day, goal, currency, dimension and value. Touches no memory."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.results.credit import Paths, allocate, weights
from analytics.results.paths import DIMENSIONS, Found
from analytics.results.rules import MODELS, Rules
from streams.people.memory.names import Codes
from streams.people.results.touches import values_of

Whole = NDArray[np.int64]
#: A conversion is shared out in millionths.
WHOLE = 1_000_000
#: Models that do not look at values: what a touch gets is the same in all dimensions.
BY_PLACE = tuple(model for model in MODELS if model != "shapley")
_AMOUNTS = tuple(name for model in MODELS for name in (model, f"{model}_minor"))
#: What is added up: conversions that have the value on their path, those without any touch, and what models give.
SUMS = ("conversions", "direct", *_AMOUNTS)
#: Columns of keys.
DAY, GOAL, CURRENCY, DIMENSION, VALUE = range(5)
#: Keys, shape (n, 5), and sums, shape (n, len(SUMS)).
Part = tuple[Whole, Whole]


class Worked(NamedTuple):
    """Conversions by number, the touches on their paths with their ages, and of every touch by model what it gets."""

    numbers: Codes
    found: Found
    touches: NDArray[Any]
    ages_ms: Whole
    amounts: dict[str, Whole]


def _both(firsts: Whole, worth: Whole, model: str, weights: Whole) -> dict[str, Whole]:
    """What touches get of one conversion each, in millionths, and of what it is worth."""
    totals = {model: np.full(len(worth), WHOLE), f"{model}_minor": worth}
    return {name: allocate(total, firsts, weights) for name, total in totals.items()}


def by_place(firsts: Whole, ages_ms: Whole, worth: Whole, rules: Rules) -> dict[str, Whole]:
    """What every touch gets by the models that do not look at values; worth: of every conversion, (n,)."""
    paths, found = Paths(firsts, np.full(len(ages_ms), -1, np.int32), ages_ms), dict[str, Whole]()
    for model in BY_PLACE:
        found |= _both(firsts, worth, model, weights(model, paths, rules.half_life_ms))
    return found


def by_value(one: Worked, dimension: int, worth: Whole) -> dict[str, Whole]:
    """What every touch gets by the model that looks at values of a dimension; worth: of every conversion, (n,)."""
    paths = Paths(one.found.firsts, values_of(one.touches)[DIMENSIONS[dimension]], one.ages_ms)
    return _both(one.found.firsts, worth, "shapley", weights("shapley", paths))


def shared_out(one: Worked, keys: Whole, worth: Whole, kept: NDArray[np.bool_], dimension: int) -> Part:
    """The credits of those conversions that are kept, by value of a dimension; −1: what has none, and conversions
    without any touch. keys: day, goal and currency of every conversion."""
    firsts, values = one.found.firsts, values_of(one.touches)[DIMENSIONS[dimension]]
    amounts = one.amounts | by_value(one, dimension, worth)
    lengths = np.diff(firsts)
    of, direct = np.repeat(np.arange(len(lengths)), lengths), np.flatnonzero(lengths == 0)
    sums = np.zeros((len(of) + len(direct), len(SUMS)), np.int64)
    sums[: len(of), 0] = _first_of_value(of, values)
    sums[len(of) :, :2] = 1
    for place, name in enumerate(SUMS[2:], 2):
        sums[: len(of), place] = amounts[name]
        sums[len(of) :, place] = worth[direct] if name.endswith("_minor") else WHOLE
    of = np.concatenate([of, direct])
    more = np.full(len(of), dimension), np.concatenate([values, np.full(len(direct), -1, np.int32)])
    return np.column_stack([keys[of], *more])[kept[of]], sums[kept[of]]


def _first_of_value(of: Whole, values: Codes) -> NDArray[np.bool_]:
    """Whether a touch is the first with its value on its path."""
    order = np.lexsort((values, of))
    found = np.ones(len(order), np.bool_)
    found[order[1:]] = (of[order[1:]] != of[order[:-1]]) | (values[order[1:]] != values[order[:-1]])
    return found


def added_up(parts: list[Part]) -> Part:
    """The sums of all parts by key, each key once."""
    keys = np.concatenate([np.empty((0, 5), np.int64), *(part[0] for part in parts)])
    sums = np.concatenate([np.empty((0, len(SUMS)), np.int64), *(part[1] for part in parts)])
    if not len(keys):
        return keys, sums
    order = np.lexsort(keys.T)
    keys = keys[order]
    begins = np.flatnonzero(np.append(True, (keys[1:] != keys[:-1]).any(axis=1)))
    return keys[begins], np.add.reduceat(sums[order], begins)
