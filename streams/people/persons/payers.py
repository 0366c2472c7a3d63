"""Rows of `people_payers`: what members' orders amount to now, by group and currency and of everybody once (`*`)."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people.lists import Lists, lists, rows_of
from analytics.people.payers import PAYERS, payers_of_all, payers_of_groups
from analytics.people.states import NEVER_MS, effective
from schemas.agents import TABLES
from sinks.clickhouse.readers.people import ALL
from streams.people.memory.distinct import distinct, without
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.names import Codes, PairRows
from streams.people.memory.now import Now
from streams.people.persons.group_credits import GroupCredits
from streams.people.persons.members import Members
from streams.people.persons.orders import Orders

#: Days within which a first order is recent.
_RECENT_DAYS = 28
_COUNTS = ("payers", "first_payers", "repeated", "orders", "revenue", "effective")


class _Places:
    """Numbers of places and currencies. Place 0 is all groups, others are a group's number + 1."""

    def __init__(self, everybody: Everybody, orders: Orders) -> None:
        self._everybody, self._orders = everybody, orders
        self._pairs = PairRows(np.zeros(1, np.uint8))

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key."""
        groups = self._everybody.group_names.few_codes(rows["group_id"])
        everybody = np.asarray(pc.equal(rows["group_id"], ALL))
        return self.find(np.where(everybody, 0, groups + 1), self._orders.currencies.few_codes(rows["currency"]))

    def find(self, places: Codes, currencies: Codes) -> Codes:
        """The number of each place and currency."""
        return self._pairs.find(places.astype(np.int32), currencies.astype(np.int32))

    def among(self, places: NDArray[np.bool_]) -> Codes:
        """The numbers of all currencies in these places; places: by number."""
        return np.flatnonzero(places[self._pairs.pairs.ones]).astype(np.int32)

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Group ids and currencies."""
        places, currencies = self._pairs.pairs.ones[numbers], self._pairs.pairs.others[numbers]
        groups = (
            self._everybody.group_names.strings(np.maximum(places - 1, 0)) if len(places) else pa.array([], pa.string())
        )
        everybody = pa.array(places == 0)
        return {
            "group_id": pc.if_else(everybody, ALL, groups),
            "currency": self._orders.currencies.strings(currencies),
        }


class Payers:
    """The payers of these groups, and of all together. To be offered once groups are credited with orders."""

    reads: tuple[str, ...] = ()

    def __init__(self, everybody: Everybody, orders: Orders, members: Members, credits: GroupCredits) -> None:
        self._everybody, self._orders, self._members, self._credits = everybody, orders, members, credits
        self._places = _Places(everybody, orders)
        self._landed = Landed(TABLES["people_payers"], self._places)
        self.landed = (self._landed,)

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Nothing else is read."""

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Work out the payers of these groups, and of all."""
        groups = distinct(touched.groups, self._credits.taken())
        groups = groups[self._everybody.groups["first_ms"][groups] != NEVER_MS]
        rows = self._rows(groups, now)
        numbers = self._places.find(rows["place"], rows["currency"])
        looked = np.zeros(len(self._everybody.group_names) + 1, np.bool_)
        looked[groups + 1] = looked[0] = True
        gone = without(self._places.among(looked), numbers)
        values = pa.table({name: pa.array(np.ascontiguousarray(rows[name])) for name in _COUNTS})
        credited = self._credits.of(rows["place"] - 1, rows["currency"])
        values = values.append_column("credited", pa.array(credited))
        self._landed.offer(values, numbers, gone, complete)

    def _rows(self, groups: Codes, now: Now) -> NDArray[Any]:
        orders, everybody = self._orders, self._everybody
        firsts, worths = orders.worths()
        best = self._members.best
        since, room = now.day - _RECENT_DAYS + 1, 1024 + 2 * len(groups)
        (of, accounts), buyers = everybody.places, np.flatnonzero(np.diff(firsts) > 0)
        everywhere = int(effective(best).sum())
        theirs = rows_of(everybody.members_of, buyers)
        by_group = lists(of[theirs], len(everybody.group_names))
        buyers_in = Lists(by_group.firsts, theirs[by_group.rows])
        while True:
            rows, seen = np.zeros(room, PAYERS), np.zeros(len(everybody.person), np.int32)
            count = payers_of_all(best, buyers, everywhere, firsts, worths, since, rows)
            if count >= 0:
                count = payers_of_groups(
                    everybody.members, buyers_in, self._members.effective_in, accounts, everybody.person, groups,
                    firsts, worths, since, seen, rows, count,
                )  # fmt: skip
            if count >= 0:
                return rows[:count]
            room *= 4
