"""A partition's clock, and the records at which it closes days."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Columns
from schemas.frame import Frame


class Closing(NamedTuple):
    """A record that closes days: its row in the frame, and the next offset, which is the closing offset of these days.

    `first_day` is the first of them, `until_day` the first one that is still open; `clock_ms` is the clock at
    `next_offset`.
    """

    row: int
    next_offset: int
    first_day: int
    until_day: int
    clock_ms: int


class PartitionClock:
    """How records move a partition's clock, and which days it closes.

    The clock is the highest min(ts_ms, Kafka's stamp) of the records that keep the contract and are not excluded, ticks
    and repeated ones included; without a stamp (-1), `ts_ms` alone counts. 0: no record has come. A day is closed once
    the clock less the lateness lies in a later day; so the first record closes all days before.
    """

    def __init__(self, spec: Columns, day_starts: NDArray[np.int64], lateness_ms: int) -> None:
        self._ts = int(spec.places[spec.field("ts_ms").index])
        self._starts, self._lateness_ms = day_starts, lateness_ms

    def advance(self, clock_ms: int, frame: Frame) -> tuple[int, list[Closing]]:
        """The clock after all records of a frame, and those of them that close days, in order."""
        ts_ms, stamps = frame.words[self._ts], frame.timestamps
        times = np.where(stamps < 0, ts_ms, np.minimum(ts_ms, stamps))
        times[frame.ok == 0] = 0
        newest, found = int(times.max(initial=0)), []
        if newest >= self._next(clock_ms):
            times = np.maximum.accumulate(times)
            while newest >= (closes_ms := self._next(clock_ms)):
                row, first_day = int(np.searchsorted(times, closes_ms)), self._open_day(clock_ms)
                clock_ms = int(times[row])
                next_offset, until_day = int(frame.offsets[row]) + 1, self._open_day(clock_ms)
                found.append(Closing(row, next_offset, first_day, until_day, clock_ms))
        return max(clock_ms, newest), found

    def _open_day(self, clock_ms: int) -> int:
        """The first day that is not closed."""
        return int(np.searchsorted(self._starts, clock_ms - self._lateness_ms, "right")) - 1 if clock_ms else 0

    def _next(self, clock_ms: int) -> int:
        """The time that closes the next day; before the first record any."""
        return int(self._starts[self._open_day(clock_ms) + 1]) + self._lateness_ms if clock_ms else 1
