"""What orders are worth, by order and by person: the earliest payment less what was refunded in its currency. Pure.

A refund counts once, and only once its order is there; an order is never worth less than nothing. Absurd amounts are
shown but not counted.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.people.lists import Lists
from analytics.people.states import NEVER_MS

Numbers = NDArray[Any]
#: Amounts from here on, in minor units, are mistakes.
ABSURD_MINOR = 10**12
#: An order. Days are numbers since 1970-01-01.
ORDER = np.dtype(
    [
        ("amount", "i8"),
        ("net", "i8"),
        ("ms", "i8"),  # of the payment
        ("user", "i4"),  # -1: not paid yet
        ("group", "i4"),  # the one that it names; -1: none
        ("product", "i4"),  # -1: none
        ("currency", "i4"),
        ("day", "i4"),  # of the payment
        ("counted", "u1"),  # paid, and not absurd
    ]
)
#: A refund that counts: of which order, in which currency, how much, when.
REFUND = np.dtype([("amount", "i8"), ("ms", "i8"), ("order", "i4"), ("currency", "i4"), ("day", "i4")])
#: What a person's orders in one currency are worth.
WORTH = np.dtype([("net", "i8"), ("currency", "i4"), ("orders", "i4"), ("first_day", "i4"), ("last_day", "i4")])


class Facts(NamedTuple):
    """Payments and refunds, sorted by order, then time, then event id; texts as numbers; shape (n,)."""

    order: Numbers
    event: Numbers
    refund: Numbers  # -1: a payment
    amount: Numbers
    currency: Numbers


class Orders(NamedTuple):
    """Orders that were paid: row of the payment that counts, and what follows; refunds: rows of those that count."""

    first: Numbers
    asked_back: Numbers
    refunded: Numbers
    net: Numbers
    absurd: Numbers
    repeated: Numbers
    mixed: Numbers
    refunds: Numbers


def orders_of(facts: Facts) -> Orders:
    """What the orders are worth."""
    paid = np.flatnonzero(facts.refund < 0)
    orders, firsts = np.unique(facts.order[paid], return_index=True)
    first = paid[firsts]
    currency = facts.currency[first]
    paid = paid[_firsts(facts.order[paid], facts.event[paid])]
    place = np.searchsorted(orders, facts.order[paid])
    mixed = np.zeros(len(orders), np.bool_)
    np.logical_or.at(mixed, place, facts.currency[paid] != currency[place])
    repeated = np.bincount(place, minlength=len(orders)) - 1

    back = np.flatnonzero((facts.refund >= 0) & np.isin(facts.order, orders))
    back = np.sort(back[_firsts(facts.order[back], facts.refund[back])])
    back = back[facts.amount[back] < ABSURD_MINOR]
    place = np.searchsorted(orders, facts.order[back])
    same = facts.currency[back] == currency[place]
    np.logical_or.at(mixed, place, ~same)
    asked = np.zeros(len(orders), np.int64)
    np.add.at(asked, place[same], facts.amount[back][same])
    amount = facts.amount[first]
    refunded = np.minimum(asked, amount)
    return Orders(first, asked, refunded, amount - refunded, amount >= ABSURD_MINOR, repeated, mixed, back)


def net_on(orders: Numbers, refunds: Numbers, day: int) -> NDArray[np.int64]:
    """What every order was worth at the end of a day: less what had been refunded by then. orders: of `ORDER`."""
    then = refunds[refunds["day"] <= day]
    then = then[then["currency"] == orders["currency"][then["order"]]]
    asked = np.zeros(len(orders), np.int64)
    np.add.at(asked, then["order"], then["amount"])
    net: NDArray[np.int64] = orders["amount"] - np.minimum(asked, orders["amount"])
    return net


def half_refunded(orders: Numbers, refunds: Numbers) -> NDArray[np.int64]:
    """When half of every order's amount had been refunded in its currency; `NEVER_MS`: it had not. orders: of `ORDER`;
    refunds: of `REFUND`."""
    refunds = refunds[refunds["currency"] == orders["currency"][refunds["order"]]]
    refunds = refunds[np.lexsort((refunds["ms"], refunds["order"]))]
    sums, first = np.cumsum(refunds["amount"]), np.flatnonzero(np.diff(refunds["order"], prepend=-1) != 0)
    before = np.repeat((sums - refunds["amount"])[first], np.diff(first, append=len(refunds)))
    half = refunds[2 * (sums - before) >= orders["amount"][refunds["order"]]]
    found = np.full(len(orders), NEVER_MS)
    np.minimum.at(found, half["order"], half["ms"])
    return found


@kernel
def _worths(orders, net, of, until, firsts, worths):
    count = 0
    for who in range(len(of.firsts) - 1):
        firsts[who] = count
        for i in range(of.firsts[who], of.firsts[who + 1]):
            order = orders[of.rows[i]]
            if not order.counted or order.day > until:
                continue
            at = firsts[who]
            while at < count and worths[at].currency != order.currency:
                at += 1
            worth = worths[at]
            if at == count:
                worth.currency, worth.orders, worth.net = order.currency, 0, 0
                worth.first_day, worth.last_day = order.day, order.day
                count += 1
            worth.orders, worth.net = worth.orders + 1, worth.net + net[of.rows[i]]
            worth.first_day, worth.last_day = min(worth.first_day, order.day), max(worth.last_day, order.day)
    firsts[len(of.firsts) - 1] = count


def worths(orders: Numbers, net: Numbers, of: Lists, until: int) -> tuple[NDArray[np.int64], Numbers]:
    """By person, and of each by currency, what orders up to a day are worth (`WORTH`).

    orders: (n,) of `ORDER`; net: what each is worth; of: rows by person. Those of person p are from `firsts[p]` to
    `firsts[p + 1]`.
    """
    firsts, found = np.zeros(len(of.firsts), np.int64), np.zeros(len(orders), WORTH)
    _worths(orders, net, of, until, firsts, found)
    return firsts, found[: firsts[-1]]


def _firsts(one: Numbers, other: Numbers) -> NDArray[np.int64]:
    """Where each pair appears first."""
    if not len(one):
        return np.empty(0, np.int64)
    order = np.lexsort((np.arange(len(one)), other, one))
    new = np.concatenate([[True], (np.diff(one[order]) != 0) | (np.diff(other[order]) != 0)])
    found: NDArray[np.int64] = order[new]
    return found
