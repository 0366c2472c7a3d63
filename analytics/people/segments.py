"""Which segment everybody is in: life cycle, stage, win-back, and scores by rank among buyers in the same currency.

Pure; what goes through persons is compiled. Days are numbers since 1970-01-01; `NO_DAY`: none.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.masks import count_bits, window
from analytics.people.states import NEVER_MS, NO_DAY

#: By code; 0: no longer known.
LIFECYCLES = ("", "new", "engaged", "fading", "dormant", "lost")
STAGES = ("", "acquisition", "activation", "retention", "revenue", "referral")
NEW, ENGAGED, _FADING, _DORMANT, _LOST = range(1, 6)
_ACQUISITION, _ACTIVATION, _RETENTION, _REVENUE, _REFERRAL = range(1, 6)
#: Reaches of a mask, in days.
_MASK = 128
#: A person at the end of a day. `known`: somebody by then, and not only operator, alias or bot.
SEGMENT = np.dtype(
    [
        ("known", "u1"),
        ("lifecycle", "u1"),
        ("stage", "u1"),
        ("win_back", "i1"),  # -1: no longer known
        ("first_day", "i4"),
        ("last_day", "i4"),
    ]
)


@kernel
def newest_active(low, high, base_day, day):
    """The newest active day up to `day` that a mask still has; `NO_DAY`: none."""
    age = max(base_day - day, 0)
    for _ in range(2):
        word = window(low, high, age, 64)
        if word != np.uint64(0):
            return base_day - age - count_bits((word & (~word + np.uint64(1))) - np.uint64(1))
        age += 64
    return NO_DAY


@kernel
def lifecycle_of(first, last, forgotten, day):
    """The life cycle, the first that fits; forgotten: newest day that the masks no longer tell of."""
    since = max(first, last)
    if day - first < 7:
        return NEW
    if last != NO_DAY and day - last < 14:
        return ENGAGED
    if forgotten > since and day - forgotten < 90:  # active since, for all that is known, and lately
        return 0
    if day - since < 28:
        return _FADING
    return _DORMANT if day - since < 90 else _LOST


@kernel
def stage_of(first, last, forgotten, day, activated, revenue, referred):
    """The stage, the last that fits."""
    if referred:
        return _REFERRAL
    if revenue:
        return _REVENUE
    if last >= first + 28 and day - last < 28:
        return _RETENTION
    if forgotten >= first + 28 and day - forgotten < 28:
        return 0
    return _ACTIVATION if activated else _ACQUISITION


@kernel
def win_back_of(lifecycle, activated, revenue):
    """Whether somebody is gone and worth winning back; -1: no longer known."""
    if lifecycle == 0:
        return -1 if revenue or activated else 0
    return (lifecycle >= _DORMANT and revenue) or (lifecycle == _DORMANT and activated)


@kernel
def is_known(plain, only_used, first, day):
    """Whether somebody is a customer and known by then: neither only operator, alias or bot, nor later."""
    return (plain or only_used) and first <= day


@kernel
def segments(e, persons, day, revenue, referred, found):
    """What these persons are at the end of a day.

    e: `analytics.people.present.Everybody`; revenue, referred: of every person, whether orders are worth something,
    and whether somebody was referred.
    """
    for n in range(len(persons)):
        who = persons[n]
        first, last, forgotten, activated = NEVER_MS, NO_DAY, NO_DAY, False
        plain, only_used = False, True
        for i in range(e.members_of.firsts[who], e.members_of.firsts[who + 1]):
            m = e.members[e.members_of.rows[i]]
            if m.first_ms == NEVER_MS:
                continue
            only_used = False
            if m.role:
                continue
            plain = True
            first = min(first, m.first_day if m.joined_day == NO_DAY else min(m.first_day, m.joined_day))
            active, reach = m.last_ms > 0, m.first_day
            if active:
                low = m.spoke_lo | m.reacted_lo | m.read_lo
                last = max(last, newest_active(low, m.active_hi, m.base_day, day))
                reach = m.base_day - _MASK + 1
                activated |= m.spoke_ms > 0 and (
                    m.base_day <= day or newest_active(m.spoke_lo, np.uint64(0), m.base_day, day) != NO_DAY
                )
            if m.first_day <= min(reach - 1, day):
                forgotten = max(forgotten, min(reach - 1, day))
        for i in range(e.users_of.firsts[who], e.users_of.firsts[who + 1]):
            u = e.users[e.users_of.rows[i]]
            activated |= NO_DAY < u.signup_day <= day
            if u.last_ms == 0:
                continue
            first = min(first, u.first_day)
            last = max(last, newest_active(u.used_lo, u.used_hi, u.base_day, day))
            if u.first_day <= min(u.base_day - _MASK, day):
                forgotten = max(forgotten, min(u.base_day - _MASK, day))
        one = found[n]
        one.known = is_known(plain, only_used, first, day)
        if one.known:
            one.first_day, one.last_day = first, last
            one.lifecycle = lifecycle_of(first, last, forgotten, day)
            one.stage = stage_of(first, last, forgotten, day, activated, revenue[who], referred[who])
            one.win_back = win_back_of(one.lifecycle, activated, revenue[who])


@kernel
def worth_something(firsts, worths, revenue):
    """Of every person, whether orders in some currency are worth something after refunds."""
    for who in range(len(revenue)):
        revenue[who] = False
        for i in range(firsts[who], firsts[who + 1]):
            revenue[who] |= worths[i].net > 0


@kernel
def main_worths(firsts, worths, order_of, known, most):
    """Of every person who is known, the row of the currency with most orders, of two the first by name; -1: none.

    order_of: the place of every currency by name.
    """
    for who in range(len(most)):
        most[who] = -1
        if not known[who]:
            continue
        for i in range(firsts[who], firsts[who + 1]):
            one, best = worths[i], worths[max(most[who], 0)]
            if (
                most[who] < 0
                or one.orders > best.orders
                or (one.orders == best.orders and order_of[one.currency] < order_of[best.currency])
            ):
                most[who] = i


def ranked(
    firsts: NDArray[Any], worths: NDArray[Any], order_of: NDArray[Any], known: NDArray[Any]
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Of every person the row of `main_worths`, and points by last order, number of orders, and their value; 0: none.

    Everybody who is known and has bought is compared with everybody else whose main currency is the same.
    """
    most, scores = np.empty(len(known), np.int32), np.zeros((len(known), 3), np.uint8)
    main_worths(firsts, worths, order_of, known, most)
    buyers = np.flatnonzero(most >= 0)
    mine = worths[most[buyers]]
    for n, name in enumerate(("last_day", "orders", "net")):
        scores[buyers, n] = points(mine[name], mine["currency"])
    return most, scores


def referred(by: NDArray[Any], who: NDArray[Any], count: int) -> NDArray[np.int32]:
    """How many others each person has referred. by, who: persons of whom one named the other, in any order and number;
    people do not refer themselves."""
    other = by != who
    pairs = np.unique(by[other].astype(np.int64) << 32 | who[other])
    return np.bincount(pairs >> 32, minlength=count).astype(np.int32)


def points(values: NDArray[Any], among: NDArray[Any]) -> NDArray[np.int64]:
    """1 to 5 by rank among those with the same number; equal values share the lower one; shape (n,)."""
    found = np.empty(len(values), np.int64)
    for number in np.unique(among):
        mine = np.flatnonzero(among == number)
        lower = np.searchsorted(np.sort(values[mine]), values[mine])
        found[mine] = 5 * lower // len(mine) + 1
    return found
