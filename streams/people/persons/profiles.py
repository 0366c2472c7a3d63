"""Rows of `people_profiles`: members by attribute and value, in groups and over all of them (`*`), each person once."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people.lists import rows_of
from analytics.people.profiles import recount_everybody, values_in_groups, values_of_payers
from analytics.people.states import STATES
from schemas.agents import TABLES
from sinks.clickhouse.readers.people import ALL
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes, PairRows
from streams.people.memory.now import Now
from streams.people.persons.members import Members
from streams.people.persons.orders import Orders
from streams.people.persons.told import Told

_INSIDE = STATES[1 : STATES.index("zombie") + 1]


class _Cells(NamedTuple):
    """Members by state of some keys, and which persons among them pay: (key's place in the list, person) pairs."""

    numbers: Codes
    counts: NDArray[np.int64]
    payers: tuple[NDArray[np.int64], NDArray[np.int64]]


class _Keys:
    """Numbers of places and labels. Place 0 is all groups, others are a group's number + 1."""

    def __init__(self, everybody: Everybody, told: Told) -> None:
        self._everybody, self._told, self._pairs = everybody, told, PairRows(np.zeros(1, np.uint8))

    def __len__(self) -> int:
        return len(self._pairs)

    @property
    def places(self) -> Codes:
        """The place of each key; shape (n,)."""
        return self._pairs.pairs.ones

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key."""
        everybody = np.asarray(pc.equal(rows["group_id"], ALL))
        groups = self._everybody.group_names.few_codes(rows["group_id"])
        labels = self._told.find(rows["attribute"], rows["value"])
        return self.find(np.where(everybody, 0, groups + 1), labels)

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Group ids, attributes and values."""
        places, labels = self.places[numbers], self._pairs.pairs.others[numbers]
        attributes, values = (codes[labels] for codes in self._told.labels)
        groups = np.maximum(places - 1, 0)
        ids = self._everybody.group_names.strings(groups) if len(groups) else pa.array([], pa.string())
        return {
            "group_id": pc.if_else(pa.array(places == 0), ALL, ids),
            "attribute": self._told.attributes.strings(attributes),
            "value": self._told.values.strings(values),
        }

    def find(self, places: NDArray[Any], labels: NDArray[Any]) -> Codes:
        """The number of each place and label."""
        return self._pairs.find(places.astype(np.int32), labels.astype(np.int32))


class Profiles:
    """The values of members of these groups, and those that have changed over all groups."""

    def __init__(self, everybody: Everybody, orders: Orders, members: Members, convention: str) -> None:
        self._everybody, self._orders, self._members = everybody, orders, members
        self._told = Told(everybody, convention)
        self._keys = _Keys(everybody, self._told)
        self._landed = Landed(TABLES["people_profiles"], self._keys)
        self.landed = (self._landed,)
        self.reads = self._told.reads
        # by label: members by state over all groups, whether these have changed, and whether anybody paid
        self._counts, self._dirty = np.zeros((0, len(STATES)), np.int32), np.empty(0, np.bool_)
        self._paid = np.empty(0, np.bool_)

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take what is said about members into memory."""
        self._told.take(changed, self._drop)

    def _drop(self, rows: NDArray[np.void]) -> None:
        """Do not count over all groups any more what is replaced."""
        rows = rows[rows["counted"] > 0]
        np.subtract.at(self._counts, (rows["label"], rows["counted"]), 1)
        self._dirty[rows["label"]] = True

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Work out the values of these groups, and of all groups those that these persons have or had."""
        count = len(self._told.labels[0])
        self._counts, self._dirty = longer(self._counts, count), longer(self._dirty, count)
        self._paid = longer(self._paid, count)
        if not count:
            return
        here, over_all = self._in_groups(touched.groups), self._over_all(touched.persons)
        looked = np.zeros(len(self._everybody.group_names) + 1, np.bool_)
        looked[touched.groups + 1] = True
        nobody = looked[self._keys.places]
        nobody[here.numbers] = False
        gone = np.concatenate([np.flatnonzero(nobody).astype(np.int32), self._gone()])
        self._dirty[:] = False
        values = pa.concat_tables([self._values(here), self._values(over_all)])
        self._landed.offer(values, np.concatenate([here.numbers, over_all.numbers]), gone, complete)

    def _gone(self) -> Codes:
        labels = np.flatnonzero(self._dirty & (self._counts.sum(axis=1) == 0))
        return self._keys.find(np.zeros(len(labels)), labels)

    def _in_groups(self, groups: Codes) -> _Cells:
        everybody, said = self._everybody, self._told.arrays()
        members = rows_of(everybody.members_in, groups)
        room = int((said.firsts[members + 1] - said.firsts[members]).sum())
        place, label, who = (np.empty(room, np.int32) for _ in range(3))
        state = np.empty(room, np.uint8)
        count = values_in_groups(
            everybody.members, everybody.members_in, everybody.places[1], everybody.person, said, groups, place, label,
            state, who,
        )  # fmt: skip
        place, label, state, who = place[:count], label[:count], state[:count], who[:count]
        keys = self._keys.find(place, label)
        used = np.zeros(len(self._keys), np.bool_)
        used[keys] = True
        numbers, at = np.flatnonzero(used).astype(np.int32), (np.cumsum(used) - 1)[keys]
        counts = np.bincount(at * len(STATES) + state, minlength=len(numbers) * len(STATES))
        pays = self._orders.paid()[who]
        both = np.unique(at[pays] << 32 | who[pays])  # a person with two accounts counts once
        return _Cells(numbers, counts.reshape(-1, len(STATES)), (both >> 32, both & (1 << 32) - 1))

    def _over_all(self, persons: Codes) -> _Cells:
        everybody, said = self._everybody, self._told.arrays()
        best = self._members.best
        recount_everybody(everybody.members, everybody.members_of, said, persons, best, self._counts, self._dirty)
        payers = np.flatnonzero(self._orders.paid()[: len(everybody.person)]).astype(np.int32)
        rows = rows_of(everybody.members_of, payers)
        room = int((said.firsts[rows + 1] - said.firsts[rows]).sum())
        label, who = np.empty(room, np.int32), np.empty(room, np.int32)
        count = values_of_payers(everybody.members_of, said, payers, label, who)
        label, who = label[:count], who[:count]
        paid = np.zeros(len(self._paid), np.bool_)
        paid[label] = True
        self._dirty |= paid | self._paid
        self._paid = paid
        labels = np.flatnonzero(self._dirty & (self._counts.sum(axis=1) > 0))
        at = np.searchsorted(labels, label)
        numbers = self._keys.find(np.zeros(len(labels)), labels)
        return _Cells(numbers, self._counts[labels].astype(np.int64), (at, who.astype(np.int64)))

    def _values(self, cells: _Cells) -> pa.Table:
        at, who = cells.payers
        columns = {name: pa.array(np.ascontiguousarray(cells.counts[:, n])) for n, name in enumerate(_INSIDE, 1)}
        columns["payers"] = pa.array(np.bincount(at, minlength=len(cells.numbers)).astype(np.int64))
        return pa.table(columns | {"revenue_minor": self._revenue(at, who, len(cells.numbers))})

    def _revenue(self, at: NDArray[np.int64], who: NDArray[np.int64], count: int) -> pa.Array:
        """What orders of persons are worth, by cell and currency; a map per cell."""
        (firsts, worths), currencies = self._orders.worths(), self._orders.currencies
        names = currencies.strings(np.arange(len(currencies), dtype=np.int32))
        by_name = np.argsort(np.array([name.encode() for name in names.to_pylist()] or [b""]))
        order_of = np.argsort(by_name)
        many = firsts[who + 1] - firsts[who]
        rows = np.repeat(firsts[who] - np.cumsum(many) + many, many) + np.arange(many.sum())
        cells = np.repeat(at, many) * len(by_name) + order_of[worths["currency"][rows]]
        used, places = np.unique(cells, return_inverse=True)
        sums = np.zeros(len(used), np.int64)
        np.add.at(sums, places, worths["net"][rows])
        offsets = np.searchsorted(used, np.arange(count + 1) * len(by_name)).astype(np.int32)
        keys = names.take(pa.array(by_name[used % len(by_name)])) if len(used) else pa.array([], pa.string())
        return pa.MapArray.from_arrays(pa.array(offsets), keys, pa.array(sums))
