"""Ids in an arena: two bytes of length, then the bytes.

Compiled; touches only the arrays it is given, which must have room for what is added.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import copy_bytes, equal_bytes


@kernel
def id_length(arena, at):
    """Length in bytes of the id at `at`."""
    return arena[at] | np.int64(arena[at + 1]) << 8


@kernel
def same_id(arena, at, buffer, start, length):
    """Whether the id at `at` consists of these bytes."""
    return id_length(arena, at) == length and equal_bytes(arena, at + 2, buffer, start, length)


@kernel
def keep_id(arena, counts, count, buffer, start, length):
    """Append an id; `count` is the place in `counts` of the bytes in use. Returns the id's place."""
    at = counts[count]
    arena[at], arena[at + 1] = length & 255, length >> 8
    copy_bytes(buffer, start, arena, at + 2, length)
    counts[count] = at + 2 + length
    return at


@kernel
def later_id(arena, one, other):
    """Whether the id at `one` comes after that at `other`, by their bytes."""
    lengths = id_length(arena, one), id_length(arena, other)
    for i in range(2, 2 + min(lengths[0], lengths[1])):
        if arena[one + i] != arena[other + i]:
            return arena[one + i] > arena[other + i]
    return lengths[0] > lengths[1]
