"""Who stayed, spoke and used the product so many days after a first join: bits per membership. Compiled, pure.

A day counts once it is closed, so that no answer changes because somebody was active later. Whoever is missing from a
complete roster has left, unless they are seen again afterwards, as in `analytics.people.exposure`.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.people.exposure import newest_before
from analytics.people.states import NEVER_MS

#: Days after the join.
NTH = (1, 7, 30, 60, 90)
#: Bits of a word: of each of `NTH` whether somebody spoke that day; of all but the first, whether within 7 days up to
#: it; the same of use; whether they were in the group at the end of the day; whether the account belongs to a user;
#: whether this is the person's first join.
SPOKE, SPOKE_7D, USED, USED_7D, STAYED, LINKED, FIRST = 0, 4, 9, 13, 18, 23, 24
#: More bits: whether somebody spoke by the end of day 7; and whether they spoke, reacted or read in the 28 days that
#: end with day 7, and with day 30. `SPANS` has the first and the last day of each, after the join.
SPOKE_BY_7, ACTIVE_7, ACTIVE_30 = 25, 26, 27
SPANS = {SPOKE_BY_7: (0, 7), ACTIVE_7: (-20, 7), ACTIVE_30: (3, 30)}
#: Those bits that tell of what somebody did in the group, and do not change when an account gets another owner.
IN_CHAT = np.uint32((1 << USED) - 1 | sum(1 << bit for bit in SPANS))
#: In place of the day of the first join: it is not known.
NO_JOIN = np.uint16(65535)
#: What a cohort counts of each of `NTH`.
COUNTS = ("base", "stayed", "spoke", "spoke_within_7d", "linked_base", "used", "used_within_7d")
#: Which bits of a word count, by which of `NTH` are closed (a bit each).
MASKS = np.array([
    sum(
        sum(1 << first + i for first in (SPOKE, USED, STAYED))
        + sum(1 << first + i for first in (SPOKE_7D, USED_7D) if i)
        for i in range(len(NTH))
        if closed >> i & 1
    )
    | (1 << LINKED) * (closed > 0)
    for closed in range(1 << len(NTH))
], np.uint32)  # fmt: skip
_DONE = np.uint32((1 << STAYED) - 1) | IN_CHAT
_0, _1 = np.uint32(0), np.uint32(1)


class Absences(NamedTuple):
    """When members were out of their group, sorted by membership: from a leave or a roster that misses them until they
    came again. A day is one at whose end they were out if it is the first, or after it, and before the other."""

    members: NDArray[np.int32]
    from_ms: NDArray[np.int64]
    first_day: NDArray[np.int32]
    until_day: NDArray[np.int32]
    missed: NDArray[np.uint8]


class Rosters(NamedTuple):
    """When complete rosters of groups began, sorted by group and time."""

    groups: NDArray[np.int32]
    days: NDArray[np.int64]
    start_ms: NDArray[np.int64]


@kernel
def on_day(age):
    """Bits of something done so many days after the join."""
    found = _0
    for i, n in enumerate(NTH):
        if age == n:
            found |= _1 << np.uint32(i)
        if i and n - 6 <= age <= n:
            found |= _1 << np.uint32(4 + i)
    return found


@kernel
def bit_of(first, i):
    """The bit of the i-th of `NTH`."""
    return _1 << np.uint32(first + i)


@kernel
def mark(words, joined, rows, counts, days, shift):
    """Mark in the words of rows what was done on days; counts: how many days each row has, one row after the other.

    joined: day of the join by row; rows below 0 are nobody's.
    """
    at = 0
    for k in range(len(rows)):
        row = rows[k]
        for i in range(at, at + counts[k]):
            if row >= 0 and joined[row] != NO_JOIN:
                words[row] |= on_day(np.int64(days[i]) - np.int64(joined[row])) << np.uint32(shift)
        at += counts[k]


@kernel
def mark_span(words, joined, rows, counts, days, first, last, bit):
    """Mark a bit in the words of rows that have a day from `first` to `last` days after the join; counts and joined as
    for `mark`."""
    at = 0
    for k in range(len(rows)):
        row = rows[k]
        for i in range(at, at + counts[k]):
            if row >= 0 and joined[row] != NO_JOIN and first <= np.int64(days[i]) - np.int64(joined[row]) <= last:
                words[row] |= bit_of(bit, 0)
        at += counts[k]


@kernel
def mark_persons(words, joined, e, persons, counts, days, shift):
    """The same in the words of all memberships of persons; e: `analytics.people.present.Everybody`."""
    at = 0
    for k in range(len(persons)):
        for j in range(e.members_of.firsts[persons[k]], e.members_of.firsts[persons[k] + 1]):
            row = e.members_of.rows[j]
            if joined[row] != NO_JOIN:
                for i in range(at, at + counts[k]):
                    words[row] |= on_day(np.int64(days[i]) - np.int64(joined[row])) << np.uint32(shift)
        at += counts[k]


@kernel
def in_group(m, row, group, day, absences, rosters):
    """Whether somebody was in the group at the end of a day."""
    joined = m.joined_day <= day and m.join_ms != NEVER_MS
    if m.first_ms == NEVER_MS or not (joined or m.first_day <= day):
        return False
    joined_ms = m.join_ms if joined else 0
    at = newest_before(rosters.groups, rosters.days, group, day + 1)
    roster_ms = rosters.start_ms[at] if at >= 0 else 0
    missed = roster_ms > max(joined_ms, m.last_ms)
    if m.in_ms == 0 and missed and roster_ms > m.first_ms:  # no roster has ever named them
        return False
    i = np.searchsorted(absences.members, row)
    while i < len(absences.members) and absences.members[i] == row:
        still = missed if absences.missed[i] else absences.from_ms[i] >= joined_ms
        if still and absences.first_day[i] <= day < absences.until_day[i]:
            return False
        i += 1
    return True


@kernel
def closed_of(joined, closed_day):
    """Which of `NTH` are closed, a bit each."""
    found = 0
    if joined != NO_JOIN:
        for i, n in enumerate(NTH):
            found |= (np.int64(joined) + n < closed_day) << i
    return found


@kernel
def closed_bits(joined, closed_days, found):
    """The same of many; shape (n,) each."""
    for i in range(len(joined)):
        found[i] = closed_of(joined[i], closed_days[i])


@kernel
def work_out_members(e, rows, joined, absences, rosters, words):
    """Work out the words of memberships but for what `mark` marks; e as above."""
    for row in rows:
        word, group = words[row] & _DONE, e.groups[row]
        closed = closed_of(joined[row], e.known_groups[group].closed_day)
        for i, n in enumerate(NTH):
            if closed >> i & 1 and in_group(
                e.members[row], row, group, np.int64(joined[row]) + n, absences, rosters
            ):  # fmt: skip
                word |= bit_of(STAYED, i)
        if e.linked[e.accounts[row]]:
            word |= bit_of(LINKED, 0)
        words[row] = word


@kernel
def work_out_persons(e, firsts, joined, absences, rosters, words):
    """The same of persons, in the words of their first joins: who was in any group, and is linked by any account."""
    for first in firsts:
        word, who = words[first] & _DONE | bit_of(FIRST, 0), e.person[e.accounts[first]]
        closed = closed_of(joined[first], e.known_groups[e.groups[first]].closed_day)
        for j in range(e.members_of.firsts[who], e.members_of.firsts[who + 1]):
            row = e.members_of.rows[j]
            for i, n in enumerate(NTH):
                if closed >> i & 1 and not word & bit_of(STAYED, i):
                    day = np.int64(joined[first]) + n
                    if in_group(e.members[row], row, e.groups[row], day, absences, rosters):
                        word |= bit_of(STAYED, i)
            if e.linked[e.accounts[row]]:
                word |= bit_of(LINKED, 0)
        words[first] = word


@kernel
def first_joins(e, persons, joined, words, firsts, before, tied):
    """The membership by which each person first joined any group, in `firsts`, and by words before; −1: there is none.

    tied: whether the person joined several groups then, of which this is one.
    """
    for k in range(len(persons)):
        firsts[k], before[k], tied[k] = -1, -1, False
        for j in range(e.members_of.firsts[persons[k]], e.members_of.firsts[persons[k] + 1]):
            row = e.members_of.rows[j]
            if words[row] & bit_of(FIRST, 0):
                before[k] = row
            if joined[row] == NO_JOIN:
                continue
            if firsts[k] < 0 or e.members[row].join_ms < e.members[firsts[k]].join_ms:
                firsts[k], tied[k] = row, False
            elif e.members[row].join_ms == e.members[firsts[k]].join_ms:
                tied[k] = True


@kernel
def closing(rows, groups, joined, before, now, found):
    """Mark the rows of which another of `NTH` is closed by now; before, now: first open days by group."""
    for k in range(len(rows)):
        group = groups[rows[k]]
        found[k] = closed_of(joined[rows[k]], before[group]) != closed_of(joined[rows[k]], now[group])
