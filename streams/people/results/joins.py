"""Rows of `people_joins`: how many joined by each source, inviter, campaign and channel, and what became of them.

What every join counts as is kept, 12 bytes per membership and as many per person, so that only those whom a reading is
about are counted again.
"""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.cohorts import COHORTS
from analytics.people.cohorts import DIMENSIONS as BROUGHT_BY
from analytics.people.lists import rows_of
from analytics.results.bought import Bought, bought
from analytics.results.joins import (
    COUNTS,
    DAY_MS,
    DIMENSIONS,
    JOINED,
    NEW,
    RESULT_DAYS,
    add_up,
    qualities,
    work_out,
)
from schemas.agents import TABLES
from streams.people.memory.distinct import without
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes, PairRows
from streams.people.memory.now import Now
from streams.people.persons.orders import Orders
from streams.people.retention.brought import Brought
from streams.people.retention.retention import Retention

_COLUMNS = (*COUNTS, "people")
_OBSERVED, _EFFECTIVE = COUNTS.index("joins_30d"), COUNTS.index("effective_30d")
#: The places of `DIMENSIONS` among those of cohorts.
_PLACES = [BROUGHT_BY.index(name) for name in DIMENSIONS]


class _Keys:
    """Numbers of cells and currencies. A cell is a value of a dimension."""

    def __init__(self, everybody: Everybody, brought: Brought) -> None:
        self._everybody, self._brought = everybody, brought
        self._cells, self._pairs = PairRows(np.zeros(1, np.uint8)), PairRows(np.zeros(1, np.uint8))

    def cells(self, values: NDArray[np.int32]) -> Codes:
        """Cells of values by `DIMENSIONS`, new ones added; −1 for none; shapes (4, n)."""
        found = np.full(values.shape, -1, np.int32)
        dimensions, k = np.nonzero(values >= 0)
        found[dimensions, k] = self._cells.find(values[dimensions, k], dimensions.astype(np.int32))
        return found

    @property
    def dimensions(self) -> Codes:
        """The dimension of every cell, by its place among `DIMENSIONS`."""
        return self._cells.pairs.others

    def find(self, cells: NDArray[Any], currencies: NDArray[Any]) -> Codes:
        """The number of each cell and currency (−1: nobody has paid), new ones added."""
        return self._pairs.find(cells.astype(np.int32), (currencies + 1).astype(np.int32))

    def among(self, cells: NDArray[np.bool_]) -> Codes:
        """The numbers of all currencies in these cells; cells: by number."""
        return np.flatnonzero(cells[self._pairs.pairs.ones]).astype(np.int32)

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key; cell and currency are numbers in these rows."""
        return self.find(np.asarray(rows["cell"]), np.asarray(rows["currency"]))

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Dimensions, values and currencies."""
        cells, currencies = self._pairs.pairs.ones[numbers], self._pairs.pairs.others[numbers]
        cohorts = np.zeros(len(numbers), COHORTS)
        cohorts["group"], cohorts["value"] = -1, self._cells.pairs.ones[cells]
        cohorts["dimension"] = np.array(_PLACES)[self.dimensions[cells]]
        columns = self._brought.columns(cohorts)
        texts = self._everybody.currencies.texts(currencies - 1)
        return {"dimension": columns["dimension"], "value": columns["value"], "currency": texts}


