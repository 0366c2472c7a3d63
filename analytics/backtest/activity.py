"""Who was active on which days: histories that predictions are tested on, and what was known of them on a day."""

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.masks import DAY_BITS
from analytics.people.score_features import Habits, Whole, Words
from schemas.errors import ConfigError

#: Number of cuts chosen when none are given.
CUTS = 5


class Activity:
    """Who was active when: rows of a member (any identifying number) and a day (since the epoch), each pair once."""

    def __init__(self, members: NDArray[np.uint64], days: Whole) -> None:
        names, self._member = np.unique(members, return_inverse=True)
        self._day = days.astype(np.int64)
        self.size = len(names)
        self.begin, self.end = (int(days.min()), int(days.max()) + 1) if len(days) else (0, 0)
        self.first = np.full(self.size, self.end, dtype=np.int64)
        np.minimum.at(self.first, self._member, self._day)

    def between(self, begin: int, end: int) -> tuple[Whole, Whole]:
        """Indices of members, and days, of the rows of days from `begin` to `end` − 1."""
        chosen = (self._day >= begin) & (self._day < end)
        return self._member[chosen], self._day[chosen]

    def masks(self, today: int) -> tuple[Words, Words]:
        """Day masks of all members, bit 0 is `today`; shape (size,)."""
        member, day = self.between(today - DAY_BITS + 1, today + 1)
        age = today - day
        words = np.zeros((2, self.size), dtype=np.uint64)
        np.bitwise_or.at(words, (age >> 6, member), np.uint64(1) << (age & 63).astype(np.uint64))
        return words[0], words[1]

    def last(self, until: int) -> Whole:
        """The newest day of each member before the day `until`; `begin` − 1: none; shape (size,)."""
        last = np.full(self.size, self.begin - 1, dtype=np.int64)
        np.maximum.at(last, *self.between(self.begin, until))
        return last

    def habits(self, today: int) -> Habits:
        """What is known of all members at the end of a day; shape (size,)."""
        older = self.last(today - DAY_BITS + 1)
        member, _ = self.between(self.begin, today + 1)
        left = np.where(older >= self.begin, today - older, -1)
        ever = np.bincount(member, minlength=self.size).astype(np.int64)
        return Habits(*self.masks(today), today - self.first, left, ever)

    def recent(self, today: int, half_life: float) -> NDArray[np.float64]:
        """Active days of each member, losing half their weight in so many days; shape (size,)."""
        member, day = self.between(self.begin, today + 1)
        return np.bincount(member, 0.5 ** ((today - day) / half_life), minlength=self.size).astype(np.float64)


def cuts(activity: Activity, horizon: int, wanted: list[int] | None = None) -> list[int]:
    """Days to cut at: those given, or `CUTS` spread over the history.

    A cut needs two horizons before it, one of features and one of outcomes, and one after it; else raises
    `ConfigError`.
    """
    first, last = activity.begin + 2 * horizon, activity.end - horizon
    if last < first:
        raise ConfigError(
            f"The closed days span {activity.end - activity.begin} days; a horizon of {horizon} needs {3 * horizon}."
        )
    for day in wanted or []:
        if not first <= day <= last:
            raise ConfigError(
                f"No cut at {_date(day)}: with {horizon} days ahead it must be from {_date(first)} to {_date(last)}."
            )
    return sorted(set(wanted or np.linspace(first, last, CUTS).astype(int).tolist()))


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))
