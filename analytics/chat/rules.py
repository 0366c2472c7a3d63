"""What one chat event does to its member, its group and the panes of its hour and day: one small function per rule.

Registers keep the value with the highest time and, at the same time, the higher value, so the order of arrival does not
matter inside the allowed lateness. Compiled; touches only the arrays and records it is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from analytics.chat.activity import describe, react, read, speak
from analytics.chat.fields import FIELDS
from analytics.chat.ids import label, label_before
from analytics.chat.state import MOST
from analytics.kernels.compiled import inlined, kernel
from analytics.kernels.fields import has
from analytics.kernels.hashing import hash64


@kernel
def _first_join(m, ts, inviter, source, arena, labels):
    """The earliest join wins; of two at the same time, the one with the earlier inviter, then the lower source."""
    if ts < m.join_ms or (
        ts == m.join_ms
        and (label_before(arena, labels, inviter, m.inviter) or (inviter == m.inviter and source < m.source))
    ):
        m.join_ms, m.inviter, m.source = ts, inviter, source


@kernel
def _role(m, ts, role):
    """The newest role counts; of two at the same time, the higher."""
    if ts > m.role_ms or (ts == m.role_ms and role > m.role):
        m.role_ms, m.role = ts, role


@kernel
def _snapshot(g, ts, snapshot, complete):
    """A row or the end of a roster: the newest snapshot wins; once complete, its earliest time counts."""
    if snapshot == g.snapshot:
        g.snapshot_ms = min(g.snapshot_ms, ts)
    elif ts > g.snapshot_ms:
        g.snapshot, g.snapshot_ms, g.complete = snapshot, ts, 0
    else:
        return
    g.complete |= complete
    if g.complete:
        g.roster_ms = g.snapshot_ms


@kernel
def _group_facts(g, words, row, present, ts):
    """What the platform says about a group: its creation, status and member count."""
    if has(present, FIELDS.created_bit):
        created = words[FIELDS.created_ms, row]
        if created and (g.created_ms == 0 or created < g.created_ms):
            g.created_ms = created
    status = words[FIELDS.status, row] if has(present, FIELDS.status_bit) else 0
    if ts > g.status_ms or (ts == g.status_ms and status > g.status):
        g.status_ms, g.status = ts, status
    if has(present, FIELDS.member_count_bit):
        count = words[FIELDS.member_count, row]
        if ts > g.count_ms or (ts == g.count_ms and count > g.member_count):
            g.count_ms, g.member_count = ts, count


@kernel
def _heartbeat(g, ts, healthy):
    """The newest heartbeat counts; of two at the same time, the worse."""
    if ts > g.heartbeat_ms or (ts == g.heartbeat_ms and healthy < g.healthy):
        g.heartbeat_ms, g.healthy = ts, healthy


@kernel
def _came(state, frame, row, ts, m):
    """A join at `ts`, by whom and how as the record says."""
    words, spans, present = frame.words, frame.spans, frame.present[row]
    inviter = -1
    if has(present, FIELDS.inviter_bit):
        start, length = spans[FIELDS.inviter_id, 0, row], spans[FIELDS.inviter_id, 1, row]
        inviter = label(state.labels, state.label_index, state.arena, state.counts, frame.buffer, start, length)
    source = words[FIELDS.source, row] if has(present, FIELDS.source_bit) else FIELDS.unknown_source
    _first_join(m, ts, inviter, source, state.arena, state.labels)


@kernel
def _join(state, frame, row, ts, m):
    _came(state, frame, row, ts, m)
    m.in_ms = max(m.in_ms, ts)
    m.joins = min(m.joins + 1, MOST)


@kernel
def _roster(state, frame, row, ts, g, m):
    words, present = frame.words, frame.present[row]
    m.in_ms = max(m.in_ms, ts)
    if has(present, FIELDS.joined_bit) and words[FIELDS.joined_ms, row]:
        _came(state, frame, row, words[FIELDS.joined_ms, row], m)
    _role(m, ts, words[FIELDS.role, row] if has(present, FIELDS.role_bit) else 0)
    _snapshot(g, ts, _snapshot_id(frame, row), 0)


@kernel
def _snapshot_id(frame, row):
    return hash64(frame.buffer, frame.spans[FIELDS.snapshot_id, 0, row], frame.spans[FIELDS.snapshot_id, 1, row])


@inlined
def change(state, frame, row, ts, late, starts, g, m, hour_pane, day_pane):
    """Apply the rule of the event's type."""
    kind, present, words = frame.types[row], frame.present[row], frame.words
    if kind == FIELDS.message:
        speak(m, starts, ts, late, hour_pane, day_pane)
        g.activity_ms = max(g.activity_ms, ts)
        if not late:
            describe(words, frame.spans, present, row, hour_pane, day_pane)
    elif kind == FIELDS.reaction:
        if not (has(present, FIELDS.removed_bit) and words[FIELDS.removed, row]):
            react(m, starts, ts, late, hour_pane, day_pane)
            g.activity_ms = max(g.activity_ms, ts)
    elif kind == FIELDS.read:
        read(m, starts, ts, late, hour_pane, day_pane)
        g.activity_ms = max(g.activity_ms, ts)
    elif kind == FIELDS.join:
        _join(state, frame, row, ts, m)
    elif kind == FIELDS.leave:
        m.out_ms = max(m.out_ms, ts)
        m.leaves = min(m.leaves + 1, MOST)
    elif kind == FIELDS.roster:
        _roster(state, frame, row, ts, g, m)
    elif kind == FIELDS.roster_end:
        _snapshot(g, ts, _snapshot_id(frame, row), words[FIELDS.complete, row])
    elif kind == FIELDS.profile:
        if has(present, FIELDS.role_bit):
            _role(m, ts, words[FIELDS.role, row])
    elif kind == FIELDS.group:
        _group_facts(g, words, row, present, ts)
    elif kind == FIELDS.heartbeat:
        _heartbeat(g, ts, words[FIELDS.healthy, row])
    if not late:
        _count(kind, hour_pane, day_pane)


@inlined
def _count(kind, hour_pane, day_pane):
    for pane in (hour_pane, day_pane):
        pane.joins += kind == FIELDS.join
        pane.leaves += kind == FIELDS.leave
        pane.edits += kind == FIELDS.edit
        pane.recalls += kind == FIELDS.recall
        pane.calls += kind == FIELDS.call


@kernel
def change_unnamed(frame, row, ts, late, g, hour_pane, day_pane):
    """Apply the rule of an event whose member is the group itself: it counts for the group, but for no member."""
    kind, present, words = frame.types[row], frame.present[row], frame.words
    removed = has(present, FIELDS.removed_bit) and words[FIELDS.removed, row] != 0
    spoke, reacted, read_ = kind == FIELDS.message, kind == FIELDS.reaction and not removed, kind == FIELDS.read
    if spoke or reacted or read_:
        g.activity_ms = max(g.activity_ms, ts)
    elif kind == FIELDS.roster:
        _snapshot(g, ts, _snapshot_id(frame, row), 0)
    if not late:
        for pane in (hour_pane, day_pane):
            pane.messages += spoke
            pane.reactions += reacted
            pane.reads += read_
        if spoke:
            describe(words, frame.spans, present, row, hour_pane, day_pane)
        _count(kind, hour_pane, day_pane)
