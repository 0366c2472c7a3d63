"""What cohorts count: memberships by group, by what brought them, and by the day of the join. Compiled, pure."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import mix
from analytics.people.retention import COUNTS, LINKED, NTH, SPOKE, SPOKE_7D, STAYED, USED, USED_7D, bit_of

DIMENSIONS = ("all", "source", "inviter", "campaign", "channel")
#: What a cohort of a day counts (`analytics.people.retention.COUNTS`), by each of `NTH`.
CELL = np.dtype([("counts", "i4", (len(NTH), len(COUNTS)))])
#: A group (−1: all of them), a number of `DIMENSIONS`, the number of a value, and which of `NTH` have landed (bits).
COHORTS = np.dtype([("group", "i4"), ("dimension", "i4"), ("value", "i4"), ("landed", "i4")])


@kernel
def _key(group, dimension, value):
    first = np.uint64(np.uint32(group)) << np.uint64(32) | np.uint64(np.uint32(value))
    return mix(mix(first) ^ np.uint64(dimension))


@kernel
def _keys(cohorts, found):
    for i in range(len(cohorts)):
        found[i] = _key(cohorts[i].group, cohorts[i].dimension, cohorts[i].value)


@kernel
def _landed(places, cohorts, found):
    for i in range(len(places)):
        found[places[i]].landed |= cohorts[i].landed


def different(cohorts: NDArray[Any]) -> tuple[NDArray[np.uint64], NDArray[Any]]:
    """Each once, with their keys ascending; what has landed of any of the same has of it."""
    keys = np.empty(len(cohorts), np.uint64)
    _keys(cohorts, keys)
    found, firsts, places = np.unique(keys, return_index=True, return_inverse=True)
    once = cohorts[firsts]
    _landed(places, cohorts, once)
    return found, once


@kernel
def find(groups, values, closed, keys, found):
    """Place among keys, ascending, of what each membership is counted in by each of `DIMENSIONS`, shape (5, n); −1:
    there is none. closed: which of `NTH` are; values: by dimension, −1 for none, shape (5, n)."""
    for dimension in range(len(DIMENSIONS)):
        for k in range(len(groups)):
            found[dimension, k] = -1
            if closed[k] and values[dimension, k] >= 0:
                key = _key(groups[k], dimension, values[dimension, k])
                at = np.searchsorted(keys, key)
                if at < len(keys) and keys[at] == key:
                    found[dimension, k] = at


@kernel
def add_up(words, closed, places, i, sign, counts):
    """Count memberships whose `NTH` number i is closed, or with sign −1 no longer: their words
    (`analytics.people.retention`), which of `NTH` are closed, and places; counts: by place, shape (places, 7)."""
    for k in range(len(words)):
        if closed[k] >> i & 1:
            word, one = words[k], counts[places[k]]
            one[0] += sign
            one[1] += sign * (word & bit_of(STAYED, i) != 0)
            one[2] += sign * (word & bit_of(SPOKE, i) != 0)
            one[3] += sign * (i > 0 and word & bit_of(SPOKE_7D, i) != 0)
            if word & bit_of(LINKED, 0):
                one[4] += sign
                one[5] += sign * (word & bit_of(USED, i) != 0)
                one[6] += sign * (i > 0 and word & bit_of(USED_7D, i) != 0)
