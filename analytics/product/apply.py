"""What product events do to the state of a partition: one loop over the records of a frame.

Every change is independent of the order of records: minima, maxima, and days set in masks. Compiled; touches only the
arrays it is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

from analytics.kernels.calendar import day_of
from analytics.kernels.changes import mark_dirty
from analytics.kernels.compiled import inlined, kernel
from analytics.kernels.event_ids import DUPLICATE, first_time
from analytics.kernels.fields import has, places
from analytics.kernels.hashing import hash64
from analytics.kernels.masks import bit, roll
from analytics.product.ids import find_reference, find_user, reference_key
from analytics.product.state import (
    ARENA,
    DIRTY_REFERENCES,
    DIRTY_USERS,
    DUPLICATES,
    EVENTS,
    IDS,
    USER_REFERENCES,
    USERS,
    State,
)


class Fields(NamedTuple):
    """Where the fields are: rows of `Frame.words` and `Frame.spans`, bits of `Frame.present`, codes of the types."""

    ts_ms: int
    event_id: int
    user_id: int
    group_id: int
    group_bit: int
    call_id: int
    call_bit: int
    link_id: int
    link_bit: int
    campaign_id: int
    campaign_bit: int
    signup: int
    trial: int
    purchase: int
    refund: int
    contact: int
    tick: int


_ALIAS = {"group": "group_id", "call": "call_id", "link": "link_id", "campaign": "campaign_id"}
FIELDS = Fields(*places("product.events", Fields._fields, _ALIAS))

#: Longest id in bytes, including its length: 128 characters of four bytes.
_ID_ROOM = 514
#: Places in `State` of the arrays that may run short.
_USERS, _REFERENCES, _ARENA, _IDS = (State._fields.index(name) for name in ("users", "references", "arena", "ids"))


@inlined
def _room(state):
    """Which array must grow before the next record: its place in `State`, or 0 when all have room."""
    c = state.counts
    if c[USERS] + 1 > len(state.users) or (c[USERS] + 1) * 2 > len(state.user_index):
        return _USERS
    if c[USER_REFERENCES] + 4 > len(state.references) or (c[USER_REFERENCES] + 4) * 2 > len(state.reference_index):
        return _REFERENCES
    if c[ARENA] + 6 * _ID_ROOM > len(state.arena):
        return _ARENA
    if (c[IDS] + 1) * 5 > len(state.ids) * 3:
        return _IDS
    return 0


@kernel
def _use(u, starts, ts, bought):
    """An act of the user's own."""
    u.first_ms = min(u.first_ms, ts)
    day = day_of(starts, ts)
    base = day_of(starts, u.last_ms) if u.last_ms else day
    if day > base:
        u.used_lo, u.used_hi = roll(u.used_lo, u.used_hi, day - base)
        u.bought_lo, u.bought_hi = roll(u.bought_lo, u.bought_hi, day - base)
    u.last_ms = max(u.last_ms, ts)
    lo, hi = bit(max(base - day, 0), 0), bit(max(base - day, 0), 64)
    u.used_lo |= lo
    u.used_hi |= hi
    if bought:
        u.bought_lo |= lo
        u.bought_hi |= hi
        u.purchase_ms = min(u.purchase_ms, ts)


@kernel
def _refer(r, starts, ts):
    """An act that carries this reference."""
    r.first_ms = min(r.first_ms, ts)
    day = day_of(starts, ts)
    base = day_of(starts, r.last_ms) if r.last_ms else day
    if day > base:
        r.acted_lo, r.acted_hi = roll(r.acted_lo, r.acted_hi, day - base)
    r.last_ms = max(r.last_ms, ts)
    r.acted_lo |= bit(max(base - day, 0), 0)
    r.acted_hi |= bit(max(base - day, 0), 64)


@kernel
def apply(state, starts, horizon, frame, first, until, flags):
    """Apply the records of a frame from row `first` to the one before `until`; `flags` takes DUPLICATE per record.

    `starts` are the days' beginnings, `horizon` how far back a repeated id is found (offsets). Returns (row, array):
    `until` and 0, or the first row not applied and the place in `State` of the array that must grow.
    """
    counts, buffer, spans = state.counts, frame.buffer, frame.spans
    for row in range(first, until):
        flags[row] = 0
        if not frame.ok[row]:
            continue
        short = _room(state)
        if short:
            return row, short
        event_id = hash64(buffer, spans[FIELDS.event_id, 0, row], spans[FIELDS.event_id, 1, row])
        if not first_time(state.ids, state.id_offsets, counts, IDS, event_id, frame.offsets[row], horizon):
            flags[row] = DUPLICATE
            counts[DUPLICATES] += 1
            continue
        kind, ts, present = frame.types[row], frame.words[FIELDS.ts_ms, row], frame.present[row]
        if kind == FIELDS.tick:
            continue
        counts[EVENTS] += 1
        start, length = spans[FIELDS.user_id, 0, row], spans[FIELDS.user_id, 1, row]
        user_hash = hash64(buffer, start, length)
        user = find_user(state, buffer, start, length, user_hash)
        u = state.users[user]
        mark_dirty(u, user, state.dirty_users, counts, DIRTY_USERS)
        if kind == FIELDS.contact:
            u.contacted_ms = max(u.contacted_ms, ts)
            continue
        if kind == FIELDS.refund:
            continue
        _use(u, starts, ts, kind == FIELDS.purchase)
        if kind == FIELDS.signup:
            u.signup_ms = min(u.signup_ms, ts)
        elif kind == FIELDS.trial:
            u.trial_ms = min(u.trial_ms, ts)
        for code, given, place in (
            (0, FIELDS.group_bit, FIELDS.group_id), (1, FIELDS.call_bit, FIELDS.call_id),
            (2, FIELDS.link_bit, FIELDS.link_id), (3, FIELDS.campaign_bit, FIELDS.campaign_id),
        ):  # fmt: skip
            if has(present, given):
                start, length = spans[place, 0, row], spans[place, 1, row]
                key = reference_key(user_hash, code, hash64(buffer, start, length))
                reference = find_reference(state, user, code, buffer, start, length, key)
                r = state.references[reference]
                mark_dirty(r, reference, state.dirty_references, counts, DIRTY_REFERENCES)
                _refer(r, starts, ts)
    return until, 0
