"""What campaigns cost, by kind, and what their records say about them. Pure.

A repeated event counts once, whichever task landed it and in whichever piece it was read: of its records, the one with
the least offset counts, then the one in the lowest partition. The rule stands here and not in the agent, which keeps
nothing: costs are few, and who adds them up has them all. Amounts that are absurd are counted apart, as in orders.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.people.orders import ABSURD_MINOR

#: What money is spent on, as costs are added up. An amount of kind `none`, which only declares, belongs to the others.
KINDS = ("ads", "incentive", "commission", "labour", "other")
DECLARED = "none"
#: A record of a cost. Texts are numbers; -1: not given.
COST = np.dtype(
    [
        ("event", "u8"),  # hash of the event's id
        ("offset", "i8"),
        ("ts_ms", "i8"),
        ("amount", "i8"),  # minor units
        ("cell", "i4"),  # campaign, channel, group, operator, currency
        ("campaign", "i4"),
        ("channel", "i4"),
        ("operator", "i4"),
        ("partition", "u2"),
        ("kind", "i1"),  # place in `KINDS`; -1: a declaration
    ]
)
#: What a cell amounts to: minor units by kind, records, and those of them whose amounts are absurd and not counted.
TOTAL = np.dtype(
    [(kind, "i8") for kind in KINDS]
    + [("cost", "i8"), ("first_ms", "i8"), ("last_ms", "i8"), ("records", "u4"), ("absurd", "u4")]
)


def once(records: NDArray[Any]) -> NDArray[Any]:
    """The records that count, of `COST`: one per event."""
    order = np.lexsort((records["partition"], records["offset"], records["event"]))
    events = records["event"][order]
    return records[order[np.flatnonzero(np.diff(events, prepend=~events[:1]))]]


def totals(records: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """The cells that these records name, in order, and what they amount to, of `TOTAL`. records: of `COST`, once."""
    cells, places = np.unique(records["cell"], return_inverse=True)
    found = np.zeros(len(cells), TOTAL)
    absurd = records["amount"] >= ABSURD_MINOR
    amounts = np.where(absurd, 0, records["amount"])
    for number, kind in enumerate(KINDS):
        mine = records["kind"] == number
        if kind == "other":
            mine |= records["kind"] < 0
        np.add.at(found[kind], places[mine], amounts[mine])
        found["cost"] += found[kind]
    found["records"] = np.bincount(places, minlength=len(cells))
    found["absurd"] = np.bincount(places[absurd], minlength=len(cells))
    found["first_ms"] = np.iinfo(np.int64).max
    np.minimum.at(found["first_ms"], places, records["ts_ms"])
    np.maximum.at(found["last_ms"], places, records["ts_ms"])
    return cells, found


def said(records: NDArray[Any], name: str, campaigns: int) -> NDArray[np.int32]:
    """What the records say about each campaign, as `name` (channel, operator): the newest declaration that says it,
    else the newest record; -1: none does. Shape (campaigns,)."""
    found = np.full(campaigns, -1, np.int32)
    given = records[records[name] >= 0]
    order = np.lexsort((given["event"], given["ts_ms"], given["kind"] < 0))
    found[given["campaign"][order]] = given[name][order]  # of several, the last one stays
    return found
