"""Periods of each of many, such as groups, put together where they overlap. Compiled."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel


class Periods(NamedTuple):
    """Of which number each is, and when it begins and ends; shape (n,) each."""

    of: NDArray[np.int32]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]


@kernel
def _merge(of, begins, ends):
    """Put together the periods of each that overlap or touch, in place, of sorted ones; returns how many are left."""
    count = 0
    for i in range(len(of)):
        if count and of[i] == of[count - 1] and begins[i] <= ends[count - 1]:
            ends[count - 1] = max(ends[count - 1], ends[i])
        else:
            of[count], begins[count], ends[count] = of[i], begins[i], ends[i]
            count += 1
    return count


def merged(of: NDArray[np.int32], begins: NDArray[np.int64], ends: NDArray[np.int64]) -> Periods:
    """The moments that lie in any period of a number, as its fewest periods, sorted; an end lies in none."""
    order = np.lexsort((begins, of))
    found = Periods(of[order], begins[order], ends[order])
    count = _merge(*found)
    return Periods(found.of[:count], found.begins[:count], found.ends[:count])
