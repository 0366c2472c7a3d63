"""Numbers of the keys of `people_referrers`: a referrer, and a currency of those below."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa

from streams.people.memory.everybody import Everybody
from streams.people.memory.names import Codes, PairRows
from streams.people.persons.orders import Orders


class ReferrerKeys:
    """Numbers of referrers and currencies."""

    def __init__(self, everybody: Everybody, orders: Orders) -> None:
        self._everybody, self._orders = everybody, orders
        self._pairs = PairRows(np.zeros(1, np.uint8))

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key, new ones added."""
        currencies = self._orders.currencies.some_codes(rows["currency"].cast(pa.string()))
        return self.find(self._everybody.names.codes(rows["person_id"]), currencies)

    def find(self, persons: Codes, currencies: Codes) -> Codes:
        """The number of each person and currency (−1: nobody they brought has paid), new ones added."""
        return self._pairs.find(persons.astype(np.int32), (currencies + 1).astype(np.int32))

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Person ids and currencies."""
        persons, currencies = self._pairs.pairs.ones[numbers], self._pairs.pairs.others[numbers]
        known = self._orders.currencies
        texts = pa.concat_arrays([pa.array([""]), known.strings(np.arange(len(known), dtype=np.int32))])
        return {"person_id": self._everybody.names.strings(persons), "currency": texts.take(pa.array(currencies))}
