"""What everybody is now: the states of the members of chosen persons, and the evidence for them. Compiled, pure.

All windows are whole days that end with the day given; what a wrong clock puts after it does not count.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.pairs import has_pair
from analytics.people.lists import Lists
from analytics.people.states import FAR, LURKER, NEVER_MS, Pairs, is_better, is_gone, newest_ago, state_of

#: A membership as its worker last wrote it. Bit 0 of a mask is the base day. Days are numbers since 1970-01-01.
MEMBER = np.dtype(
    [
        ("spoke_lo", "u8"),
        ("reacted_lo", "u8"),
        ("read_lo", "u8"),
        ("active_hi", "u8"),  # of any activity
        ("first_ms", "i8"),  # lowest time of any event about the member; NEVER_MS: none has landed
        ("last_ms", "i8"),  # newest activity; 0: none
        ("spoke_ms", "i8"),  # newest message; 0: none
        ("join_ms", "i8"),  # first known join; NEVER_MS: unknown
        ("in_ms", "i8"),  # newest join or roster row; 0: none
        ("out_ms", "i8"),  # newest leave; 0: none
        ("base_day", "i4"),
        ("first_day", "i4"),
        ("joined_day", "i4"),  # first known join; NO_DAY: unknown
        ("since_day", "i4"),  # of the state at the end of the newest closed day
        ("inviter", "i4"),  # account by the first known join, by number; -1: none
        ("returned_day", "i4"),  # newest closed day of a return from at risk or zombie; 0: none
        ("role", "u1"),  # by `schemas.chat.Role`
        ("state", "u1"),  # as it was last worked out; 0: not known
        ("previous", "u1"),  # state at the end of the newest closed day
        ("silent", "u1"),  # unobservable, with the chance of a zombie
    ]
)
USER = np.dtype(
    [
        ("used_lo", "u8"),
        ("used_hi", "u8"),
        ("first_ms", "i8"),
        ("last_ms", "i8"),  # newest act of the user; 0: none
        ("base_day", "i4"),
        ("first_day", "i4"),
        ("signup_day", "i4"),  # first; NO_DAY: unknown
    ]
)
ACT = np.dtype([("acted_lo", "u8"), ("last_ms", "i8"), ("base_day", "i4")])
GROUP = np.dtype(
    [
        ("roster_ms", "i8"),  # start of the newest complete roster; 0: none
        ("first_ms", "i8"),  # lowest event time; NEVER_MS: nothing has landed
        ("closed_day", "i4"),  # the first that is not closed
        ("members", "i4"),  # the platform's own count; -1: unknown
        ("reads_reported", "u1"),
    ]
)
#: What a member's state rests on, beside the membership itself.
EVIDENCE = np.dtype(
    [
        ("state", "u1"),
        ("reason", "u1"),
        ("linked", "u1"),
        ("in_product", "u1"),
        ("groups", "i4"),  # in which the person was active in 28 days
        ("acted_ms", "i8"),  # newest act in the product with an id of the group; 0: none
        ("used_ms", "i8"),  # newest act in the product; 0: none
    ]
)


class Everybody(NamedTuple):
    """All that is known. By row of its kind, by group, and by name (accounts and users are names of one list)."""

    members: NDArray[np.void]
    groups: NDArray[np.int32]  # of every membership
    accounts: NDArray[np.int32]
    users: NDArray[np.void]
    acts: NDArray[np.void]
    targets: NDArray[np.int32]  # of every act: a group, or -1 - the number of a call or link
    posted: Pairs  # (call or link, group)
    known_groups: NDArray[np.void]
    person: NDArray[np.int32]  # of every name
    linked: NDArray[np.bool_]  # by name
    members_of: Lists  # by person, as the following
    users_of: Lists
    acts_of: Lists


@kernel
def _product(e, who, day, end_ms):
    """Days since the person used the product, when that was, and whether that is so at all before the day's end."""
    used, used_ms, ever = FAR, 0, False
    for i in range(e.users_of.firsts[who], e.users_of.firsts[who + 1]):
        u = e.users[e.users_of.rows[i]]
        used = min(used, newest_ago(u.used_lo, u.base_day, day))
        used_ms = max(used_ms, u.last_ms)
        ever |= u.first_ms < end_ms
    return used, used_ms, ever


