"""Messages of members on the closed days of the last 28: a sorted list per day, and the sum per membership."""

import numpy as np
from numpy.typing import NDArray

from streams.people.memory.longer import longer
from streams.people.memory.names import Codes

_DAYS = 28


class Talk:
    """Days come once per group, in any order, and again when they have been corrected."""

    def __init__(self) -> None:
        self._days: dict[int, tuple[Codes, Codes]] = {}
        self._sums, self._day = np.empty(0, np.int32), -1

    def take(self, rows: Codes, days: NDArray[np.int32], messages: Codes) -> None:
        """Take messages of memberships; each row and day is there once."""
        for day in np.unique(days).tolist():
            chosen = days == day
            self._put(day, rows[chosen], messages[chosen])

    def _put(self, day: int, rows: Codes, messages: Codes) -> None:
        known, counts = self._days.get(day, (np.empty(0, np.int32), np.empty(0, np.int32)))
        at = np.searchsorted(known, rows)
        found = at < len(known)
        found[found] = known[at[found]] == rows[found]
        if day > self._day - _DAYS and day <= self._day:
            self._sums = longer(self._sums, int(rows.max(initial=-1)) + 1)
            self._sums[rows] += messages
            self._sums[rows[found]] -= counts[at[found]]
        counts[at[found]] = messages[found]
        known, counts = np.append(known, rows[~found]), np.append(counts, messages[~found])
        order = np.argsort(known, kind="stable")
        self._days[day] = known[order], counts[order]

    def move_to(self, day: int) -> None:
        """From now on the 28 days end with this one."""
        self._days = {one: found for one, found in self._days.items() if one > day - _DAYS}
        self._sums[:], self._day = 0, day
        for one, (rows, counts) in self._days.items():
            if one <= day:
                self._sums = longer(self._sums, int(rows.max(initial=-1)) + 1)
                self._sums[rows] += counts

    def sums(self, count: int) -> Codes:
        """Messages per membership; shape (count,)."""
        self._sums = longer(self._sums, count)
        return self._sums
