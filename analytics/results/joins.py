"""How good joins were: what became of every first join, and what adds up by what brought it. Compiled, pure.

Who is an operator, an alias or a bot now is nobody's success, and does not count.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.people.present import acted
from analytics.people.retention import ACTIVE_7, ACTIVE_30, FIRST, NO_JOIN, NTH, SPOKE_BY_7, STAYED, bit_of
from analytics.people.states import FAR, NEVER_MS
from analytics.results.inviters import Quality, fit_prior, quality

_HOUR_MS, DAY_MS = 3_600_000, 86_400_000
#: Days after a person's first join within which what they do is a result of it.
RESULT_DAYS = 30
#: What a join counts as, a bit each. `new_people`: by it the person first joined any group.
COUNTS = (
    "joins", "invited", "left_1h", "left_1d", "left_7d", "joins_7d", "left_of_7d", "spoke_7d", "effective_7d",
    "joins_30d", "effective_30d", "new_people", "signed_up_30d",
)  # fmt: skip
#: What joins may be counted by; of a person's joins that are of one value, the first one counts the person, too.
DIMENSIONS = ("source", "inviter", "campaign", "channel")
_INVITER = DIMENSIONS.index("inviter")
JOINED, OBSERVED, NEW = (np.uint32(1 << COUNTS.index(name)) for name in ("joins", "joins_30d", "new_people"))
(
    _INVITED, _LEFT_1H, _LEFT_1D, _LEFT_7D, _JOINS_7D, _LEFT_OF_7D, _SPOKE_7D, _EFFECTIVE_7D, _JOINS_30D,
    _EFFECTIVE_30D, _, _SIGNED_UP,
) = range(1, len(COUNTS))  # fmt: skip
_PEOPLE = len(COUNTS)
_ON_7, _ON_30 = NTH.index(7), NTH.index(30)


@kernel
def left_ms(m, row, group, absences, rosters):
    """When a member first left after joining: by a leave, or a complete roster that does not name them, unless they
    were active, or came again that day; `NEVER_MS`: they have not."""
    found = np.int64(NEVER_MS)
    i = np.searchsorted(absences.members, row)
    while i < len(absences.members) and absences.members[i] == row:
        if not absences.missed[i]:
            if absences.from_ms[i] >= m.join_ms:
                found = min(found, absences.from_ms[i])
        else:
            least = max(absences.from_ms[i], m.join_ms, m.last_ms + 1)
            j = np.searchsorted(rosters.groups, group)
            while j < len(rosters.groups) and rosters.groups[j] == group and rosters.start_ms[j] < least:
                j += 1
            if j < len(rosters.groups) and rosters.groups[j] == group and rosters.days[j] < absences.until_day[i]:
                found = min(found, rosters.start_ms[j])
        i += 1
    return found


@kernel
def _signed_up(e, who, first_day):
    """Whether a person signed up on one of the days from the first on that are results of a join."""
    for i in range(e.users_of.firsts[who], e.users_of.firsts[who + 1]):
        if first_day <= e.users[e.users_of.rows[i]].signup_day <= first_day + RESULT_DAYS:
            return True
    return False


@kernel
def _effective(e, who, row, own, joined, i, active):
    """Whether a member was effective at the end of the day of the i-th of `NTH`."""
    if not own[row] & bit_of(STAYED, i):
        return False
    return own[row] & bit_of(active, 0) != 0 or acted(e, who, e.groups[row], joined + NTH[i])[0] < FAR


@kernel
def _of_join(e, who, row, joined, closed, own, of, left):
    """The word of a join, but for the inviter and people; closed: which of `NTH` are (bits); left: after so long."""
    word = JOINED
    word |= bit_of(_LEFT_1H, 0) * np.uint32(left <= _HOUR_MS)
    word |= bit_of(_LEFT_1D, 0) * np.uint32(left <= DAY_MS)
    word |= bit_of(_LEFT_7D, 0) * np.uint32(left <= 7 * DAY_MS)
    if closed >> _ON_7 & 1:
        word |= bit_of(_JOINS_7D, 0)
        word |= bit_of(_LEFT_OF_7D, 0) * np.uint32(left <= 7 * DAY_MS)
        word |= bit_of(_SPOKE_7D, 0) * np.uint32(own[row] & bit_of(SPOKE_BY_7, 0) != 0)
        word |= bit_of(_EFFECTIVE_7D, 0) * np.uint32(_effective(e, who, row, own, joined, _ON_7, ACTIVE_7))
    if closed >> _ON_30 & 1:
        word |= bit_of(_JOINS_30D, 0)
        word |= bit_of(_EFFECTIVE_30D, 0) * np.uint32(_effective(e, who, row, own, joined, _ON_30, ACTIVE_30))
    if of[row] & bit_of(FIRST, 0):
        word |= NEW
        word |= bit_of(_SIGNED_UP, 0) * np.uint32(_signed_up(e, who, joined))
    return word


@kernel
def work_out(e, persons, joined, closed, own, of, absences, rosters, values, words):
    """Work out the words of all memberships of these persons, one person after the other; shape (k,) of memberships.

    joined: days of first joins, and own, of: words of `analytics.people.retention`, by membership; closed: which of
    `NTH` are, (k,); values: by `DIMENSIONS`, −1 for none, (4, k).
    """
    first = 0
    for who in persons:
        k = first
        for at in range(e.members_of.firsts[who], e.members_of.firsts[who + 1]):
            row = e.members_of.rows[at]
            m = e.members[row]
            words[k] = 0
            if joined[row] != NO_JOIN and not m.role:
                left = left_ms(m, row, e.groups[row], absences, rosters) - m.join_ms
                words[k] = _of_join(e, who, row, np.int64(joined[row]), closed[k], own, of, left)
                if values[_INVITER, k] >= 0:
                    words[k] |= bit_of(_INVITED, 0)
                for d in range(len(DIMENSIONS)):
                    again = values[d, k] < 0
                    for j in range(first, k):
                        again |= words[j] & JOINED != 0 and values[d, j] == values[d, k]
                    if not again:
                        words[k] |= bit_of(_PEOPLE, d)
            k += 1
        first = k


@kernel
def add_up(words, cells, sign, counts, changed):
    """Count joins in their cells, or with sign −1 no longer. cells: by `DIMENSIONS`, −1 for none, (4, k); counts: by
    cell, `COUNTS` and people, (cells, 14); changed: by cell, marked 1, or 3 where what is observed may have changed."""
    for d in range(len(DIMENSIONS)):
        for k in range(len(words)):
            cell, word = cells[d, k], words[k]
            if cell < 0 or not word & JOINED:
                continue
            changed[cell] |= 3 if word & OBSERVED else 1
            for i in range(_PEOPLE):
                counts[cell, i] += sign * np.int32(word >> np.uint32(i) & np.uint32(1))
            counts[cell, _PEOPLE] += sign * np.int32(word >> np.uint32(_PEOPLE + d) & np.uint32(1))


def qualities(effective: NDArray[np.int32], observed: NDArray[np.int32]) -> Quality:
    """What is to be expected of the joins of each value of a dimension; the same in whatever order the values come."""
    order = np.lexsort((effective, observed))
    prior = fit_prior(effective[order], observed[order])
    pairs, places = np.unique(np.stack([effective, observed]), axis=1, return_inverse=True)
    found = quality(pairs[0], pairs[1], prior)
    return Quality(found.mean[places], found.lower[places])
