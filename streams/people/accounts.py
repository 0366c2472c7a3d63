"""Rows of `people_accounts`: which accounts belong to whom."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa

from schemas.agents import TABLES
from streams.people.everybody import Everybody, Touched
from streams.people.landed import Landed
from streams.people.names import Codes, PairRows
from streams.people.now import Now


class _Owned:
    """Numbers of persons and accounts of theirs."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody, self._pairs = everybody, PairRows(np.zeros(1, np.uint8))

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key."""
        return self.find(*(self._everybody.names.codes(rows[name]) for name in ("person_id", "account_id")))

    def find(self, persons: Codes, accounts: Codes) -> Codes:
        """The number of each person and account."""
        return self._pairs.find(persons, accounts)

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Persons and accounts."""
        persons, accounts = (codes[numbers] for codes in (self._pairs.pairs.ones, self._pairs.pairs.others))
        return {
            "person_id": self._everybody.names.strings(persons),
            "account_id": self._everybody.names.strings(accounts),
        }


class Accounts:
    """The accounts that have changed hands."""

    reads: tuple[str, ...] = ()

    def __init__(self, everybody: Everybody) -> None:
        self._everybody, self._keys = everybody, _Owned(everybody)
        self._landed = Landed(TABLES["people_accounts"], self._keys)
        self.landed = (self._landed,)
        self._person = np.empty(0, np.int32)

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Nothing else is read."""

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Offer a row for every account that belongs to somebody it did not belong to before."""
        person, before = self._everybody.person, self._person
        names = np.arange(len(person), dtype=np.int32)
        known = np.concatenate([before, names[len(before) :]])
        moved = np.flatnonzero(person != (names if complete else known)).astype(np.int32)
        owned, left = moved[person[moved] != moved], moved[known[moved] != moved]
        gone = self._keys.find(known[left], left)
        values = pa.table({"account": pa.array(owned)}).select([])
        self._landed.offer(values, self._keys.find(person[owned], owned), gone, complete)
        self._person = person
