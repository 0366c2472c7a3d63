"""Which rows belong to each number: one counting sort, so that a person's or a group's rows are at hand. Compiled."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel


class Lists(NamedTuple):
    """The rows of number `n` are `rows[firsts[n] : firsts[n + 1]]`, ascending."""

    firsts: NDArray[np.int64]
    rows: NDArray[np.int32]


@kernel
def _fill(numbers, firsts, places, rows):
    for i in range(len(numbers)):
        firsts[numbers[i] + 1] += 1
    for n in range(1, len(firsts)):
        firsts[n] += firsts[n - 1]
        places[n] = firsts[n]
    for i in range(len(numbers)):
        rows[places[numbers[i]]] = i
        places[numbers[i]] += 1


def lists(numbers: NDArray[Any], count: int) -> Lists:
    """Rows by number; numbers: of each row, 0 to count − 1, shape (n,)."""
    firsts, rows = np.zeros(count + 1, np.int64), np.empty(len(numbers), np.int32)
    _fill(numbers, firsts, np.zeros(count + 1, np.int64), rows)
    return Lists(firsts, rows)


@kernel
def _of(firsts, rows, numbers, found):
    at = 0
    for number in numbers:
        for i in range(firsts[number], firsts[number + 1]):
            found[at] = rows[i]
            at += 1


def rows_of(of: Lists, numbers: NDArray[Any]) -> NDArray[np.int32]:
    """The rows of these numbers, one number after the other."""
    found = np.empty(int((of.firsts[numbers + 1] - of.firsts[numbers]).sum()), np.int32)
    _of(of.firsts, of.rows, numbers, found)
    return found