@kernel
def acted(e, who, group, day):
    """Days since the person did something with the group's id, or a call or link of it; and when that was."""
    ago, acted_ms = FAR, 0
    for i in range(e.acts_of.firsts[who], e.acts_of.firsts[who + 1]):
        row = e.acts_of.rows[i]
        target = e.targets[row]
        here = target == group if target >= 0 else has_pair(
            e.posted.ones, e.posted.others, e.posted.places, -1 - target, group
        )  # fmt: skip
        if here:
            ago = min(ago, newest_ago(e.acts[row].acted_lo, e.acts[row].base_day, day))
            acted_ms = max(acted_ms, e.acts[row].last_ms)
    return ago, acted_ms


@kernel
def is_in(m, group):
    """Whether somebody is in the group now."""
    return m.first_ms != NEVER_MS and not is_gone(m.in_ms, m.out_ms, max(m.last_ms, m.first_ms), group.roster_ms)


@kernel
def _active(m, day):
    return min(
        newest_ago(m.spoke_lo, m.base_day, day), newest_ago(m.reacted_lo, m.base_day, day),
        newest_ago(m.read_lo, m.base_day, day),
    )  # fmt: skip


@kernel
def members_now(e, persons, day, end_ms, rows, evidence):
    """Members of these persons and what they are: `rows` and `evidence` have room for all. Returns how many.

    At risk is everybody about whom the score decides.
    """
    count = 0
    for who in persons:
        used, used_ms, ever = _product(e, who, day, end_ms)
        groups = 0
        for i in range(e.members_of.firsts[who], e.members_of.firsts[who + 1]):
            m = e.members[e.members_of.rows[i]]
            groups += m.first_ms != NEVER_MS and _active(m, day) < FAR
        for i in range(e.members_of.firsts[who], e.members_of.firsts[who + 1]):
            row = e.members_of.rows[i]
            m, group, found = e.members[row], e.groups[row], evidence[count]
            if m.first_ms == NEVER_MS:
                continue
            acted_ago, acted_ms = acted(e, who, group, day)
            g = e.known_groups[group]
            linked = e.linked[e.accounts[row]]
            found.linked, found.in_product = linked, linked or ever
            found.groups, found.acted_ms, found.used_ms = groups, acted_ms, used_ms
            found.state, found.reason = state_of(
                is_gone(m.in_ms, m.out_ms, max(m.last_ms, m.first_ms), g.roster_ms), m.role,
                newest_ago(m.spoke_lo, m.base_day, day), newest_ago(m.reacted_lo, m.base_day, day),
                newest_ago(m.read_lo, m.base_day, day), acted_ago, day - m.joined_day, used, 0 if groups else FAR,
                g.reads_reported or linked or ever,
            )  # fmt: skip
            rows[count] = row
            count += 1
    return count


@kernel
def best_states_of(members, members_of, persons, best, silent):
    """The best state of each of these persons, 255 where there is none; and who is silent in all of that state."""
    for who in persons:
        best[who], silent[who] = 255, 0
        for i in range(members_of.firsts[who], members_of.firsts[who + 1]):
            m = members[members_of.rows[i]]
            if is_better(m.state, m.silent, best[who], silent[who]):
                best[who], silent[who] = m.state, m.silent


@kernel
def count_states(members, groups, rows, sign, counts, silent):
    """Count what these memberships are in their groups, counts: (groups, states), and how many are silent; with sign
    -1, no longer."""
    for row in rows:
        m = members[row]
        if m.state > 0:
            counts[groups[row], m.state] += sign
            silent[groups[row]] += sign * m.silent


@kernel
def count_effective(members, groups, members_of, persons, counted, seen, counts):
    """Count in how many groups these persons are effective, in each group once, instead of what they were before.

    counted: whether a membership counts for its person, of all memberships; seen: by group, zeros; counts: by group.
    """
    for n in range(len(persons)):
        first, end = members_of.firsts[persons[n]], members_of.firsts[persons[n] + 1]
        for i in range(first, end):
            row = members_of.rows[i]
            group, state = groups[row], members[row].state
            counts[group] -= counted[row]
            counted[row] = 0 < state <= LURKER and seen[group] != n + 1
            if counted[row]:
                seen[group] = n + 1
                counts[group] += 1
