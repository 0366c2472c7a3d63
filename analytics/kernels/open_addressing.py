"""Open addressing: the one search behind every index and every table of keys here. Compiled, pure.

An index holds rows (-1: a free place), a table of keys the keys themselves (0: a free place). Their lengths are powers
of two, and some places are always free.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import composed, inlined, kernel


@composed
def search(table, key, ends, known):
    """The place at which a search for a key ends: the first one probed where `ends(table, place, known)` is true."""
    mask = len(table) - 1
    at = np.int64(key) & mask
    while not ends(table, at, known):
        at = (at + 1) & mask
    return at


@inlined
def _free(index, at, _):
    return index[at] < 0


@kernel
def index_row(index, key, row):
    """Put a row that is not there yet under its key; there must be room."""
    index[search(index, key, _free, 0)] = row


@inlined
def _free_or_key(keys, at, key):
    return keys[at] == np.uint64(0) or keys[at] == key


@inlined
def key_place(keys, key):
    """The place of a key in a table of keys, or the free place where it belongs."""
    return search(keys, key, _free_or_key, key)
