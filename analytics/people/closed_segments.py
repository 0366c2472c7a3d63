"""Which segment everybody was in at the end of a closed day, from what memberships and users were then. Compiled, pure.

Nothing is forgotten of closed days, so everybody who is known has a life cycle and a stage.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import mix
from analytics.people.closed import is_known
from analytics.people.segments import (
    ENGAGED,
    NEW,
    lifecycle_of,
    ranked,
    stage_of,
    win_back_of,
    worth_something,
)
from analytics.people.segments import is_known as is_customer
from analytics.people.states import NO_DAY

_FAR_DAY = 1 << 30
#: What memberships and users tell of a person. `member`: of some group, in any role; `plain`: a member and no more.
SEEN = np.dtype(
    [
        ("first_day", "i4"),
        ("last_day", "i4"),
        ("member", "u1"),
        ("plain", "u1"),
        ("activated", "u1"),
        ("known", "u1"),
    ]
)
#: A person at the end of a closed day, of whom the life cycle is 0 when nobody is known. Days are numbers; 0: none.
SEGMENT = np.dtype(
    [
        ("net", "i8"),
        ("currency", "i4"),  # that of most orders; -1: none
        ("orders", "i4"),
        ("last_order", "i4"),
        ("referred", "i4"),
        ("first_day", "i4"),
        ("last_day", "i4"),  # of those who are neither new nor engaged: it is what makes them what they are
        ("lifecycle", "u1"),
        ("stage", "u1"),
        ("win_back", "u1"),
        ("recency", "u1"),
        ("frequency", "u1"),
        ("monetary", "u1"),
    ]
)
_STEP = np.uint64(0xD6E8FEB86659FD93)


@kernel
def _of_members(closed, accounts, person, seen):
    for i in range(len(closed)):
        c = closed[i]
        if not is_known(c):
            continue
        one = seen[person[accounts[i]]]
        one.member = 1
        if c.named & 3:
            continue
        one.plain, one.first_day = 1, min(one.first_day, c.first_day)
        if c.joined_day != NO_DAY:
            one.first_day = min(one.first_day, c.joined_day)
        if c.ever:
            one.last_day = max(one.last_day, c.base_day)
        if c.spoke_day != NO_DAY:
            one.activated = 1


@kernel
def _of_users(began, used, signed_up, person, seen):
    for name in range(len(person)):
        one = seen[person[name]]
        if signed_up[name]:
            one.activated = 1
        if used[name] != NO_DAY:
            one.first_day, one.last_day = min(one.first_day, began[name]), max(one.last_day, used[name])


@kernel
def _decide(seen, day):
    for who in range(len(seen)):
        one = seen[who]
        one.known = is_customer(one.plain, not one.member, one.first_day, day)


def seen_by(
    closed: NDArray[Any], accounts: NDArray[Any], users: tuple[NDArray[Any], ...], person: NDArray[Any], day: int
) -> NDArray[Any]:
    """What is known of every person at the end of a day, `SEEN`; shape (names,).

    closed: memberships, `analytics.people.closed.CLOSED`; accounts: their numbers; users: by name, the first and the
    newest day of use (`NO_DAY`: none), and whether the user has signed up; person: of every name.
    """
    seen = np.zeros(len(person), SEEN)
    seen["first_day"], seen["last_day"] = _FAR_DAY, NO_DAY
    _of_members(closed, accounts, person, seen)
    _of_users(*users, person, seen)
    _decide(seen, day)
    return seen


class Bought(NamedTuple):
    """What orders of persons are worth, and whom they have referred; by person."""

    revenue: NDArray[np.bool_]  # whether orders in some currency are worth something
    worths: NDArray[Any]  # `analytics.people.orders.WORTH`
    most: NDArray[np.int32]  # row of the currency of most orders; -1: none
    scores: NDArray[np.uint8]  # points, shape (persons, 3)
    referred: NDArray[np.int32]


def bought_by(
    seen: NDArray[Any], firsts: NDArray[Any], worths: NDArray[Any], order_of: NDArray[Any], referred: NDArray[np.int32]
) -> Bought:
    """What everybody has bought, ranked among those who are known; firsts, worths: `analytics.people.orders.worths`;
    order_of: the place of every currency by name."""
    revenue = np.empty(len(seen), np.bool_)
    worth_something(firsts, worths, revenue)
    return Bought(revenue, worths, *ranked(firsts, worths, order_of, seen["known"] != 0), referred)


@kernel
def _segment(s, who, bought, day, one):
    one.lifecycle = lifecycle_of(s.first_day, s.last_day, NO_DAY, day)
    one.stage = stage_of(
        s.first_day, s.last_day, NO_DAY, day, s.activated, bought.revenue[who], bought.referred[who] > 0
    )
    one.win_back = win_back_of(one.lifecycle, s.activated, bought.revenue[who])
    recent = one.lifecycle == NEW or one.lifecycle == ENGAGED
    one.first_day, one.last_day = s.first_day, 0 if recent or s.last_day == NO_DAY else s.last_day
    one.referred = bought.referred[who]
    one.net, one.currency, one.orders, one.last_order = 0, -1, 0, 0
    if bought.most[who] >= 0:
        worth = bought.worths[bought.most[who]]
        one.net, one.currency, one.orders, one.last_order = worth.net, worth.currency, worth.orders, worth.last_day
    one.recency, one.frequency, one.monetary = bought.scores[who, 0], bought.scores[who, 1], bought.scores[who, 2]


@kernel
def segments(seen, bought, persons, day, found):
    """What these persons are at the end of a day; found: `SEGMENT`, of zeros."""
    for n in range(len(persons)):
        if seen[persons[n]].known:
            _segment(seen[persons[n]], persons[n], bought, day, found[n])


@kernel
def _pair(one, other):
    return np.uint64(one) << np.uint64(32) | np.uint64(np.uint32(other))


@kernel
def _hash(one):
    found = mix(np.uint64(one.net) ^ _STEP) + _STEP
    found = mix(found ^ _pair(one.currency, one.orders)) + _STEP
    found = mix(found ^ _pair(one.last_order, one.referred)) + _STEP
    found = mix(found ^ _pair(one.first_day, one.last_day)) + _STEP
    kinds = (np.int64(one.lifecycle) * 8 + one.stage) * 2 + one.win_back
    points = (np.int64(one.recency) * 8 + one.frequency) * 8 + one.monetary
    return mix(found ^ _pair(kinds, points)) | np.uint64(1)


@kernel
def hash_rows(rows, found):
    """A number of every row by which it is told from others; 0: nobody is known."""
    for i in range(len(rows)):
        found[i] = _hash(rows[i]) if rows[i].lifecycle else np.uint64(0)


@kernel
def hash_persons(seen, bought, day, scratch, found):
    """The same of every person's row at the end of a day, made in `scratch`, room for one."""
    for who in range(len(seen)):
        found[who] = np.uint64(0)
        if seen[who].known:
            _segment(seen[who], who, bought, day, scratch[0])
            found[who] = _hash(scratch[0])
