"""Rows of `people_across`: members of several groups, and where they are effective."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa

from analytics.people.across import members_across
from analytics.people.lists import rows_of
from analytics.people.states import STATES
from schemas.agents import TABLES
from streams.landing.arrow import categories
from streams.people.memory.distinct import without
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.names import Codes, PairRows
from streams.people.memory.now import Now
from streams.people.persons.members import Memberships
from streams.state.arrays import grown


class _PersonsMemberships:
    """Numbers of persons' memberships: a membership may move to another person."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody, self._memberships = everybody, Memberships(everybody)
        self._pairs = PairRows(np.zeros(1, np.uint8))

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key."""
        return self.find(self._everybody.names.codes(rows["person_id"]), self._memberships.numbers(rows))

    def find(self, persons: Codes, memberships: Codes) -> Codes:
        """The number of each person and row of a membership."""
        return self._pairs.find(persons, memberships)

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Persons, groups and members."""
        pairs = self._pairs.pairs
        persons = self._everybody.names.strings(pairs.ones[numbers])
        return {"person_id": persons} | self._memberships.columns(pairs.others[numbers])


class Across:
    """The memberships of these persons, if they are in several groups."""

    reads: tuple[str, ...] = ()

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self._keys = _PersonsMemberships(everybody)
        self._landed = Landed(TABLES["people_across"], self._keys)
        self.landed = (self._landed,)
        self._number = np.empty(0, np.int32)  # of every membership's key, + 1; 0: it has no row

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Nothing else is read."""

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Work out where these persons are alive."""
        everybody = self._everybody
        groups, accounts = everybody.places
        if len(groups) > len(self._number):
            self._number = grown(self._number, len(self._number), len(groups))
        looked = rows_of(everybody.members_of, touched.persons)
        rows, values = self._rows(touched.persons, len(looked))
        numbers = self._keys.find(everybody.person[accounts[rows]], rows)
        before = self._number[looked]
        self._number[looked] = 0
        self._number[rows] = numbers + 1
        gone = without(before[before > 0] - 1, numbers)
        self._landed.offer(values, numbers, gone, complete)

    def _rows(self, persons: Codes, most: int) -> tuple[Codes, pa.Table]:
        everybody, room = self._everybody, 1024
        groups = everybody.places[0]
        rows, ends = np.empty(most, np.int32), np.empty(most, np.int32)
        counts, dead = np.empty(most, np.uint32), np.empty(most, np.uint8)
        while True:
            elsewhere = np.empty(room, np.int32)
            count, size = members_across(
                everybody.members, groups, everybody.members_of, persons, rows, counts, dead, ends, elsewhere
            )
            if size <= room:
                break
            room = size
        found = rows[:count]
        offsets = pa.array(np.append(np.zeros(1, np.int32), ends[:count]))
        ids = everybody.group_names.strings(elsewhere[:size])
        return found, pa.table({
            "state": categories(everybody.members["state"][found].astype(np.int8), STATES),
            "groups": pa.array(counts[:count]),
            "effective_elsewhere": pa.ListArray.from_arrays(offsets, ids),
            "dead_here_alive_there": pa.array(dead[:count]),
        })  # fmt: skip
