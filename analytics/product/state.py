"""The state of one partition of product events: which arrays there are and what they hold. No behaviour."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

USER = np.dtype(
    [
        ("id_at", "i8"),  # place of the id in the arena
        ("first_ms", "i8"),  # lowest time of any act of the user
        ("last_ms", "i8"),  # newest act; 0: none
        ("used_lo", "u8"),  # day masks: low and high word; the base is the day of last_ms
        ("used_hi", "u8"),
        ("bought_lo", "u8"),
        ("bought_hi", "u8"),
        ("signup_ms", "i8"),  # first of its kind; NEVER_MIN: none known
        ("trial_ms", "i8"),
        ("purchase_ms", "i8"),
        ("contacted_ms", "i8"),  # newest contact by an operator; 0: none
        ("slot", "u1"),
        ("dirty", "u1"),
    ],
    align=True,
)

#: What acts refer to, in the order of their codes.
REFERENCES = ("group", "call", "link", "campaign")

#: A user's acts that carry one group's, call's, link's or campaign's id.
REFERENCE = np.dtype(
    [
        ("id_at", "i8"),
        ("first_ms", "i8"),
        ("last_ms", "i8"),
        ("acted_lo", "u8"),  # day mask; the base is the day of last_ms
        ("acted_hi", "u8"),
        ("user", "i4"),
        ("kind", "u1"),  # place in REFERENCES
        ("slot", "u1"),
        ("dirty", "u1"),
    ],
    align=True,
)

# Places in `State.counts`.
USERS, USER_REFERENCES, ARENA, IDS, DIRTY_USERS, DIRTY_REFERENCES, EVENTS, DUPLICATES = range(8)


class State(NamedTuple):
    """All arrays of one partition; `counts` says how much of each is in use."""

    counts: NDArray[np.int64]
    users: NDArray[np.void]
    references: NDArray[np.void]
    arena: NDArray[np.uint8]
    user_index: NDArray[np.int32]  # open addressing; -1: free
    reference_index: NDArray[np.int32]
    ids: NDArray[np.uint64]  # open addressing: hashes of the event ids seen; 0: free
    id_offsets: NDArray[np.int64]  # newest offset of each
    dirty_users: NDArray[np.int32]
    dirty_references: NDArray[np.int32]
