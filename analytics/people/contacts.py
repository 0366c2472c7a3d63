"""Whom operators have reached, what came of it, and whom to contact next. Compiled, pure.

A contact counts for the person to whom its user belongs: with a group in that group only, without one in all of them.
Days are numbers since 1970-01-01.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.arena import later_id
from analytics.kernels.compiled import kernel
from analytics.kernels.masks import DAY_BITS
from analytics.kernels.pairs import pair_row
from analytics.people.lists import Lists
from analytics.people.segments import newest_active
from analytics.people.states import AT_RISK, NEVER_MS, NO_DAY, STATES

#: Days within which somebody comes back after a contact, or not; in which nobody is contacted again, and in which
#: nobody who refused is.
RETURN_DAYS, REST_DAYS, REFUSED_DAYS = 14, 14, 90
#: So many of a group are ranked for the next contact: one more or less moves no more rows than that.
RANKED = 1000
#: Scores of the same days may differ in the last digit, which must not decide.
_SCORE_PARTS = 10**9
_NEWCOMER = STATES.index("newcomer")
#: Contacts with one user about one group, or about none.
TOLD = np.dtype(
    [
        ("ts_ms", "i8"),  # of the newest
        ("count", "i4"),
        ("day", "i4"),  # of the newest
        ("refused_day", "i4"),  # newest that was refused; NO_DAY: none
        ("event", "i4"),  # the newest one's id, by number
        ("words", "i4"),  # what the newest one says, by number
    ]
)
#: What contacts mean to a membership.
CONTACTED = np.dtype(
    [
        ("contacts", "i4"),
        ("newest", "i4"),  # row of the newest; -1: none
        ("after_join", "i1"),  # -1: not known, as the following
        ("returned_14d", "i1"),
        ("priority", "i8"),
    ]
)


class Names(NamedTuple):
    """Ids by number: where each lies in an arena (`analytics.kernels.arena`)."""

    labels: NDArray[np.int64]
    arena: NDArray[np.uint8]


class Contacts(NamedTuple):
    """All contacts: rows of `TOLD`, the place that each is about (0: none, else a group's number + 1), which rows each
    person has, and their event ids."""

    told: NDArray[np.void]
    places: NDArray[np.int32]
    of: Lists
    events: Names


class Facts(NamedTuple):
    """Contacts with users, all of each user's, sorted by user, group, time and event id; shape (n,)."""

    user: NDArray[np.int32]
    place: NDArray[np.int32]
    ts_ms: NDArray[np.int64]
    day: NDArray[np.int32]
    refused: NDArray[np.bool_]


def newest_told(facts: Facts) -> tuple[NDArray[np.int64], NDArray[np.void]]:
    """Row of the newest contact with each user about each group, and what there is to know (`TOLD`, without `event`
    and `words`)."""
    new = np.ones(len(facts.user), np.bool_)
    new[1:] = (np.diff(facts.user) != 0) | (np.diff(facts.place) != 0)
    firsts = np.flatnonzero(new)
    last = np.flatnonzero(np.append(new, True)[1:])
    told = np.zeros(len(firsts), TOLD)
    told["ts_ms"], told["day"], told["count"] = facts.ts_ms[last], facts.day[last], last - firsts + 1
    if len(firsts):
        told["refused_day"] = np.maximum.reduceat(np.where(facts.refused, facts.day, NO_DAY), firsts)
    return last, told


@kernel
def count_invited(members, accounts, members_in, pairs, groups, invited):
    """How many members of these groups each member has invited, by their first known joins.

    pairs: memberships by group and account. invited: of every membership, zeros.
    """
    for group in groups:
        for i in range(members_in.firsts[group], members_in.firsts[group + 1]):
            row = members_in.rows[i]
            inviter = members[row].inviter
            if inviter >= 0 and inviter != accounts[row] and members[row].first_ms != NEVER_MS:
                by = pair_row(pairs.ones, pairs.others, pairs.places, group, inviter)
                if by >= 0:
                    invited[by] += 1


@kernel
def returned_after(contacted, low, high, active, base_day, first_day):
    """What one day mask says of the days after a contact: 1 active on one of them, 0 not, -1 it does not reach back."""
    until = contacted + RETURN_DAYS
    if not active:
        return 0
    if newest_active(low, high, base_day, until) > contacted:
        return 1
    return -1 if max(first_day, contacted + 1) <= min(base_day - DAY_BITS, until) else 0


@kernel
def _returned(e, m, who, contacted, today):
    """Whether the member came back here, or the person in the product; -1: not known, or not yet."""
    low = m.spoke_lo | m.reacted_lo | m.read_lo
    found = returned_after(contacted, low, m.active_hi, m.last_ms > 0, m.base_day, m.first_day)
    for i in range(e.users_of.firsts[who], e.users_of.firsts[who + 1]):
        u = e.users[e.users_of.rows[i]]
        one = returned_after(contacted, u.used_lo, u.used_hi, u.last_ms > 0, u.base_day, u.first_day)
        found = 1 if found == 1 or one == 1 else min(found, one)
    return -1 if found == 0 and contacted + RETURN_DAYS >= today else found


@kernel
def priority_of(state, fades, contacted, barred, pays, score):
    """The higher, the sooner to contact; 0: do not. By class, then who pays, then the score."""
    if barred:
        return 0
    if state == _NEWCOMER and not contacted:
        kind = 3
    elif fades:
        kind = 2
    elif state == AT_RISK:
        kind = 1
    else:
        return 0
    return (2 * kind + pays) << 32 | np.int64(np.round(score * _SCORE_PARTS))


@kernel
def _later(c, one, other):
    a, b = c.told[one], c.told[other]
    if a.ts_ms != b.ts_ms:
        return a.ts_ms > b.ts_ms
    return later_id(c.events.arena, c.events.labels[a.event], c.events.labels[b.event])


@kernel
def contacted_members(e, c, rows, score, fades, pays, today, found):
    """What contacts mean to these memberships, into `found` (`CONTACTED`).

    e: `analytics.people.present.Everybody`; c: `Contacts`; score, fades: of these memberships; pays: of every person.
    """
    for n in range(len(rows)):
        m, place, one = e.members[rows[n]], e.groups[rows[n]] + 1, found[n]
        who = e.person[e.accounts[rows[n]]]
        one.newest, one.contacts, refused = -1, 0, NO_DAY
        for i in range(c.of.firsts[who], c.of.firsts[who + 1]):
            row = c.of.rows[i]
            if c.places[row] == 0 or c.places[row] == place:
                one.contacts += c.told[row].count
                refused = max(refused, c.told[row].refused_day)
                if one.newest < 0 or _later(c, row, one.newest):
                    one.newest = row
        one.after_join, one.returned_14d, barred = -1, -1, False
        if one.newest >= 0:
            newest = c.told[one.newest]
            one.returned_14d = _returned(e, m, who, newest.day, today)
            if m.join_ms != NEVER_MS:
                one.after_join = newest.ts_ms >= m.join_ms
            barred = newest.day > today - REST_DAYS or refused > today - REFUSED_DAYS
        one.priority = priority_of(m.state, fades[n], one.newest >= 0, barred, pays[who], score[n])


@kernel
def _sooner(one, other, priority, accounts, names):
    if priority[one] != priority[other]:
        return priority[one] > priority[other]
    return later_id(names.arena, names.labels[accounts[other]], names.labels[accounts[one]])


@kernel
def _sift(heap, at, count, priority, accounts, names):
    """Move a row down until none below it comes later."""
    while 2 * at + 1 < count:
        below = 2 * at + 1
        if below + 1 < count and _sooner(heap[below], heap[below + 1], priority, accounts, names):
            below += 1
        if not _sooner(heap[at], heap[below], priority, accounts, names):
            return
        heap[at], heap[below] = heap[below], heap[at]
        at = below


@kernel
def _sort(heap, count, priority, accounts, names):
    for at in range(count // 2 - 1, -1, -1):
        _sift(heap, at, count, priority, accounts, names)
    for end in range(count - 1, 0, -1):
        heap[0], heap[end] = heap[end], heap[0]
        _sift(heap, 0, end, priority, accounts, names)


@kernel
def rank_next(members_in, groups, priority, accounts, names, heap, rank):
    """Rank the members of these groups for the next contact: by priority, then by the id of the account.

    priority: of every membership; names: `Names`; heap: room for as many rows as are ranked, shape (`RANKED`,).
    rank: of every membership; 0: not to be contacted, or not among the first.
    """
    for group in groups:
        count = 0
        for i in range(members_in.firsts[group], members_in.firsts[group + 1]):
            row = members_in.rows[i]
            rank[row] = 0
            if priority[row] == 0:
                continue
            if count < len(heap):
                heap[count] = row
                count += 1
                if count == len(heap):  # from here on, the last of them is on top
                    for at in range(count // 2 - 1, -1, -1):
                        _sift(heap, at, count, priority, accounts, names)
            elif _sooner(row, heap[0], priority, accounts, names):
                heap[0] = row
                _sift(heap, 0, count, priority, accounts, names)
        _sort(heap, count, priority, accounts, names)
        for i in range(count):
            rank[heap[i]] = i + 1
