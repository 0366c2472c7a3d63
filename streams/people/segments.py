"""Rows of `people_segments`: which segment everybody is in now."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people.orders import WORTH
from analytics.people.segments import LIFECYCLES, SEGMENT, STAGES, main_worths, points, segments, worth_something
from analytics.people.states import NO_DAY
from schemas.agents import TABLES
from streams.landing.arrow import categories
from streams.people.everybody import Everybody, Touched
from streams.people.landed import Landed
from streams.people.names import Codes, PairRows
from streams.people.now import Now
from streams.people.orders import NameKeys, Orders

_FAR_DAY = 1 << 30
_SCORES = ("recency", "frequency", "monetary")


class Segments:
    """The segments of these persons, and of all whose rank among buyers or number of referred has changed."""

    reads = ("referrals",)

    def __init__(self, everybody: Everybody, orders: Orders) -> None:
        self._everybody, self._orders = everybody, orders
        self._landed = Landed(TABLES["people_segments"], NameKeys("person_id", everybody.names))
        self.landed = (self._landed,)
        self._referrals = PairRows(np.full(1, _FAR_DAY, np.int32))  # referrer and referred: first day
        # of every person
        self._known, self._referred = np.empty(0, np.bool_), np.empty(0, np.int32)
        self._scores, self._most, self._revenue = (
            np.empty((0, 3), np.uint8),
            np.empty(0, np.int32),
            np.empty(0, np.bool_),
        )
        self._worths, self._ranked = (np.empty(0, np.int64), np.empty(0, WORTH)), False

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take who named whom as referrer into memory."""
        table, names = changed["referrals"], self._everybody.names
        rows = self._referrals.find(names.codes(table["referrer_user_id"]), names.codes(table["user_id"]))
        np.minimum.at(self._referrals.rows, rows, np.asarray(table["day"]).astype(np.int32))

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Work out everybody whose segment may have changed."""
        persons = self._everybody.person
        self._worth(len(persons), now.day)
        before = _grown(self._referred, len(persons))
        self._referred = self._count_referred(now.day)
        chosen = np.union1d(touched.persons, np.flatnonzero(before != self._referred)).astype(np.int32)
        found = self._found(chosen, now)
        self._known = _grown(self._known, len(persons))
        if (self._known[chosen] != found["known"]).any():
            self._known[chosen] = found["known"]
            self._ranked = False
        if not self._ranked:  # everybody's rank rests on who else is known, and on what all have bought
            more = np.setdiff1d(self._rank(), chosen).astype(np.int32)
            chosen, found = np.concatenate([chosen, more]), np.concatenate([found, self._found(more, now)])
        there = found["known"] == 1
        self._landed.offer(self._values(chosen[there], found[there]), chosen[there], chosen[~there], complete)

    def _worth(self, count: int, day: int) -> None:
        """Look at what orders are worth by the end of the day, if that has changed."""
        worths = self._orders.worths(day)
        if worths is not self._worths:
            self._worths, self._ranked, self._revenue = worths, False, np.empty(count, np.bool_)
            worth_something(*worths, self._revenue)

    def _count_referred(self, day: int) -> NDArray[np.int32]:
        """How many persons every person has referred by the end of the day."""
        person, pairs = self._everybody.person, self._referrals.pairs
        by, who = (person[codes].astype(np.int64) for codes in (pairs.ones, pairs.others))
        counts = (self._referrals.rows <= day) & (by != who)
        both = np.unique(by[counts] << 32 | who[counts])
        return np.bincount(both >> 32, minlength=len(person)).astype(np.int32)

    def _found(self, persons: Codes, now: Now) -> NDArray[Any]:
        found = np.zeros(len(persons), SEGMENT)
        segments(self._everybody.arrays(), persons, now.day, self._revenue, self._referred > 0, found)
        return found

    def _rank(self) -> NDArray[np.int64]:
        """Rank all buyers; returns the persons whose points have changed."""
        (firsts, worths), count = self._worths, len(self._everybody.person)
        currencies = self._orders.currencies
        names = currencies.strings(np.arange(len(currencies), dtype=np.int32)).to_pylist()
        order_of = np.argsort(np.argsort(np.array([name.encode() for name in names] or [b""])))
        most = np.empty(count, np.int32)
        main_worths(firsts, worths, order_of, self._known, most)
        buyers = np.flatnonzero(most >= 0)
        mine = worths[most[buyers]]
        scores = np.zeros((count, 3), np.uint8)
        for n, name in enumerate(("last_day", "orders", "net")):
            scores[buyers, n] = points(mine[name], mine["currency"])
        before = _grown(self._scores, count)
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
            "referred": pa.array(self._referred[persons]),
            "first_day": pa.array(np.ascontiguousarray(found["first_day"])),
            "last_day": pa.array(np.where(found["last_day"] == NO_DAY, 0, found["last_day"])),
        }
        scores = {name: pa.array(self._scores[persons, n]) for n, name in enumerate(_SCORES)}
        return pa.table(columns | scores)


def _grown(array: NDArray[Any], count: int) -> NDArray[Any]:
    """With zeros for whoever is new."""
    return np.concatenate([array, np.zeros((count - len(array), *array.shape[1:]), array.dtype)])
