"""Who really pays: what members' orders amount to, by group and currency. Compiled, pure."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import kernel
from analytics.people.states import STATES

INSIDE = STATES.index("zombie")
#: A place (0: all groups; else a group's number + 1) and currency: persons among its members with orders, those whose
#: first order is recent, those with several; their orders and what these are worth; effective persons of the place.
PAYERS = np.dtype(
    [
        ("place", "i4"),
        ("currency", "i4"),
        ("payers", "i8"),
        ("first_payers", "i8"),
        ("repeated", "i8"),
        ("orders", "i8"),
        ("revenue", "i8"),
        ("effective", "i8"),
    ]
)


@kernel
def is_inside(state):
    """Whether somebody with this state is a member: known, in the group, and no operator, alias or bot."""
    return 0 < state <= INSIDE


@kernel
def _row(rows, begin, count, place, currency):
    """The row of a currency among those from `begin` on; -1: no room for another."""
    for at in range(begin, count):
        if rows[at].currency == currency:
            return at
    if count == len(rows):
        return -1
    row = rows[count]
    row.place, row.currency = place, currency
    row.payers, row.first_payers, row.repeated, row.orders, row.revenue = 0, 0, 0, 0, 0
    return count


@kernel
def _pay(rows, begin, count, place, worths, first, end, since):
    """Add one person's orders to a place; returns how many rows there are now, -1: there is no room."""
    for i in range(first, end):
        worth = worths[i]
        at = _row(rows, begin, count, place, worth.currency)
        if at < 0:
            return -1
        row, count = rows[at], max(count, at + 1)
        row.payers, row.orders = row.payers + 1, row.orders + worth.orders
        row.first_payers, row.repeated = (
            row.first_payers + (worth.first_day >= since),
            row.repeated + (worth.orders > 1),
        )
        row.revenue += worth.net
    return count


@kernel
def payers_of_all(best, buyers, effective, firsts, worths, since, rows):
    """Rows of all groups together; best: best state of every person; buyers: persons with orders; effective: how many
    persons are. Returns how many rows, -1: there is no room."""
    count = 0
    for who in buyers:
        if is_inside(best[who]):
            count = _pay(rows, 0, count, 0, worths, firsts[who], firsts[who + 1], since)
            if count < 0:
                return -1
    for at in range(count):
        rows[at].effective = effective
    return count


@kernel
def payers_of_groups(members, buyers_in, effective, accounts, person, groups, firsts, worths, since, seen, rows, count):
    """Rows of these groups, after the first `count` rows. Returns how many there are then, -1: there is no room.

    buyers_in: memberships of persons with orders, by group; effective: effective persons, by group; firsts, worths:
    `analytics.people.orders.worths`; since: first day of recent orders; seen: of every person, zeros.
    """
    for n in range(len(groups)):
        group, begin = groups[n], count
        for i in range(buyers_in.firsts[group], buyers_in.firsts[group + 1]):
            row = buyers_in.rows[i]
            who = person[accounts[row]]
            if is_inside(members[row].state) and seen[who] != n + 1:  # a person with two accounts counts once
                seen[who] = n + 1
                count = _pay(rows, begin, count, group + 1, worths, firsts[who], firsts[who + 1], since)
                if count < 0:
                    return -1
        for at in range(begin, count):
            rows[at].effective = effective[group]
    return count
