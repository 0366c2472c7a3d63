"""When a partition must stop: too many invalid records, a sign that something upstream is broken, or too many ids."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Number of offsets over which the ratio is taken.
WINDOW = 10_000


@dataclass
class DeadLetterLimits:
    """Stops a partition after `run` invalid records in a row, or when more than `ratio` of a window of offsets are.

    Windows are whole multiples of `WINDOW` offsets, so the verdict does not depend on how records were framed.
    """

    ratio: float = 0.5
    run: int = 10_000
    _in_a_row: int = 0
    _window: int = -1
    _invalid: int = 0

    def judge(self, offsets: NDArray[np.int64], ok: NDArray[np.uint8]) -> int:
        """How many of the records may be taken; fewer than given when a limit is exceeded."""
        if not len(ok):
            return 0
        bad = np.flatnonzero(ok == 0)
        if not len(bad):
            self._in_a_row = 0
            self._enter(int(offsets[-1]) // WINDOW)
            return len(ok)
        before = -1
        for row in bad:
            self._in_a_row = self._in_a_row + 1 if row == before + 1 else 1
            before = int(row)
            self._enter(int(offsets[row]) // WINDOW)
            self._invalid += 1
            if self._in_a_row > self.run or self._invalid > self.ratio * WINDOW:
                return int(row)
        if before != len(ok) - 1:
            self._in_a_row = 0
        self._enter(int(offsets[-1]) // WINDOW)
        return len(ok)

    def _enter(self, window: int) -> None:
        if window != self._window:
            self._window, self._invalid = window, 0

    def message(self, topic: str, partition: int, offset: int) -> str:
        """What happened and what to do, for operators."""
        return (
            f"{topic} partition {partition} stopped at offset {offset}: {self._in_a_row:,} invalid records in a row, "
            f"{self._invalid:,} among the last {WINDOW:,}. Look at `groupvitals dlq list`, fix the producer, or raise "
            "GROUPVITALS_WORKER__DEAD_LETTER_RUN or …_DEAD_LETTER_RATIO; then start the worker again."
        )
