"""Rows of `people_accounts`: which accounts belong to whom, and what the records about them say."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa

from schemas.agents import TABLES
from streams.people.memory.distinct import distinct
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes, PairRows
from streams.people.memory.now import Now


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
    """A row for every account about which there are records, under the person whose it is."""

    reads: tuple[str, ...] = ()

    def __init__(self, everybody: Everybody) -> None:
        self._everybody, self._keys = everybody, _Owned(everybody)
        self._landed = Landed(TABLES["people_accounts"], self._keys)
        self.landed = (self._landed,)
        self._person = np.empty(0, np.int32)  # of the account in every row of links

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Nothing else is read."""

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Offer the rows of accounts about which there are new records, or that belong to somebody else now."""
        everybody, links = self._everybody, self._everybody.links
        accounts, person = links.accounts, everybody.person[links.accounts]
        before, self._person = longer(self._person, len(accounts), -1), person
        moved = np.flatnonzero(person != before).astype(np.int32)
        rows = np.arange(len(accounts), dtype=np.int32) if complete else distinct(moved, links.read)
        left = moved[before[moved] >= 0]
        quarantined = (links.rows["owner"][rows] >= 0) & ~everybody.linked[accounts[rows]]
        values = pa.table(links.columns(rows) | {"quarantined": pa.array(quarantined.astype(np.uint8))})
        keys, gone = self._keys.find(person[rows], accounts[rows]), self._keys.find(before[left], accounts[left])
        self._landed.offer(values, keys, gone, complete)
