"""Which touches of paths a report looks at: repeats left out, or a value that others would have led to anyway. Pure.

Each function says of every touch whether it stays, shape (touches,). Paths are given as in `analytics.results.credit`:
`firsts`, (n + 1,) int64, and `values`, (touches,) int32. The names of the first two are those of fractribution.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel

Flags = NDArray[np.bool_]


def exposures(firsts: NDArray[np.int64], values: NDArray[np.int32]) -> Flags:
    """Of touches of one value in a row, the first: a, a, b, a → a, b, a."""
    stays: Flags = np.diff(values, prepend=np.int32(-2)) != 0
    stays[firsts[:-1][np.diff(firsts) > 0]] = True
    return stays


def first_of_each(firsts: NDArray[np.int64], values: NDArray[np.int32]) -> Flags:
    """The first touch of each value on a path: a, a, b, a → a, b."""
    path = np.repeat(np.arange(len(firsts) - 1), np.diff(firsts))
    _, first = np.unique(path * (values.max(initial=0) + 2) + values, return_index=True)
    stays = np.zeros(len(values), np.bool_)
    stays[first] = True
    return stays


def without_final(firsts: NDArray[np.int64], values: NDArray[np.int32], value: int) -> Flags:
    """All but the touches of this value at the end of a path, unless the path has no others: b, a, b, b → b, a."""
    stays = np.ones(len(values), np.bool_)
    _without_final(firsts, values, value, stays)
    return stays


def taken(firsts: NDArray[np.int64], stays: Flags) -> NDArray[np.int64]:
    """Where paths begin among the touches that stay; shape (n + 1,)."""
    return np.concatenate([[0], np.cumsum(stays)])[firsts]


@kernel
def _without_final(firsts, values, value, stays):
    for path in range(len(firsts) - 1):
        end = firsts[path + 1]
        while end > firsts[path] and values[end - 1] == value:
            end -= 1
        if end > firsts[path]:
            stays[end : firsts[path + 1]] = False
