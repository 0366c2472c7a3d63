"""Event ids seen before, by their hashes and newest offsets, in a table of keys. Compiled."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import kernel
from analytics.kernels.open_addressing import key_place

_EMPTY = np.uint64(0)
#: Flags of a record: its event id came before; its hour was closed; an operator has excluded it.
DUPLICATE, IS_LATE, EXCLUDED = 1, 2, 4


@kernel
def first_time(ids, offsets, counts, count, key, offset, horizon):
    """Whether an event id does not occur among the `horizon` records before `offset`; remembers it either way.

    There must be room; `count` is the place in `counts` of how many there are. May be called again for the same offset,
    when something had to grow meanwhile.
    """
    at = key_place(ids, key)
    if ids[at] == key:
        new = offset - offsets[at] > horizon or offset == offsets[at]
        offsets[at] = offset
        return new
    ids[at], offsets[at] = key, offset
    counts[count] += 1
    return True


@kernel
def rebuild_ids(ids, offsets, new_ids, new_offsets, oldest):
    """Copy the event ids seen at offset `oldest` or later into an empty table. Returns how many."""
    count = 0
    for i in range(len(ids)):
        if ids[i] != _EMPTY and offsets[i] >= oldest:
            at = key_place(new_ids, ids[i])
            new_ids[at], new_offsets[at] = ids[i], offsets[i]
            count += 1
    return count


@kernel
def remember_ids(ids, offsets, hashes, at_offsets):
    """Put event ids, in ascending order of their offsets, into an empty table with room. Returns how many are new."""
    count = 0
    for i in range(len(hashes)):
        at = key_place(ids, hashes[i])
        count += ids[at] == _EMPTY
        ids[at], offsets[at] = hashes[i], at_offsets[i]
    return count
