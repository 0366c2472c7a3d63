"""Numbers of the keys of `people_credits`: a day, and a goal, currency and value of a dimension."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from streams.people.memory.names import Codes, Names, PairRows

_SEPARATOR = "\x1f"
_TEXTS = ("goal", "currency", "dimension", "value")


class Cells:
    """Days are numbers since 1970-01-01."""

    def __init__(self) -> None:
        self._names, self._pairs = Names(), PairRows(np.zeros(1, np.uint8))

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key, new ones added."""
        days = np.asarray(rows["day"].cast(pa.date32()).cast(pa.int32()))
        return self.find({name: rows[name].cast(pa.string()) for name in _TEXTS}, days)

    def find(self, texts: dict[str, pa.ChunkedArray], days: Codes) -> Codes:
        """The number of each goal, currency, dimension and value on a day, new ones added."""
        joined = pc.binary_join_element_wise(*(texts[name] for name in _TEXTS), _SEPARATOR)
        joined = joined if isinstance(joined, pa.ChunkedArray) else pa.chunked_array([joined])
        return self._pairs.find(self._names.codes(joined), days.astype(np.int32))

    def of_days(self, chosen: NDArray[np.bool_], first_day: int) -> Codes:
        """The numbers of these days, and of all before the first; chosen: by day from the first on."""
        days = self._pairs.pairs.others
        later = np.clip(days - first_day, 0, len(chosen) - 1)
        found: Codes = np.flatnonzero((days < first_day) | chosen[later]).astype(np.int32)
        return found

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Days, and the other keys as text."""
        pairs = self._pairs.pairs
        parts = pc.split_pattern(self._names.strings(pairs.ones[numbers]), _SEPARATOR).flatten()
        places = np.arange(len(numbers)) * len(_TEXTS)
        texts = {name: parts.take(pa.array(places + i)) for i, name in enumerate(_TEXTS)}
        return {"day": pa.array(pairs.others[numbers]).cast(pa.date32())} | texts
