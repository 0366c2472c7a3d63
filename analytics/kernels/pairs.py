"""Rows found by two numbers, such as a group and an account: an open-addressing index (-1: a free place). Compiled."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.arena import index_row
from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import mix


@kernel
def pair_key(one, other):
    """Hash of a pair of numbers, 0 to 2^32 - 1 each."""
    return mix(np.uint64(one) << np.uint64(32) | np.uint64(other))


@kernel
def find_pairs(ones, others, index, count, a, b, rows):
    """Row of each pair (a, b), appended when new, which needs room; `count`, returned, is how many there are."""
    mask = len(index) - 1
    for i in range(len(a)):
        at = np.int64(pair_key(a[i], b[i])) & mask
        while index[at] >= 0 and (ones[index[at]] != a[i] or others[index[at]] != b[i]):
            at = (at + 1) & mask
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
def has_pair(ones, others, index, a, b):
    """Whether there is a row of this pair."""
    mask = len(index) - 1
    at = np.int64(pair_key(a, b)) & mask
    while index[at] >= 0:
        if ones[index[at]] == a and others[index[at]] == b:
            return True
        at = (at + 1) & mask
    return False
