"""Sets of numbers from 0 on, as bits: NumPy sorts or hashes them, which takes a million of them ten times as long."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.people.memory.names import Codes


def distinct(*numbers: NDArray[Any]) -> Codes:
    """Each of these numbers once, ascending."""
    there = np.zeros(1 + max(int(some.max(initial=-1)) for some in numbers), np.bool_)
    for some in numbers:
        there[some] = True
    return np.flatnonzero(there).astype(np.int32)


def without(numbers: NDArray[Any], others: NDArray[Any]) -> Codes:
    """Each of these numbers once that is not among the others, ascending."""
    there = np.zeros(1 + int(numbers.max(initial=-1)), np.bool_)
    there[numbers] = True
    there[others[others < len(there)]] = False
    return np.flatnonzero(there).astype(np.int32)
