"""How much would be lost without a value, if paths were a Markov chain: exact removal effects. Compiled, pure.

A path begins at the start, moves from touch to touch, and ends in a conversion or in nothing. Moves are counted, and a
value's removal effect is the part of all conversions whose path, by these frequencies, visits it (Anderl et al., 2016:
Mapping the customer journey). Solved, not simulated. Repeats of a value in a row change nothing.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.results.credit import check_values

Whole = NDArray[np.int64]
Numbers = NDArray[np.float64]
#: Values that have a place of their own in the chain; further ones share one.
MOST_VALUES = 200
#: What the credit of a conversion is in proportion to (`analytics.results.credit.weights_by_importance`): billionths.
IMPORTANCE = 10**9


class Pool(NamedTuple):
    """number: of every value, its number in the chain, (n,) int32; kept: the values with a number of their own, in
    its order, (k,) int64. The number k is that of all others."""

    number: NDArray[np.int32]
    kept: Whole


class Removal(NamedTuple):
    """base: how likely a path with touches converts; effects: of value v at v + 1 (first: of no value), the part of
    conversions that would be lost without it, 0 to 1; credit: the same in proportion, adding up to 1, or all 0."""

    base: float
    effects: Numbers
    credit: Numbers


def pool(names: Sequence[str], touches: Whole, most: int = MOST_VALUES) -> Pool:
    """The values with the most touches, of equal ones those whose name is first in order; shapes (n,)."""
    kept = np.lexsort((np.array(names, np.str_), -touches))[:most]
    number = np.full(len(touches), len(kept), np.int32)
    number[kept] = np.arange(len(kept))
    return Pool(number, kept)


def moves(firsts: Whole, values: NDArray[np.int32], conversions: Whole, nulls: Whole, count: int) -> Whole:
    """How often distinct paths move on, a number that adds up over days. Shape (count + 2, count + 4): from the start,
    from no value, from each value; to these, to a conversion, to nothing.

    firsts: (n + 1,); values: (touches,), −1 to count − 1; conversions, nulls: how often each path ended in one, and how
    often it did not, (n,). Paths without touches are left out. The order of paths does not matter.
    Raises `ValueError` for a value that is none of them.
    """
    check_values(values, count)
    found = np.zeros((count + 2, count + 4), np.int64)
    _count(firsts, values, conversions, nulls, found)
    return found


def removal(moves: Whole) -> Removal:
    """Removal effects, by how often paths move on (`moves`)."""
    count = len(moves) - 2
    leaving = np.maximum(moves.sum(axis=1, keepdims=True), 1)
    chances = moves / leaving
    start, between, ending = chances[0, 1:-2], chances[1:, 1:-2], chances[1:, -2]
    visits = np.linalg.inv(np.eye(count + 1) - between)  # expected, of one value from another on
    converts = visits @ ending
    base = float(start @ converts)
    lost = (start @ visits) / np.diag(visits) * converts  # ever visits the value, and then converts
    effects = np.clip(lost / base, 0, 1) if base else np.zeros(count + 1)
    return Removal(base, effects, effects / (effects.sum() or 1))


def importance(effects: Numbers) -> Whole:
    """Removal effects as whole numbers, in which they are kept and share out conversions."""
    return np.rint(effects * IMPORTANCE).astype(np.int64)


@kernel
def _count(firsts, values, conversions, nulls, moves):
    """moves: how often from the start (0), no value (1), value v (v + 2) to one of these, a conversion, or nothing."""
    conversion, nothing = moves.shape[1] - 2, moves.shape[1] - 1
    for path in range(len(firsts) - 1):
        if firsts[path] == firsts[path + 1]:
            continue
        place = 0
        for i in range(firsts[path], firsts[path + 1]):
            moves[place, values[i] + 2] += conversions[path] + nulls[path]
            place = values[i] + 2
        moves[place, conversion] += conversions[path]
        moves[place, nothing] += nulls[path]
