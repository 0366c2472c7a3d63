"""Results that may be rewarded, as plans see them, at the end of a day."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.people.orders import net_on
from analytics.results.plans import Goals
from streams.people.memory.names import Codes
from streams.people.persons.orders import Orders
from streams.people.results.conversions import Conversions

Whole = NDArray[np.int64]


class Results(NamedTuple):
    """Conversions of people whom somebody brought: their numbers, days, whether they are orders, and the
    same as plans see them."""

    numbers: Codes
    days: Codes
    bought: NDArray[np.bool_]
    goals: Goals


def until(results: Results, orders: Orders, conversions: Conversions, day: int) -> Results:
    """Those that there are at the end of a day, and what they are worth then."""
    mine = results.days <= day
    numbers, bought = results.numbers[mine], results.bought[mine]
    net = np.zeros(len(numbers), np.int64)
    worth = net_on(orders.rows, orders.refunds, day)
    net[bought] = worth[conversions.id_of[numbers[bought]]]
    columns: Any = (column[mine] for column in results.goals)
    return Results(numbers, results.days[mine], bought, Goals(*columns)._replace(net=net))


def first(person: Codes, ms: Whole, bought: NDArray[np.bool_], ids: Whole) -> NDArray[np.bool_]:
    """Whether each is the first order of its person."""
    order = np.flatnonzero(bought)
    order = order[np.lexsort((ids[order], ms[order], person[order]))]
    found = np.zeros(len(person), np.bool_)
    found[order[np.flatnonzero(np.diff(person[order], prepend=-1))]] = True
    return found
