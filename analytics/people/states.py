"""What members are at the end of a day: the states of `effective_members`, the first that fits, for all at once.

The same rules as the view `member_states`, for whoever has everybody in memory. Compiled; no clock: the day is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.masks import count_bits, window
from analytics.kernels.pairs import has_pair
from analytics.people.score_features import seen_on

#: States by code, in the order in which a person's best is chosen; 0: not known yet on that day.
STATES = (
    "", "active", "participant", "lurker", "newcomer", "elsewhere", "unobservable", "at_risk", "zombie", "excluded",
    "left",
)  # fmt: skip
#: Which rule decided, by code.
REASONS = (
    "", "left", "operator", "alias", "bot", "spoke_7d", "spoke_28d", "reacted_28d", "read_28d", "acted_here_28d",
    "joined_7d", "used_28d", "other_group_28d", "no_reading_no_product", "score",
)  # fmt: skip
AT_RISK, ZOMBIE = STATES.index("at_risk"), STATES.index("zombie")
UNOBSERVABLE = STATES.index("unobservable")
_ACTIVE, _PARTICIPANT, _LURKER, _NEWCOMER, _ELSEWHERE, _UNOBSERVABLE = range(1, 7)
_EXCLUDED, _LEFT = STATES.index("excluded"), STATES.index("left")
_SPOKE_7D, _SPOKE_28D, _REACTED, _READ, _ACTED, _JOINED, _USED, _OTHER_GROUP, _UNKNOWN, _SCORE = range(5, 15)

#: What persons did in which windows, by bit; the columns of `people_days`.
ACTIVITY = tuple(f"{what}_{days}d" for what in ("speakers", "reactors", "readers") for days in (1, 7, 28))
_1D, _7D = np.uint64(1), np.uint64(0x7F)

NEVER_MS, NO_DAY = 2**62, -1_000_000
#: Days since something that never was.
FAR = 1_000_000
#: Bit 0 of a mask is the base day. Days are numbers since 1970-01-01.
MEMBER = np.dtype(
    [
        ("spoke_lo", "u8"),
        ("reacted_lo", "u8"),
        ("read_lo", "u8"),
        ("active_hi", "u8"),  # of any activity
        ("first_ms", "i8"),  # lowest time of any event about the member; NEVER_MS: none has landed
        ("last_ms", "i8"),  # newest activity; 0: none
        ("came_ms", "i8"),  # newest join or roster row before the day's end; 0: none
        ("went_ms", "i8"),  # newest leave before it
        ("named", "i8"),  # newest role before it: time · 4 + role, so that the higher of two at the same time counts
        ("base_day", "i4"),
        ("first_day", "i4"),
        ("joined_day", "i4"),  # first known join; NO_DAY: unknown
        ("previous", "u1"),  # state at the end of the day before
    ]
)
USER = np.dtype([("used_lo", "u8"), ("first_ms", "i8"), ("base_day", "i4")])
ACT = np.dtype([("acted_lo", "u8"), ("base_day", "i4")])
_ZERO = np.uint64(0)


class Pairs(NamedTuple):
    """Rows found by two numbers (`analytics.kernels.pairs`): as many as there are, and the index."""

    ones: NDArray[np.int32]
    others: NDArray[np.int32]
    places: NDArray[np.int32]


class Known(NamedTuple):
    """What is known of persons, by person, and of groups, by group."""

    used: NDArray[np.bool_]  # the product, within 28 days
    used_ever: NDArray[np.bool_]
    activity: NDArray[np.uint16]  # in any group, a bit each of `ACTIVITY`
    acted: Pairs  # (person, group): did something with the group's id, or one of its calls or links, within 28 days
    linked: NDArray[np.bool_]  # by name, not by person
    roster_ms: NDArray[np.int64]  # start of the newest complete roster; 0: none
    reads_reported: NDArray[np.bool_]


@kernel
def _lately(mask_lo, base_day, day, days):
    """Whether a mask has one of the `days` (at most 28) that end with `day`; its base is at most 27 days later."""
    return window(mask_lo, _ZERO, base_day - day, days) != _ZERO


@kernel
def active_persons(members, accounts, person, day, activity):
    """Mark what persons did anywhere in windows that end with `day`: a bit each of `ACTIVITY`, spoke in a day first."""
    for i in range(len(members)):
        m, found = members[i], 0
        for word, mask_lo in enumerate((m.spoke_lo, m.reacted_lo, m.read_lo)):
            recent = window(mask_lo, _ZERO, m.base_day - day, 28)
            if recent:
                found |= (4 | (recent & _7D != _ZERO) << 1 | (recent & _1D != _ZERO)) << 3 * word
        if found:
            activity[person[accounts[i]]] |= found


@kernel
def using_persons(users, names, person, day, end_ms, used, ever):
    """Mark the persons who used the product in the 28 days that end with `day`, and who did before its end at all."""
    for i in range(len(users)):
        u, who = users[i], person[names[i]]
        if _lately(u.used_lo, u.base_day, day, 28):
            used[who] = True
        if u.first_ms < end_ms:
            ever[who] = True


@kernel
def recent_acts(acts, day, found):
    """Which acts are of the 28 days that end with `day`."""
    for i in range(len(acts)):
        found[i] = _lately(acts[i].acted_lo, acts[i].base_day, day, 28)


@kernel
def newest_ago(mask_lo, base_day, day):
    """Days from the newest active day to `day`, 0 to 27; `FAR` if there is none. Later days do not count."""
    recent = window(mask_lo, _ZERO, base_day - day, 28)
    if recent == _ZERO:
        return FAR
    return count_bits((recent & (~recent + np.uint64(1))) - np.uint64(1))


@kernel
def is_gone(in_ms, out_ms, seen_ms, roster_ms):
    """Whether a member has left the group: the newest word is a leave, or a complete roster newer than every sign of
    the member."""
    return (out_ms > 0 and out_ms >= in_ms) or roster_ms > max(in_ms, seen_ms)


@kernel
def state_of(gone, role, spoke, reacted, read, acted_here, joined, used, elsewhere, observable):
    """State and reason at the end of a day, as far as the score does not decide: the first that fits.

    spoke, reacted, read (in the group), acted_here (in the product, with an id of the group), joined, used (the
    product), elsewhere (active in any group): days since, `FAR` if never; role: by `schemas.chat.Role`; observable:
    reading is reported, or the person is known in the product.
    """
    if gone:
        return _LEFT, 1
    if role:
        return _EXCLUDED, 1 + role
    if spoke < 7:
        return _ACTIVE, _SPOKE_7D
    if spoke < 28:
        return _PARTICIPANT, _SPOKE_28D
    if reacted < 28:
        return _PARTICIPANT, _REACTED
    if read < 28:
        return _LURKER, _READ
    if acted_here < 28:
        return _LURKER, _ACTED
    if 0 <= joined < 7:
        return _NEWCOMER, _JOINED
    if used < 28:
        return _ELSEWHERE, _USED
    if elsewhere < 28:
        return _ELSEWHERE, _OTHER_GROUP
    if not observable:
        return _UNOBSERVABLE, _UNKNOWN
    return AT_RISK, _SCORE


@kernel
def _state(m, group, account, who, day, known):
    acted = has_pair(known.acted.ones, known.acted.others, known.acted.places, who, group)
    seen_ms = max(m.last_ms, m.first_ms)
    return state_of(
        is_gone(m.came_ms, m.went_ms, seen_ms, known.roster_ms[group]), m.named & 3,
        newest_ago(m.spoke_lo, m.base_day, day), newest_ago(m.reacted_lo, m.base_day, day),
        newest_ago(m.read_lo, m.base_day, day), 0 if acted else FAR, day - m.joined_day,
        0 if known.used[who] else FAR, 0 if known.activity[who] else FAR,
        known.reads_reported[group] or known.linked[account] or known.used_ever[who],
    )  # fmt: skip


@kernel
def states(members, groups, accounts, person, day, end_ms, known, state, reason):
    """State and reason of every membership at the end of a day; at risk where the score has not decided yet.

    members: (n,) of `MEMBER`; groups, accounts: their numbers, shape (n,); person: of every name; end_ms: when the day
    ends.
    """
    for i in range(len(members)):
        m = members[i]
        state[i], reason[i] = 0, 0
        if m.first_ms < end_ms:
            who = person[accounts[i]]
            state[i], reason[i] = _state(m, groups[i], accounts[i], who, day, known)


@kernel
def best_states(state, accounts, person, best):
    """The best state of every person; 255 where there is none."""
    best[:] = 255
    for i in range(len(state)):
        if state[i]:
            who = person[accounts[i]]
            best[who] = min(best[who], state[i])


@kernel
def habits_of(members, chosen, day, low, high, age, left, ever):
    """Write the `Habits` of the chosen members at the end of a day, of any activity."""
    for i in range(len(chosen)):
        m = members[chosen[i]]
        active_lo = m.spoke_lo | m.reacted_lo | m.read_lo
        low[i], high[i], left[i], ever[i] = seen_on(active_lo, m.active_hi, -1, -1, day - m.base_day)
        age[i] = day - m.first_day


@kernel
def say(members, rows, came_ms, went_ms, named):
    """Fold what was said of members into what is known: the newest of each counts."""
    for i in range(len(rows)):
        m = members[rows[i]]
        m.came_ms, m.went_ms = max(m.came_ms, came_ms[i]), max(m.went_ms, went_ms[i])
        m.named = max(m.named, named[i])