class Joins:
    """Joins by what brought them. To be offered once retention is worked out."""

    reads: tuple[str, ...] = ()

    def __init__(self, everybody: Everybody, retention: Retention, orders: Orders) -> None:
        self._everybody, self._retention, self._orders = everybody, retention, orders
        self._keys = _Keys(everybody, retention.brought)
        self._landed = Landed(TABLES["people_joins"], self._keys)
        self.landed = (self._landed,)
        #: By membership what its join counts as, and the inviter and the way that it is counted by.
        self._words, self._by = np.empty(0, np.uint32), np.empty((0, 2), np.int32)
        #: By person the membership that began it all (−1: none that counts), and when that was.
        self._new, self._since_ms = np.empty(0, np.int32), np.empty(0, np.int64)
        self._counts, self._quality = np.empty((0, len(_COLUMNS)), np.int32), np.empty((0, 2))
        self._bought = Bought.nothing()

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Nothing else is read."""

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Count again the joins of whom retention was worked out, and offer what has changed."""
        changed, begun = self._count(self._retention.concerned)
        if begun or len(self._orders.taken) or len(self._everybody.regrouped):
            changed |= self._buy(len(changed))
        changed |= self._judge(changed)
        chosen = np.flatnonzero((changed > 0) | complete).astype(np.int32)
        if len(chosen) or complete:
            self._offer(chosen, complete)

    # --- counts

    def _count(self, persons: Codes) -> tuple[NDArray[np.uint8], bool]:
        """Count the joins of these persons again; which cells that changes, and whether any person began otherwise."""
        e, retention = self._everybody.arrays(), self._retention
        rows = rows_of(e.members_of, persons)
        self._words, self._by = longer(self._words, len(e.members)), longer(self._by, len(e.members))
        by = self._brought(rows)
        values, words = self._values(by), np.empty(len(rows), np.uint32)
        away = retention.away
        work_out(
            e, persons, retention.joined, retention.closed(rows), retention.own, retention.of, away.absences,
            away.rosters, values, words,
        )  # fmt: skip
        before, was = self._words[rows], self._by[rows]
        moved = (before != words) | ((was != by).any(axis=1) & (words & JOINED > 0))
        old, new = self._cells(was[moved], before[moved]), self._cells(by[moved], words[moved])
        self._counts = longer(self._counts, len(self._keys.dimensions))
        changed = np.zeros(len(self._keys.dimensions), np.uint8)
        add_up(before[moved], old, -1, self._counts, changed)
        add_up(words[moved], new, 1, self._counts, changed)
        self._words[rows], self._by[rows] = words, by
        begun = self._begin(persons, rows[words & NEW > 0])
        return changed, begun or bool((moved & ((before | words) & NEW > 0)).any())

    def _brought(self, rows: Codes) -> NDArray[np.int32]:
        """Inviters, who are other people, and ways of memberships; shape (n, 2)."""
        by = np.ascontiguousarray(self._retention.brought.of(rows).T)
        person, accounts = self._everybody.person, self._everybody.places[1][rows]
        by[(by[:, 0] >= 0) & (person[by[:, 0]] == person[accounts]), 0] = -1
        return by

    def _values(self, by: NDArray[np.int32]) -> NDArray[np.int32]:
        """By `DIMENSIONS` the numbers of values; −1: none. by: inviters and ways, (n, 2)."""
        return np.ascontiguousarray(self._retention.brought.values(by.T)[_PLACES])

    def _cells(self, by: NDArray[np.int32], words: NDArray[np.uint32]) -> Codes:
        """The cells that joins are counted in, by `DIMENSIONS`."""
        return self._keys.cells(np.where(words & JOINED > 0, self._values(by), -1))

    def _begin(self, persons: Codes, firsts: Codes) -> bool:
        """Take by which memberships these persons first joined any group; whether that is other than before."""
        person = self._everybody.person
        self._new, self._since_ms = longer(self._new, len(person), -1), longer(self._since_ms, len(person))
        before = self._new[persons], self._since_ms[persons]
        self._new[persons], self._since_ms[persons] = -1, 0
        mine = person[self._everybody.places[1][firsts]]
        self._new[mine], self._since_ms[mine] = firsts, self._everybody.members["join_ms"][firsts]
        return bool((before[0] != self._new[persons]).any() or (before[1] != self._since_ms[persons]).any())

    # --- what people bought, and how good joins are

    def _buy(self, count: int) -> NDArray[np.uint8]:
        """Add up what new people bought; in which of so many cells that has changed."""
        orders, person = self._orders.rows, self._everybody.person
        paid = np.flatnonzero(orders["counted"] & (orders["user"] >= 0))
        who = person[orders["user"][paid]]
        after = orders["ms"][paid] - self._since_ms[who]
        mine = (self._new[who] >= 0) & (after >= 0) & (after <= RESULT_DAYS * DAY_MS)
        paid, firsts = paid[mine], self._new[who[mine]]
        cells, before = self._cells(self._by[firsts], self._words[firsts]), self._bought
        self._bought = bought(cells, firsts, orders["currency"][paid], orders["net"][paid])
        changed = np.zeros(count, np.uint8)
        changed[self._bought.other_than(before)] = 1
        return changed

    def _judge(self, changed: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Work out how good the joins of dimensions are in which what was observed has changed; in which cells that
        comes to something else."""
        found, dimensions = np.zeros(len(changed), np.uint8), self._keys.dimensions
        self._quality = longer(self._quality, len(changed))
        for dimension in np.unique(dimensions[changed & 2 > 0]):
            mine = np.flatnonzero((dimensions == dimension) & (self._counts[:, _OBSERVED] > 0))
            quality = np.stack(qualities(self._counts[mine, _EFFECTIVE], self._counts[mine, _OBSERVED]), axis=1)
            found[mine[(self._quality[mine] != quality).any(axis=1)]] = 1
            self._quality[mine] = quality
        return found

    # --- rows

    def _offer(self, chosen: Codes, complete: bool) -> None:
        """Offer the rows of these cells: one per currency, or one without."""
        looked = np.zeros(len(self._counts), np.bool_)
        looked[chosen] = True
        bought, there = self._bought, looked & (self._counts[:, 0] > 0)
        paid = np.flatnonzero(there[bought.cells])
        cells, currencies = bought.cells[paid], bought.currencies[paid]
        there[cells] = False
        rest = np.flatnonzero(there)
        cells = np.concatenate([cells, rest])
        numbers = self._keys.find(cells, np.concatenate([currencies, np.full(len(rest), -1)]))
        none = np.zeros(len(rest), np.int64)
        columns = {name: self._counts[cells, i].astype(np.uint32) for i, name in enumerate(_COLUMNS)}
        columns |= {name: self._quality[cells, i] for i, name in enumerate(("quality", "quality_lower"))}
        columns["bought_30d"] = np.concatenate([bought.buyers[paid], none]).astype(np.uint32)
        columns["net_minor"] = np.concatenate([bought.net[paid], none])
        gone = without(self._keys.among(looked), numbers)
        self._landed.offer(pa.table({n: pa.array(c) for n, c in columns.items()}), numbers, gone, complete)
