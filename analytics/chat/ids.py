"""Who is who: groups, memberships, inviters and panes, found by their keys; added where they are new.

Ids are kept in an arena (`analytics.kernels.arena`). Compiled; touches only the arrays it is given, which must have
room for what is added, cleared.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.chat.state import ARENA, GROUPS, LABELS, MEMBERS, PANES
from analytics.kernels.arena import id_length, keep_id, same_id
from analytics.kernels.calendar import NEVER_MIN
from analytics.kernels.compiled import inlined, kernel
from analytics.kernels.hashing import equal_bytes, hash64, mix
from analytics.kernels.open_addressing import index_row, search

_COLON = 58


@inlined
def _free_or_group(index, at, known):
    groups, arena, buffer, start, length, key = known
    row = index[at]
    return row < 0 or (groups[row].hash == key and same_id(arena, groups[row].id_at, buffer, start, length))


@kernel
def find_group(groups, index, arena, buffer, start, length, key):
    """Row of a group, or -1; `key` is the hash of its id."""
    return index[search(index, key, _free_or_group, (groups, arena, buffer, start, length, key))]


@kernel
def add_group(groups, index, arena, counts, buffer, start, length, key):
    """Append a group with nothing known; there must be room. Returns its row."""
    row = counts[GROUPS]
    counts[GROUPS] = row + 1
    g = groups[row]
    g.hash, g.id_at = key, keep_id(arena, counts, ARENA, buffer, start, length)
    g.first_ms, g.head, g.healthy = NEVER_MIN, -1, 1
    index_row(index, key, row)
    return row


@kernel
def is_group(buffer, start, length, member_start, member_length):
    """Whether a member id is the group's own native id: what follows the second colon of its id."""
    at = start + length - member_length
    if at - start < 3 or buffer[at - 1] != _COLON:
        return False
    if not equal_bytes(buffer, at, buffer, member_start, member_length):
        return False
    colons = 0
    for i in range(start, at):
        colons += buffer[i] == _COLON
    return colons == 2


@kernel
def member_key(group_hash, member_hash):
    """Hash of a membership from those of its two ids."""
    return mix(group_hash * np.uint64(3) + member_hash)


@inlined
def _free_or_member(index, at, known):
    members, arena, group, buffer, start, length = known
    row = index[at]
    return row < 0 or (members[row].group == group and same_id(arena, members[row].id_at, buffer, start, length))


@kernel
def find_member(members, index, arena, group, buffer, start, length, key):
    """Row of a membership, or -1; `key` as `member_key`."""
    return index[search(index, key, _free_or_member, (members, arena, group, buffer, start, length))]


@kernel
def add_member(members, following, index, arena, counts, groups, group, buffer, start, length, key):
    """Append a membership with nothing known to its group's list; there must be room. Returns its row."""
    row = counts[MEMBERS]
    counts[MEMBERS] = row + 1
    m = members[row]
    m.id_at, m.group = keep_id(arena, counts, ARENA, buffer, start, length), group
    following[row] = groups[group].head
    groups[group].head = row
    groups[group].members += 1
    m.first_ms = m.join_ms = NEVER_MIN
    m.inviter = -1
    index_row(index, key, row)
    return row


@inlined
def _free_or_label(index, at, known):
    labels, arena, buffer, start, length = known
    return index[at] < 0 or same_id(arena, labels[index[at]], buffer, start, length)


@kernel
def label(labels, index, arena, counts, buffer, start, length):
    """Number of an interned string, appended when new; there must be room."""
    at = search(index, hash64(buffer, start, length), _free_or_label, (labels, arena, buffer, start, length))
    if index[at] >= 0:
        return index[at]
    number = counts[LABELS]
    counts[LABELS] = number + 1
    labels[number] = keep_id(arena, counts, ARENA, buffer, start, length)
    index[at] = number
    return number


@kernel
def label_before(arena, labels, a, b):
    """Whether label `a` comes before `b` by its bytes; no label comes last."""
    if a < 0 or b < 0 or a == b:
        return a >= 0 and a != b
    x, y = labels[a], labels[b]
    size_x, size_y = id_length(arena, x), id_length(arena, y)
    for i in range(min(size_x, size_y)):
        if arena[x + 2 + i] != arena[y + 2 + i]:
            return arena[x + 2 + i] < arena[y + 2 + i]
    return size_x < size_y


@kernel
def pane_key(group, bucket, daily):
    """Hash of a pane from its group, bucket and grain."""
    return mix(np.uint64(group) << np.uint64(32) ^ np.uint64(bucket * 2 + daily))


@inlined
def _free_or_pane(index, at, known):
    panes, group, bucket, daily = known
    row = index[at]
    return row < 0 or (panes[row].bucket == bucket and panes[row].group == group and panes[row].daily == daily)


@kernel
def find_pane(panes, index, counts, group, bucket, daily):
    """Row of a pane, appended when new; there must be room."""
    at = search(index, pane_key(group, bucket, daily), _free_or_pane, (panes, group, bucket, daily))
    if index[at] >= 0:
        return index[at]
    row = counts[PANES]
    counts[PANES] = row + 1
    p = panes[row]
    p.bucket, p.group, p.daily = bucket, group, daily
    index[at] = row
    return row
