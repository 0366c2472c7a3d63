"""How alive groups are in the hours and days that end now: who was active, who bought, what was counted. Compiled.

Windows are whole hours (UTC) or whole days of the deployment; what lies after the current one does not count.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import inlined, kernel
from analytics.kernels.masks import window
from analytics.kernels.pairs import pair_row
from analytics.people.present import is_in
from analytics.people.states import NEVER_MS

WINDOWS = ("1h", "24h", "7d", "28d")
#: What hours and days of groups count.
SUMS = ("messages", "joins", "leaves", "replies", "questions", "mentions", "links")
#: Hour masks of a membership. Bit 0 is the hour of its newest activity.
HOURS = np.dtype([("spoke", "u8"), ("reacted", "u8"), ("read", "u8")])
#: Bits of what somebody did: four windows each of speaking, reacting, reading; then whether they spoke today.
BITS, SPOKE_TODAY = 13, 12
_ZERO, _1 = np.uint64(0), np.uint64(1)
_7D = np.uint64(0x7F)
_HOUR_MS = 3_600_000


@inlined
def bucket(daily, number):
    """One number for an hour (daily = 0) or a day."""
    return 2 * number + daily


@kernel
def active_bits(m, hours, day, hour):
    """What a membership did, a bit each of `BITS`; hours: its hour masks, of length 0 without any."""
    found = 0
    for kind, low in enumerate((m.spoke_lo, m.reacted_lo, m.read_lo)):
        days = window(low, _ZERO, m.base_day - day, 28)
        if days != _ZERO:
            found |= (8 | 4 * (days & _7D != _ZERO)) << 4 * kind
        if kind == 0 and days & _1:
            found |= 1 << SPOKE_TODAY
    for masks in hours:
        for kind, mask in enumerate((masks.spoke, masks.reacted, masks.read)):
            lately = window(mask, _ZERO, m.last_ms // _HOUR_MS - hour, 24)
            if lately != _ZERO:
                found |= (2 | (lately & _1 != _ZERO)) << 4 * kind
    return found


@kernel
def _count(before, after, counts):
    """Move one from what it did to what it did after."""
    changed = before ^ after
    for bit in range(BITS):
        if changed >> bit & 1:
            counts[bit] += 1 if after >> bit & 1 else -1


@kernel
def recount_members(members, groups, places, hours, rows, day, hour, bits, counts):
    """What these memberships did by now: `bits` of each, and by group how many have each; counts: (groups, BITS).

    places: where the hour masks of each membership are, -1: it has none.
    """
    for row in rows:
        m, at = members[row], places[row]
        known, own = m.first_ms != NEVER_MS, hours[at : at + 1] if at >= 0 else hours[:0]
        after = active_bits(m, own, day, hour) if known else 0
        _count(np.int64(bits[row]), after, counts[groups[row]])
        bits[row] = after


@kernel
def recount_persons(bits, members_of, persons, bits_of, counts):
    """The same of persons: what any of their memberships did; counts: (BITS,)."""
    for who in persons:
        after = np.int64(0)
        for i in range(members_of.firsts[who], members_of.firsts[who + 1]):
            after |= bits[members_of.rows[i]]
        _count(np.int64(bits_of[who]), after, counts)
        bits_of[who] = after


@kernel
def buying(orders, person, day, hour, bought):
    """Mark in which windows persons paid, a bit each; orders: all, `analytics.people.orders.ORDER`."""
    for i in range(len(orders)):
        days, hours = day - orders[i].day, hour - orders[i].ms // 3_600_000
        found = (0 <= hours < 1) | (0 <= hours < 24) << 1 | (0 <= days < 7) << 2 | (0 <= days < 28) << 3
        if orders[i].user >= 0 and found:
            bought[person[orders[i].user]] |= found


@kernel
def count_buyers(members, groups, known_groups, members_of, buyers, bought, counts):
    """How many buyers are in each group now, and in any (the last row); counts: (groups + 1, 4).

    buyers: those who paid; bought: in which windows, by person.
    """
    for who in buyers:
        first, end = members_of.firsts[who], members_of.firsts[who + 1]
        anywhere = False
        for i in range(first, end):
            row = members_of.rows[i]
            group = groups[row]
            inside, again = is_in(members[row], known_groups[group]), False
            for j in range(first, i):  # somebody may be in a group with two accounts
                other = members_of.rows[j]
                again |= groups[other] == group and is_in(members[other], known_groups[group])
            anywhere |= inside
            if inside and not again:
                for w in range(4):
                    counts[group, w] += bought[who] >> w & 1
        if anywhere:
            for w in range(4):
                counts[len(counts) - 1, w] += bought[who] >> w & 1


@kernel
def _add(counts, sums):
    for i in range(len(counts)):
        sums[i] += counts[i]


@kernel
def sum_panes(panes, ones, others, index, groups, day, hour, sums):
    """What the windows of these groups counted; panes: (n, 7), found by group and `bucket`; sums: (groups, 4, 7)."""
    for group in groups:
        sums[group] = 0
        for age in range(28):
            if age < 24:
                row = pair_row(ones, others, index, group, bucket(0, hour - age))
                if row >= 0:
                    if age == 0:
                        _add(panes[row], sums[group, 0])
                    _add(panes[row], sums[group, 1])
            row = pair_row(ones, others, index, group, bucket(1, day - age))
            if row >= 0:
                if age < 7:
                    _add(panes[row], sums[group, 2])
                _add(panes[row], sums[group, 3])
