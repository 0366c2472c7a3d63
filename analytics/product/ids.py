"""Who is who in the product: users, and what each refers to, found by open addressing; added where they are new.

Compiled; touches only the arrays it is given, which must have room for what is added.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.arena import id_length, index_row, keep_id, same_id
from analytics.kernels.calendar import NEVER_MIN
from analytics.kernels.compiled import inlined, kernel
from analytics.kernels.hashing import hash64, mix
from analytics.product.state import ARENA, USER_REFERENCES, USERS

_EMPTY = np.uint64(0)


@inlined
def find_user(state, buffer, start, length, key):
    """Row of a user, appended with nothing known when new; `key` is the hash of the id."""
    mask = len(state.user_index) - 1
    at = np.int64(key) & mask
    while state.user_index[at] >= 0:
        row = state.user_index[at]
        if same_id(state.arena, state.users[row].id_at, buffer, start, length):
            return row
        at = (at + 1) & mask
    row = state.counts[USERS]
    state.counts[USERS] = row + 1
    u = state.users[row]
    u.id_at = keep_id(state.arena, state.counts, ARENA, buffer, start, length)
    u.first_ms = u.signup_ms = u.trial_ms = u.purchase_ms = NEVER_MIN
    u.last_ms = u.contacted_ms = 0
    u.used_lo = u.used_hi = u.bought_lo = u.bought_hi = _EMPTY
    u.slot, u.dirty = 0, 0
    state.user_index[at] = row
    return row


@kernel
def reference_key(user_hash, kind, reference_hash):
    """Hash of a reference from those of its user's id and its own, and its kind."""
    return mix(user_hash * np.uint64(3) + reference_hash * np.uint64(5) + np.uint64(kind))


@inlined
def find_reference(state, user, kind, buffer, start, length, key):
    """Row of what a user refers to, appended when new; `key` as `reference_key`."""
    mask = len(state.reference_index) - 1
    at = np.int64(key) & mask
    while state.reference_index[at] >= 0:
        row = state.reference_index[at]
        r = state.references[row]
        if r.user == user and r.kind == kind and same_id(state.arena, r.id_at, buffer, start, length):
            return row
        at = (at + 1) & mask
    row = state.counts[USER_REFERENCES]
    state.counts[USER_REFERENCES] = row + 1
    r = state.references[row]
    r.id_at, r.user, r.kind = keep_id(state.arena, state.counts, ARENA, buffer, start, length), user, kind
    r.first_ms, r.last_ms, r.acted_lo, r.acted_hi, r.slot, r.dirty = NEVER_MIN, 0, _EMPTY, _EMPTY, 0, 0
    state.reference_index[at] = row
    return row


@kernel
def _hash_at(arena, at):
    return hash64(arena, at + 2, id_length(arena, at))


@kernel
def rebuild_user_index(state):
    """Index every user by the hash of the id."""
    for row in range(state.counts[USERS]):
        index_row(state.user_index, _hash_at(state.arena, state.users[row].id_at), row)


@kernel
def rebuild_reference_index(state):
    """Index every reference by its key."""
    for row in range(state.counts[USER_REFERENCES]):
        r = state.references[row]
        user = _hash_at(state.arena, state.users[r.user].id_at)
        index_row(state.reference_index, reference_key(user, r.kind, _hash_at(state.arena, r.id_at)), row)
