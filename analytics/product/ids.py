"""Who is who in the product: users, and what each refers to, found by their keys; added where they are new.

Compiled; touches only the arrays it is given, which must have room for what is added, cleared.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.arena import id_length, keep_id, same_id
from analytics.kernels.calendar import NEVER_MIN
from analytics.kernels.compiled import inlined, kernel
from analytics.kernels.hashing import hash64, mix
from analytics.kernels.open_addressing import index_row, search
from analytics.product.state import ARENA, USER_REFERENCES, USERS


@inlined
def _free_or_user(index, at, known):
    users, arena, buffer, start, length = known
    return index[at] < 0 or same_id(arena, users[index[at]].id_at, buffer, start, length)


@inlined
def find_user(state, buffer, start, length, key):
    """Row of a user, appended with nothing known when new; `key` is the hash of the id."""
    at = search(state.user_index, key, _free_or_user, (state.users, state.arena, buffer, start, length))
    if state.user_index[at] >= 0:
        return state.user_index[at]
    row = state.counts[USERS]
    state.counts[USERS] = row + 1
    u = state.users[row]
    u.id_at = keep_id(state.arena, state.counts, ARENA, buffer, start, length)
    u.first_ms = u.signup_ms = u.trial_ms = u.purchase_ms = NEVER_MIN
    state.user_index[at] = row
    return row


@kernel
def reference_key(user_hash, kind, reference_hash):
    """Hash of a reference from those of its user's id and its own, and its kind."""
    return mix(user_hash * np.uint64(3) + reference_hash * np.uint64(5) + np.uint64(kind))


@inlined
def _free_or_reference(index, at, known):
    references, arena, user, kind, buffer, start, length = known
    row = index[at]
    if row < 0:
        return True
    r = references[row]
    return r.user == user and r.kind == kind and same_id(arena, r.id_at, buffer, start, length)


@inlined
def find_reference(state, user, kind, buffer, start, length, key):
    """Row of what a user refers to, appended when new; `key` as `reference_key`."""
    known = (state.references, state.arena, user, kind, buffer, start, length)
    at = search(state.reference_index, key, _free_or_reference, known)
    if state.reference_index[at] >= 0:
        return state.reference_index[at]
    row = state.counts[USER_REFERENCES]
    state.counts[USER_REFERENCES] = row + 1
    r = state.references[row]
    r.id_at, r.user, r.kind = keep_id(state.arena, state.counts, ARENA, buffer, start, length), user, kind
    r.first_ms = NEVER_MIN
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
