"""Who is who: groups, memberships, inviters and panes, found by open addressing; added where they are new.

Ids stand in an arena (`analytics.kernels.arena`). Compiled; touches only the arrays it is given, which must have room
for what is added.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.chat.state import ARENA, GROUPS, LABELS, MEMBERS, PANES
from analytics.kernels.arena import id_length, index_row, keep_id, same_id
from analytics.kernels.calendar import NEVER_MIN
from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import equal_bytes, hash64, mix

_EMPTY = np.uint64(0)
_COLON = 58


@kernel
def find_group(groups, index, arena, buffer, start, length, key):
    """Row of a group, or -1; `key` is the hash of its id."""
    mask = len(index) - 1
    at = np.int64(key) & mask
    while index[at] >= 0:
        row = index[at]
        if groups[row].hash == key and same_id(arena, groups[row].id_at, buffer, start, length):
            return row
        at = (at + 1) & mask
    return -1


@kernel
def add_group(groups, index, arena, counts, buffer, start, length, key):
    """Append a group with nothing known; there must be room. Returns its row."""
    row = counts[GROUPS]
    counts[GROUPS] = row + 1
    g = groups[row]
    g.hash, g.id_at = key, keep_id(arena, counts, ARENA, buffer, start, length)
    g.max_ms, g.first_ms, g.activity_ms = 0, NEVER_MIN, 0
    g.closed_hour, g.closed_day, g.head, g.members, g.member_count = 0, 0, -1, 0, 0
    g.created_ms = g.status_ms = g.count_ms = g.heartbeat_ms = g.snapshot_ms = g.roster_ms = g.late = 0
    g.snapshot, g.complete, g.platform, g.status, g.healthy, g.slot, g.dirty = _EMPTY, 0, 0, 0, 1, 0, 0
    index_row(index, key, row)
    return row


@kernel
def is_group(buffer, start, length, member_start, member_length):
    """Whether a member id is the group's own native id: what stands behind the second colon of its id."""
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


@kernel
def find_member(members, index, arena, group, buffer, start, length, key):
    """Row of a membership, or -1; `key` as `member_key`."""
    mask = len(index) - 1
    at = np.int64(key) & mask
    while index[at] >= 0:
        row = index[at]
        if members[row].group == group and same_id(arena, members[row].id_at, buffer, start, length):
            return row
        at = (at + 1) & mask
    return -1


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
    m.spoke_lo = m.spoke_hi = m.reacted_lo = m.reacted_hi = m.read_lo = m.read_hi = _EMPTY
    m.spoke_hours = m.reacted_hours = m.read_hours = _EMPTY
    m.first_ms = m.join_ms = NEVER_MIN
    m.last_ms = m.spoke_ms = m.in_ms = m.out_ms = m.role_ms = 0
    m.messages, m.joins, m.leaves, m.role, m.slot, m.dirty, m.inviter, m.source = 0, 0, 0, 0, 0, 0, -1, 0
    for i in range(4):
        m.open_messages[i] = 0
    index_row(index, key, row)
    return row


@kernel
def label(labels, index, arena, counts, buffer, start, length):
    """Number of an interned string, appended when new; there must be room."""
    mask = len(index) - 1
    at = np.int64(hash64(buffer, start, length)) & mask
    while index[at] >= 0:
        if same_id(arena, labels[index[at]], buffer, start, length):
            return index[at]
        at = (at + 1) & mask
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


@kernel
def find_pane(panes, index, counts, group, bucket, daily):
    """Row of a pane, appended when new; there must be room."""
    mask = len(index) - 1
    at = np.int64(pane_key(group, bucket, daily)) & mask
    while index[at] >= 0:
        p = panes[index[at]]
        if p.bucket == bucket and p.group == group and p.daily == daily:
            return index[at]
        at = (at + 1) & mask
    row = counts[PANES]
    counts[PANES] = row + 1
    p = panes[row]
    p.bucket, p.group, p.daily, p.slot, p.dirty = bucket, group, daily, 0, 0
    p.messages = p.speakers = p.reactions = p.reactors = p.reads = p.readers = p.joins = p.leaves = 0
    p.replies = p.mentions = p.questions = p.links = p.edits = p.recalls = p.calls = 0
    index[at] = row
    return row
