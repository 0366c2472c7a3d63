"""Records that only few rows of a larger array have, such as hour masks of the recently active."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from streams.people.memory.names import Codes
from streams.state.arrays import grown


class Few:
    """Records by row of another array, each at its place; most rows have none."""

    def __init__(self, kind: DTypeLike) -> None:
        self._places, self._rows, self._records = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, kind)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def records(self) -> NDArray[Any]:
        """The records; shape (n,)."""
        return self._records[: self._count]

    @property
    def rows(self) -> Codes:
        """Which row each record belongs to; shape (n,)."""
        return self._rows[: self._count]

    def places(self, count: int) -> Codes:
        """Place of the record of each row up to `count`; -1: it has none."""
        missing = count - len(self._places)
        if missing > 0:
            self._places = np.append(self._places, np.full(max(missing, count // 8), -1, np.int32))
        return self._places[:count]

    def put(self, rows: Codes, records: NDArray[Any]) -> None:
        """Records of these rows, all different."""
        places = self.places(int(rows.max(initial=-1)) + 1)
        new = rows[places[rows] < 0]
        most = self._count + len(new)
        if most > len(self._rows):
            self._rows, self._records = (grown(one, self._count, most) for one in (self._rows, self._records))
        self._rows[self._count : most] = new
        places[new] = np.arange(self._count, most, dtype=np.int32)
        self._count = most
        self._records[places[rows]] = records

    def keep(self, chosen: NDArray[np.bool_]) -> None:
        """Forget the records that are not chosen; chosen: of every record, shape (n,)."""
        self._places[self.rows[~chosen]] = -1
        self._rows, self._records = self.rows[chosen], self.records[chosen]
        self._count = len(self._rows)
        self._places[self._rows] = np.arange(self._count, dtype=np.int32)
