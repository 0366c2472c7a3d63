"""What platforms say about groups as tables of numbers: rosters and sizes, and which of them count. Pure.

Rows come in any order and any number of times; keeping only the merged ones changes no later answer.
"""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
#: Columns. A roster's moment begins as both its start and its newest; `whole`: one of its rows says it is complete.
ROSTER = GROUP, SNAPSHOT, START, NEWEST, WHOLE = range(5)
SIZE = _, AT, MEMBERS = range(3)


def merged_rosters(rows: Rows) -> Rows:
    """One row per group and snapshot: its first and last moment, and whether it is complete; (n, 5) to (m, 5)."""
    rows = rows[np.lexsort((rows[:, SNAPSHOT], rows[:, GROUP]))]
    firsts = _firsts(rows[:, GROUP], rows[:, SNAPSHOT])
    if not len(firsts):
        return rows
    found = rows[firsts]
    found[:, START] = np.minimum.reduceat(rows[:, START], firsts)
    for column in (NEWEST, WHOLE):
        found[:, column] = np.maximum.reduceat(rows[:, column], firsts)
    return found


def roster_starts(rosters: Rows, groups: int) -> NDArray[np.int64]:
    """Start of every group's newest complete roster, milliseconds; 0: none. rosters: merged, (n, 5)."""
    found = np.zeros(groups, np.int64)
    whole = rosters[rosters[:, WHOLE] == 1]
    whole = whole[np.lexsort((whole[:, START], whole[:, NEWEST]))]
    found[whole[:, GROUP]] = whole[:, START]  # of several, the last one wins
    return found


def newest_sizes(rows: Rows) -> Rows:
    """The newest size of every group; of two at the same time, the higher; (n, 3) to (m, 3)."""
    rows = rows[np.lexsort((-rows[:, MEMBERS], -rows[:, AT], rows[:, GROUP]))]
    return rows[_firsts(rows[:, GROUP])]


def _firsts(*keys: Rows) -> NDArray[np.int64]:
    """Where a new key begins in rows sorted by key."""
    if not len(keys[0]):
        return np.empty(0, np.int64)
    changes = np.logical_or.reduce([np.diff(key) != 0 for key in keys])
    return np.concatenate([[0], np.flatnonzero(changes) + 1])
