"""What the orders that name a campaign come to, by campaign and currency. Pure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: By campaign and currency: users who ordered, orders, what these brought after refunds; what orders cost that say so,
#: and how many do. Amounts in minor units.
BOUGHT = np.dtype(
    [
        ("campaign", "i4"),
        ("currency", "i4"),
        ("buyers", "u4"),
        ("orders", "u4"),
        ("costed", "u4"),
        ("net", "i8"),
        ("cost", "i8"),
    ]
)
#: In place of the cost of an order that does not say it.
UNKNOWN = -1


def bought(orders: NDArray[Any], campaign: NDArray[np.int32], cost: NDArray[np.int64]) -> NDArray[Any]:
    """Rows of `BOUGHT`, by campaign and currency. orders: `analytics.people.orders.ORDER`, of each its campaign (−1:
    none) and what it cost (`UNKNOWN`); shape (n,)."""
    rows = np.flatnonzero((campaign >= 0) & (orders["counted"] == 1))
    rows = rows[np.lexsort((orders["user"][rows], orders["currency"][rows], campaign[rows]))]
    keys = (campaign[rows], orders["currency"][rows], orders["user"][rows])
    new_cell, new_buyer = _changes(keys[:2]), _changes(keys)
    firsts = np.flatnonzero(new_cell)
    found = np.zeros(len(firsts), BOUGHT)
    if not len(firsts):
        return found
    found["campaign"], found["currency"] = keys[0][firsts], keys[1][firsts]
    known = cost[rows] != UNKNOWN
    sums = {
        "buyers": new_buyer, "orders": np.ones(len(rows)), "costed": known, "net": orders["net"][rows],
        "cost": np.where(known, cost[rows], 0),
    }  # fmt: skip
    for name, values in sums.items():
        found[name] = np.add.reduceat(values.astype(np.int64), firsts)
    return found


def _changes(columns: tuple[NDArray[np.int32], ...]) -> NDArray[np.bool_]:
    """Where sorted rows differ from the one before in any column."""
    found = np.zeros(len(columns[0]), np.bool_)
    for column in columns:
        found |= np.diff(column, prepend=column[:1] - 1) != 0
    return found
