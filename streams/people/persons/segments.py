"""Rows of `people_segments`: which segment everybody is in now."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people.orders import WORTH
from analytics.people.segments import LIFECYCLES, SEGMENT, STAGES, ranked, segments, worth_something
from analytics.people.states import NO_DAY
from schemas.agents import TABLES
from streams.landing.arrow import categories
from streams.people.memory.distinct import without
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.names import Codes
from streams.people.memory.now import Now
from streams.people.persons.orders import NameKeys, Orders
from streams.people.persons.referrals import Referrals

_SCORES = ("recency", "frequency", "monetary")


class Segments:
    """The segments of these persons, and of all whose rank among buyers has changed."""

    reads: tuple[str, ...] = ()

    def __init__(self, everybody: Everybody, orders: Orders, referrals: Referrals) -> None:
        self._everybody, self._orders, self._referrals = everybody, orders, referrals
        self._landed = Landed(TABLES["people_segments"], NameKeys("person_id", everybody.names))
        self.landed = (self._landed,)
        # of every person
        self._known = np.empty(0, np.bool_)
        self._scores, self._most, self._revenue = (
            np.empty((0, 3), np.uint8),
            np.empty(0, np.int32),
            np.empty(0, np.bool_),
        )
        self._worths, self._ranked = (np.empty(0, np.int64), np.empty(0, WORTH)), False

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Nothing else is read."""

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Work out everybody whose segment may have changed."""
        persons = self._everybody.person
        self._worth(len(persons), now.day)
        chosen = touched.persons
        found = self._found(chosen, now)
        self._known = _grown(self._known, len(persons))
        if (self._known[chosen] != found["known"]).any():
            self._known[chosen] = found["known"]
            self._ranked = False
        if not self._ranked:  # everybody's rank rests on who else is known, and on what all have bought
            more = without(self._rank(), chosen)
            chosen, found = np.concatenate([chosen, more]), np.concatenate([found, self._found(more, now)])
        there = found["known"] == 1
        self._landed.offer(self._values(chosen[there], found[there]), chosen[there], chosen[~there], complete)

    def _worth(self, count: int, day: int) -> None:
        """Look at what orders are worth by the end of the day, if that has changed."""
        worths = self._orders.worths(day)
        if worths is not self._worths:
            self._worths, self._ranked, self._revenue = worths, False, np.empty(count, np.bool_)
            worth_something(*worths, self._revenue)

    def _found(self, persons: Codes, now: Now) -> NDArray[Any]:
        found = np.zeros(len(persons), SEGMENT)
        segments(self._everybody.arrays(), persons, now.day, self._revenue, self._referrals.by_now > 0, found)
        return found

    def _rank(self) -> NDArray[np.int64]:
        """Rank all buyers; returns the persons whose points have changed."""
        most, scores = ranked(*self._worths, self._orders.by_name(), self._known)
        before = _grown(self._scores, len(scores))
        self._scores, self._most, self._ranked = scores, most, True
        return np.flatnonzero((before != scores).any(axis=1))

    def _values(self, persons: Codes, found: NDArray[Any]) -> pa.Table:
        most, worths = self._most[persons], self._worths[1]
        bought, mine = most >= 0, np.zeros(len(persons), WORTH)
        mine[bought] = worths[most[bought]]
        names = self._orders.currencies
        currencies = names.strings(mine["currency"]) if len(names) else pa.repeat("", len(persons))
        columns: dict[str, pa.Array] = {
            "lifecycle": categories(found["lifecycle"].astype(np.int8), LIFECYCLES),
            "stage": categories(found["stage"].astype(np.int8), STAGES),
            "win_back": pa.array(np.ascontiguousarray(found["win_back"])),
            "currency": pc.if_else(pa.array(bought), currencies, ""),
            "orders": pa.array(np.ascontiguousarray(mine["orders"])),
            "net_minor": pa.array(np.ascontiguousarray(mine["net"])),
            "last_order": pa.array(np.ascontiguousarray(mine["last_day"])),
            "referred": pa.array(self._referrals.by_now[persons]),
            "first_day": pa.array(np.ascontiguousarray(found["first_day"])),
            "last_day": pa.array(np.where(found["last_day"] == NO_DAY, 0, found["last_day"])),
        }
        scores = {name: pa.array(self._scores[persons, n]) for n, name in enumerate(_SCORES)}
        return pa.table(columns | scores)


def _grown(array: NDArray[Any], count: int) -> NDArray[Any]:
    """With zeros for whoever is new."""
    return np.concatenate([array, np.zeros((count - len(array), *array.shape[1:]), array.dtype)])
