"""What members were at the end of a closed day, from what their partitions knew when they closed it. Compiled, pure.

Days come one after the other. A membership keeps what a later day needs: its newest acts by day, what was said of it,
and what it was on the day before.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.masks import DAY_BITS, window
from analytics.kernels.pairs import pair_row
from analytics.people.lists import Lists
from analytics.people.rhythm import next_day
from analytics.people.score_features import seen_on
from analytics.people.states import FAR, NEVER_MS, NO_DAY, Pairs, is_gone, state_of
from schemas.chat import Role

_ALIAS = get_args(Role).index("alias")
#: A membership. Days are numbers since 1970-01-01, `NO_DAY`: never. Bit 0 of the mask is the newest active day.
CLOSED = np.dtype(
    [
        ("low", "u8"),  # days of any activity
        ("high", "u8"),
        ("came_ms", "i8"),  # newest join or roster row; 0: none
        ("went_ms", "i8"),  # newest leave
        ("named", "i8"),  # newest role: time · 4 + role
        ("first_ms", "i8"),  # lowest time of anything that was said; NEVER_MS: nothing
        ("base_day", "i4"),  # newest active day
        ("left", "i4"),  # days from the newest active day that has left the mask to the base day; -1: none
        ("ever", "i4"),  # number of active days
        ("spoke_day", "i4"),
        ("reacted_day", "i4"),
        ("read_day", "i4"),
        ("first_day", "i4"),  # of anything known; NO_DAY: nothing
        ("joined_day", "i4"),  # first known join
        ("since_day", "i4"),  # of the state
        ("returned_day", "i4"),  # newest return from at risk or zombie; 0: none
        ("state", "u1"),  # at the end of the newest closed day; 0: not known
        ("reason", "u1"),
        ("fading", "u1"),
        ("by_name", "u1"),  # known by a name alone: as an alias, nobody
    ]
)
UNKNOWN = {
    "first_ms": NEVER_MS, "left": -1, "base_day": NO_DAY, "first_day": NO_DAY, "joined_day": NO_DAY,
    "spoke_day": NO_DAY, "reacted_day": NO_DAY, "read_day": NO_DAY,
}  # fmt: skip


class Around(NamedTuple):
    """What else is known at the end of a day: by person, by name, and by group."""

    person: NDArray[np.int32]  # of every name
    linked: NDArray[np.bool_]  # by name
    activity: NDArray[np.uint16]  # by person, in any group: a bit each of `states.ACTIVITY`
    active_in: NDArray[np.uint32]  # by person: groups in which the person was active in 28 days
    used_day: NDArray[np.int32]  # newest day on which the person used the product
    acts_of: Lists  # by person: rows of acts with a reference, of the last 28 days
    act_day: NDArray[np.int32]
    targets: NDArray[np.int32]  # of every act: a group, or -1 - the number of a call or link
    posted: Pairs  # (call or link, group)
    posted_then: NDArray[np.bool_]  # whether it had been posted by then
    roster_ms: NDArray[np.int64]  # by group: start of the newest complete roster; 0: none
    roster_day: NDArray[np.int32]
    reads_reported: NDArray[np.bool_]  # by group: somebody has read on a day up to then


@kernel
def acted(closed, rows, days, spoke, reacted, read):
    """Take active days of members, each member's in their order."""
    for i in range(len(rows)):
        c, day = closed[rows[i]], days[i]
        if c.ever:
            c.low, c.high, c.left, _ = seen_on(c.low, c.high, c.left, c.ever, day - c.base_day)
        if not c.low & np.uint64(1):
            c.ever += 1
        c.low, c.base_day = c.low | np.uint64(1), day
        c.first_day = day if c.first_day == NO_DAY else min(c.first_day, day)
        if spoke[i]:
            c.spoke_day = day
        if reacted[i]:
            c.reacted_day = day
        if read[i]:
            c.read_day = day


@kernel
def settle(closed, rows):
    """Have masks end with the newest active day, as `acted` keeps them."""
    for i in range(len(rows)):
        c = closed[rows[i]]
        idle = next_day(c.low, c.high)
        if idle < DAY_BITS:
            c.low, c.high = window(c.low, c.high, idle, 64), window(c.low, c.high, idle + 64, 64)
            c.left = c.left - idle if c.left >= 0 else c.left
        else:  # nothing but the newest of the older days is known
            idle, c.low, c.left = c.left, np.uint64(1), -1
        c.base_day -= idle


