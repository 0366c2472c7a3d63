"""What the zombie score learns from: how many members with each key came back within the horizon, in the past.

Two horizons that end now are looked at, one after the other, all from today's habits. Histograms of shards add up.
"""

# mypy: disable-error-code="no-untyped-call"

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import mix
from analytics.kernels.masks import window
from analytics.people.score_features import Habits, Whole, keys

#: Horizons of the past that are looked at.
HORIZONS = 2


class Histogram(NamedTuple):
    """Members by key: keys ascending, how many members, how many of these came back within the horizon; shape (n,)."""

    keys: Whole
    members: Whole
    returned: Whole


@kernel
def _any(low: Any, high: Any, newest: int, days: int, found: Any) -> None:
    for i in range(len(low)):
        found[i] = window(low[i], high[i], newest, days) != np.uint64(0)


def returned(habits: Habits, horizon: int, shift: int) -> NDArray[np.bool_]:
    """Whether each member was active in the `horizon` days that began `shift` days ago; shape (n,)."""
    found = np.empty(len(habits.low), dtype=np.bool_)
    _any(habits.low, habits.high, shift - horizon, horizon, found)
    return found


def histories(habits: Habits, gone: Whole, horizon: int) -> list[Histogram]:
    """A histogram of each horizon, newest first: keys as of its beginning, and who came back in it.

    gone: days since each member left the group, −1 of those who are in it; members who had left do not count. Raises
    `ConfigError` for a horizon that no mask can hold.
    """
    found = []
    for shift in (n * horizon for n in range(1, HORIZONS + 1)):
        there = np.where(gone >= shift, -1, keys(habits, horizon, shift))
        found.append(counted(there, returned(habits, horizon, shift)))
    return found


def counted(of_keys: Whole, came_back: NDArray[np.bool_]) -> Histogram:
    """The histogram of members with a key and an outcome; those of key −1 are left out."""
    known = of_keys >= 0
    distinct, places = np.unique(of_keys[known], return_inverse=True)
    outcomes = np.bincount(places[came_back[known]], minlength=len(distinct))
    return Histogram(distinct, np.bincount(places, minlength=len(distinct)), outcomes)


def added(*parts: Histogram) -> Histogram:
    """One histogram of several, such as those of the shards."""
    distinct, places = np.unique(np.concatenate([part.keys for part in parts]), return_inverse=True)
    sums = np.zeros((2, len(distinct)), dtype=np.int64)
    np.add.at(sums[0], places, np.concatenate([part.members for part in parts]))
    np.add.at(sums[1], places, np.concatenate([part.returned for part in parts]))
    return Histogram(distinct, sums[0], sums[1])


def pooled(horizons: list[Histogram]) -> Histogram:
    """What to fit on: all horizons, but for one in which nobody came back if somebody did in another.

    That whole deployments fall silent for a horizon and then go on is a source that was away: it says nothing about
    members.
    """
    return added(*([one for one in horizons if one.returned.any()] or horizons))


@kernel
def _hash(keys: Any, found: Any) -> None:
    for i in range(len(keys)):
        found[i] = mix(np.uint64(keys[i]))


def sampled(history: Histogram, most: int) -> Histogram:
    """About `most` cells of a histogram with more, chosen by their keys alone, so that outcomes are not biased."""
    share = -(-len(history.keys) // most)
    if share <= 1:
        return history
    hashes = np.empty(len(history.keys), np.uint64)
    _hash(history.keys, hashes)
    kept = hashes % np.uint64(share) == 0
    return Histogram(history.keys[kept], history.members[kept], history.returned[kept])
