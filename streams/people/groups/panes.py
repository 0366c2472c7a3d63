"""Hours and days of groups in memory, and what the windows that end now add up to."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.activity import SUMS, WINDOWS, sum_panes
from streams.people.memory.names import Codes, PairRows

_KIND = np.dtype([(name, "u4") for name in SUMS])
_HOURS, _DAYS = 24, 28


def _empty() -> PairRows:
    return PairRows(np.zeros(1, _KIND))


class Panes:
    """Counts of the hours and days that windows may hold now or later, and the sums of the windows by group."""

    def __init__(self) -> None:
        self._panes, self._touched = _empty(), list[Codes]()
        #: Shape (groups, 4, 7): windows, and what is counted.
        self.sums = np.zeros((0, len(WINDOWS), len(SUMS)), np.int64)

    def take(self, table: pa.Table, groups: Codes) -> None:
        """Take rows of hours and days; groups: number of each one's `group_id`."""
        rows = self._panes.find(groups, np.asarray(table["number"]))
        for name in SUMS:
            self._panes.rows[name][rows] = np.asarray(table[name])
        self._touched.append(groups)

    def forget(self, day: int, hour: int) -> None:
        """Let go of what no window ending now, or later, holds."""
        groups, buckets, _ = self._panes.pairs  # as the kernel numbers them: hours even, days odd
        oldest = np.where(buckets & 1, day - _DAYS, hour - _HOURS)
        kept = np.flatnonzero(buckets >> 1 > oldest)
        old, self._panes = self._panes, _empty()
        rows = self._panes.find(groups[kept], buckets[kept])
        self._panes.rows[rows] = old.rows[kept]

    def add_up(self, day: int, hour: int, groups: int, whole: bool) -> None:
        """Add up the windows of all groups, or of those whose hours or days have changed."""
        missing = groups - len(self.sums)
        if missing:
            self.sums = np.concatenate([self.sums, np.zeros((missing, *self.sums.shape[1:]), np.int64)])
        changed = np.unique(np.concatenate(self._touched)) if self._touched else np.empty(0, np.int32)
        some: NDArray[np.int32] = np.arange(groups, dtype=np.int32) if whole else changed
        counts = self._panes.rows.view(np.uint32).reshape(-1, len(SUMS))
        sum_panes(counts, *self._panes.pairs, some, day, hour, self.sums)
        self._touched = []