@kernel
def said(closed, rows, came_ms, went_ms, named, first_ms, first_day, joined_day, by_name):
    """Take what was said of members: of newest things the highest time counts, of first ones the lowest."""
    for i in range(len(rows)):
        c = closed[rows[i]]
        c.came_ms, c.went_ms = max(c.came_ms, came_ms[i]), max(c.went_ms, went_ms[i])
        c.named, c.first_ms = max(c.named, named[i]), min(c.first_ms, first_ms[i])
        c.first_day = first_day[i] if c.first_day == NO_DAY else min(c.first_day, first_day[i])
        if joined_day[i] != NO_DAY:
            c.joined_day = joined_day[i] if c.joined_day == NO_DAY else min(c.joined_day, joined_day[i])
        c.by_name = by_name[i]


@kernel
def _bits(newest, day):
    """In which windows of 1, 7 and 28 days that end with `day` its newest day lies."""
    ago = day - newest
    return (ago < 1) | (ago < 7) << 1 | (ago < 28) << 2


@kernel
def activity_of(c, day):
    """What a member did in the group in the windows that end with a day, a bit each of `states.ACTIVITY`."""
    return _bits(c.spoke_day, day) | _bits(c.reacted_day, day) << 3 | _bits(c.read_day, day) << 6


@kernel
def is_known(c):
    """Whether anything is known of a member who is not just another name of one."""
    return (c.ever > 0 or c.first_ms != NEVER_MS) and not (c.by_name and c.named & 3 == _ALIAS)


@kernel
def active_anywhere(closed, accounts, person, day, activity, active_in):
    """Mark what persons did in any group, a bit each of `states.ACTIVITY`, and count the groups."""
    for i in range(len(closed)):
        c = closed[i]
        found = activity_of(c, day)
        if found and is_known(c):
            who = person[accounts[i]]
            activity[who] |= found
            active_in[who] += 1


@kernel
def newest_of_persons(days, person, newest):
    """The newest day of the names of every person."""
    for name in range(len(days)):
        newest[person[name]] = max(newest[person[name]], days[name])


@kernel
def _acted_here(around, who, group, day):
    newest = NO_DAY
    for i in range(around.acts_of.firsts[who], around.acts_of.firsts[who + 1]):
        row = around.acts_of.rows[i]
        target, here = around.targets[row], False
        if target >= 0:
            here = target == group
        else:
            place = pair_row(around.posted.ones, around.posted.others, around.posted.places, -1 - target, group)
            here = place >= 0 and around.posted_then[place]
        if here:
            newest = max(newest, around.act_day[row])
    return day - newest


@kernel
def _ago(newest, day):
    return day - newest if newest != NO_DAY else FAR


@kernel
def close(closed, groups, accounts, around, day, state, reason):
    """State and reason of every membership at the end of a day; at risk where the score has not decided yet.

    closed: (n,) of `CLOSED`; groups, accounts: their numbers, shape (n,). Days alone are known of acts: a complete
    roster speaks against those who were last active on an earlier day than that of its start.
    """
    for i in range(len(closed)):
        c = closed[i]
        state[i], reason[i] = 0, 0
        if not is_known(c):
            continue
        who, group = around.person[accounts[i]], groups[i]
        seen_ms = 0 if c.first_ms == NEVER_MS else c.first_ms
        if c.ever and c.base_day >= around.roster_day[group]:
            seen_ms = NEVER_MS
        used = around.used_day[who]
        linked = around.linked[accounts[i]]
        state[i], reason[i] = state_of(
            is_gone(c.came_ms, c.went_ms, seen_ms, around.roster_ms[group]), c.named & 3, _ago(c.spoke_day, day),
            _ago(c.reacted_day, day), _ago(c.read_day, day), _acted_here(around, who, group, day), day - c.joined_day,
            _ago(used, day), 0 if around.activity[who] else FAR,
            around.reads_reported[group] or linked or used != NO_DAY,
        )  # fmt: skip


@kernel
def habits_then(closed, day, low, high, age, left, ever):
    """Write the `Habits` of all members at the end of a day, of any activity."""
    for i in range(len(closed)):
        c = closed[i]
        low[i], high[i], left[i], ever[i] = np.uint64(0), np.uint64(0), -1, 0
        if c.ever:
            low[i], high[i], left[i], ever[i] = seen_on(c.low, c.high, c.left, c.ever, day - c.base_day)
        age[i] = day - c.first_day


@kernel
def gone_for(closed, chosen, end_ms, found):
    """Whole days from when each chosen member left to the end of the day; -1 of those who are in the group."""
    for i in range(len(chosen)):
        c = closed[chosen[i]]
        found[i] = (end_ms - 1 - c.went_ms) // 86_400_000 if c.went_ms > 0 and c.went_ms >= c.came_ms else -1
