"""Rows found by two numbers, such as a group and an account. Compiled."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import inlined, kernel
from analytics.kernels.hashing import mix
from analytics.kernels.open_addressing import index_row, search


@kernel
def pair_key(one, other):
    """Hash of a pair of numbers, 0 to 2^32 - 1 each."""
    return mix(np.uint64(one) << np.uint64(32) | np.uint64(other))


@inlined
def _free_or_pair(index, at, known):
    ones, others, a, b = known
    return index[at] < 0 or (ones[index[at]] == a and others[index[at]] == b)


@kernel
def find_pairs(ones, others, index, count, a, b, rows):
    """Row of each pair (a, b), appended when new, which needs room; `count`, returned, is how many there are."""
    for i in range(len(a)):
        at = search(index, pair_key(a[i], b[i]), _free_or_pair, (ones, others, a[i], b[i]))
        if index[at] < 0:
            ones[count], others[count], index[at] = a[i], b[i], count
            count += 1
        rows[i] = index[at]
    return count


@kernel
def index_pairs(ones, others, index, count):
    """Put the first `count` rows, all different, into an empty index with room for them."""
    for row in range(count):
        index_row(index, pair_key(ones[row], others[row]), row)


@kernel
def pair_row(ones, others, index, a, b):
    """The row of this pair; -1: there is none."""
    return index[search(index, pair_key(a, b), _free_or_pair, (ones, others, a, b))]


@kernel
def has_pair(ones, others, index, a, b):
    """Whether there is a row of this pair."""
    return pair_row(ones, others, index, a, b) >= 0
