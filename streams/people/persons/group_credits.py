"""What groups are credited with for orders, ever, by the model of the deployment: sums, and what they are made of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.people.memory.longer import longer
from streams.people.memory.names import Codes, PairRows
from streams.state.arrays import grown

_PART = np.dtype([("sum", "i4"), ("amount", "i8")])
_SUM = np.zeros(1, np.dtype([("minor", "i8")]))


class GroupCredits:
    """Of every order the groups that are credited with it, and how much, so that a later value replaces it."""

    def __init__(self) -> None:
        self._sums = PairRows(_SUM)
        self._parts, self._count, self._live = np.empty(1024, _PART), 0, 0
        self._first, self._length = np.empty(0, np.int64), np.empty(0, np.int32)
        #: Groups whose sums have changed since they were last taken.
        self.changed = np.empty(0, np.int32)

    def replace(
        self, numbers: Codes, firsts: NDArray[np.int64], groups: Codes, currencies: Codes, amounts: NDArray[np.int64]
    ) -> None:
        """Take what these conversions are worth to groups: those of conversion i from `firsts[i]` to `firsts[i + 1]`;
        group −1: none."""
        most = int(numbers.max(initial=-1)) + 1
        self._first, self._length = longer(self._first, most), longer(self._length, most)
        old = self._rows_of(numbers)
        np.subtract.at(self._sums.rows["minor"], self._parts["sum"][old], self._parts["amount"][old])
        touched = self._sums.pairs.ones[self._parts["sum"][old]]
        self._live -= len(old)
        kept = groups >= 0
        of = np.repeat(np.arange(len(numbers)), np.diff(firsts))[kept]
        sums = self._sums.find(groups[kept], currencies[of])
        np.add.at(self._sums.rows["minor"], sums, amounts[kept])
        used, end = self._count, self._count + len(sums)
        if end > len(self._parts):
            self._parts = grown(self._parts, used, end)
        self._parts["sum"][used:end], self._parts["amount"][used:end] = sums, amounts[kept]
        lengths = np.bincount(of, minlength=len(numbers))
        self._first[numbers], self._length[numbers] = used + np.cumsum(lengths) - lengths, lengths
        self._count, self._live = end, self._live + len(sums)
        self.changed = np.unique(np.concatenate([self.changed, touched, groups[kept]])).astype(np.int32)
        if self._count > 2 * self._live + (1 << 20):
            self._tidy()

    def _rows_of(self, numbers: Codes) -> NDArray[np.int64]:
        lengths = self._length[numbers].astype(np.int64)
        starts = np.repeat(self._first[numbers] - (np.cumsum(lengths) - lengths), lengths)
        return starts + np.arange(int(lengths.sum()))

    def _tidy(self) -> None:
        """Forget what was replaced."""
        numbers = np.flatnonzero(self._length).astype(np.int32)
        self._parts = self._parts[self._rows_of(numbers)]
        lengths = self._length[numbers].astype(np.int64)
        self._first[numbers], self._count = np.cumsum(lengths) - lengths, len(self._parts)

    def of(self, groups: NDArray[Any], currencies: NDArray[Any]) -> NDArray[np.int64]:
        """What groups are credited with in these currencies; of group −1, what all are together."""
        rows = self._sums.find(groups.astype(np.int32), currencies.astype(np.int32))
        found: NDArray[np.int64] = self._sums.rows["minor"][rows]
        everywhere = np.flatnonzero(groups < 0)
        if len(everywhere):
            totals = np.zeros(int(self._sums.pairs.others.max(initial=0)) + 1, np.int64)
            np.add.at(totals, self._sums.pairs.others, self._sums.rows["minor"])
            found[everywhere] = totals[currencies[everywhere]]
        return found

    def taken(self) -> Codes:
        """The groups whose sums have changed since this was last asked."""
        found, self.changed = self.changed, self.changed[:0]
        return found
