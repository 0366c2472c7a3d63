"""Cold memberships: their keys in a table, how the rest is compacted, and which of them a frame needs.

A membership that leaves memory leaves its key's hash in the table, so that it is not mistaken for a new member.
Compiled; touches only the arrays it is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.chat.fields import FIELDS
from analytics.chat.ids import find_group, find_member, member_key
from analytics.chat.state import ARENA, GROUPS, LABELS, MEMBERS
from analytics.kernels.arena import id_length
from analytics.kernels.compiled import kernel
from analytics.kernels.fields import has
from analytics.kernels.hashing import copy_bytes, hash64
from analytics.kernels.open_addressing import key_place


@kernel
def remember_cold(state, rows, table):
    """Add the keys of these memberships to the table of cold ones; there must be room. Returns how many are new."""
    new = 0
    for row in rows:
        m = state.members[row]
        key = member_key(state.groups[m.group].hash, hash64(state.arena, m.id_at + 2, id_length(state.arena, m.id_at)))
        place = key_place(table, key)
        new += table[place] != key
        table[place] = key
    return new


@kernel
def copy_keys(table, bigger):
    """Copy all keys into a bigger table."""
    for key in table:
        if key != np.uint64(0):
            bigger[key_place(bigger, key)] = key


@kernel
def close_ranks(state, old_members, keep, old_arena):
    """Fill `members` and `arena` of `state` with what is kept of the old ones, and relink the groups' lists."""
    used = 0
    for row in range(state.counts[GROUPS]):
        g = state.groups[row]
        n = id_length(old_arena, g.id_at) + 2
        copy_bytes(old_arena, g.id_at, state.arena, used, n)
        g.id_at, g.head, g.members = used, -1, 0
        used += n
    for i in range(state.counts[LABELS]):
        n = id_length(old_arena, state.labels[i]) + 2
        copy_bytes(old_arena, state.labels[i], state.arena, used, n)
        state.labels[i] = used
        used += n
    for i in range(len(keep)):
        state.members[i] = old_members[keep[i]]
        m = state.members[i]
        n = id_length(old_arena, m.id_at) + 2
        copy_bytes(old_arena, m.id_at, state.arena, used, n)
        m.id_at = used
        state.member_next[i] = state.groups[m.group].head
        state.groups[m.group].head = i
        state.groups[m.group].members += 1
        used += n
    state.counts[MEMBERS], state.counts[ARENA] = len(keep), used


@kernel
def waking(state, frame, table, rows):
    """Write the rows of the frame whose membership is cold into `rows`. Returns how many."""
    count = 0
    for row in range(len(frame.offsets)):
        if not frame.ok[row] or not has(frame.present[row], FIELDS.member_bit):
            continue
        start, length = frame.spans[FIELDS.group_id, 0, row], frame.spans[FIELDS.group_id, 1, row]
        group_hash = hash64(frame.buffer, start, length)
        group = find_group(state.groups, state.group_index, state.arena, frame.buffer, start, length, group_hash)
        if group < 0:
            continue
        start, length = frame.spans[FIELDS.member_id, 0, row], frame.spans[FIELDS.member_id, 1, row]
        key = member_key(group_hash, hash64(frame.buffer, start, length))
        if table[key_place(table, key)] != key:
            continue
        if find_member(state.members, state.member_index, state.arena, group, frame.buffer, start, length, key) < 0:
            rows[count] = row
            count += 1
    return count
