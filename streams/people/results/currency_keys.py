"""Numbers of keys of a name and a currency: a referrer or a campaign, and the currency of money."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa

from streams.people.memory.names import Codes, Names, PairRows


class CurrencyKeys:
    """Numbers of names, which are in the key's column `column`, and currencies."""

    def __init__(self, column: str, names: Names, currencies: Names) -> None:
        self._column, self._names, self._currencies = column, names, currencies
        self._pairs = PairRows(np.zeros(1, np.uint8))

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key, new ones added."""
        currencies = self._currencies.some_codes(rows["currency"].cast(pa.string()))
        return self.find(self._names.codes(rows[self._column]), currencies)

    def find(self, names: Codes, currencies: Codes) -> Codes:
        """The number of each name and currency (−1: there is no money), new ones added."""
        return self._pairs.find(names.astype(np.int32), (currencies + 1).astype(np.int32))

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Names and currencies."""
        pairs = self._pairs.pairs
        currencies = self._currencies.texts(pairs.others[numbers] - 1)
        return {self._column: self._names.strings(pairs.ones[numbers]), "currency": currencies}
