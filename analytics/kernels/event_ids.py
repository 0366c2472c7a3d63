"""Event ids seen before, by their hashes and newest offsets: open addressing, a hash of 0 is a free place. Compiled."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import kernel

_EMPTY = np.uint64(0)
#: Flags of a record: its event id came before; its hour was closed; an operator has excluded it.
DUPLICATE, IS_LATE, EXCLUDED = 1, 2, 4


@kernel
def first_time(ids, offsets, counts, count, key, offset, horizon):
    """Whether an event id does not occur among the `horizon` records before `offset`; remembers it either way.

    There must be room; `count` is the place in `counts` of how many there are. May be asked again at the same offset,
    when something had to grow meanwhile.
    """
    mask = len(ids) - 1
    at = np.int64(key) & mask
    while ids[at] != _EMPTY:
        if ids[at] == key:
            new = offset - offsets[at] > horizon or offset == offsets[at]
            offsets[at] = offset
            return new
        at = (at + 1) & mask
    ids[at], offsets[at] = key, offset
    counts[count] += 1
    return True


@kernel
def rebuild_ids(ids, offsets, new_ids, new_offsets, oldest):
    """Copy the event ids seen at offset `oldest` or later into an empty table. Returns how many."""
    mask, count = len(new_ids) - 1, 0
    for i in range(len(ids)):
        if ids[i] != _EMPTY and offsets[i] >= oldest:
            at = np.int64(ids[i]) & mask
            while new_ids[at] != _EMPTY:
                at = (at + 1) & mask
            new_ids[at], new_offsets[at] = ids[i], offsets[i]
            count += 1
    return count


@kernel
def remember_ids(ids, offsets, hashes, at_offsets):
    """Put event ids, in ascending order of their offsets, into an empty table with room. Returns how many are new."""
    mask, count = len(ids) - 1, 0
    for i in range(len(hashes)):
        at = np.int64(hashes[i]) & mask
        while ids[at] != _EMPTY and ids[at] != hashes[i]:
            at = (at + 1) & mask
        count += ids[at] == _EMPTY
        ids[at], offsets[at] = hashes[i], at_offsets[i]
    return count
