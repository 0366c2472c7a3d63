"""A closed day: what was known at its end, for who closes the next one, and what was worked out when it was closed."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.closed import Around
from analytics.people.fitted import Fitted
from streams.people.closed_days.day_windows import Windows
from streams.people.closed_days.segment_days import Segments
from streams.people.memory.names import Codes


@dataclass(frozen=True)
class Before:
    """What was known at the end of a day, as the readers of `sinks.clickhouse` have it: members' active days, what they
    were, persons' segments, and what members wrote on the days of which a window may still tell."""

    habits: pa.Table
    states: pa.Table
    segments: pa.Table
    spoken: pa.Table


@dataclass(frozen=True)
class ClosedDay:
    """A day that was closed: its number, the score of it, and the memberships whose row is another one than the day
    before, with what the row says beside `CLOSED`.

    cells: members by group and state, (groups + 1, states), all people once in the last row; present: groups that are
    known; platform: how many members platforms count; silent: how many are `score.silent_zombies`; windows: of groups
    and everybody; segments: of persons.
    """

    day: int
    fit: Fitted
    rows: Codes
    previous: NDArray[np.uint8]
    score: NDArray[np.float64]
    rhythm: NDArray[np.float64]
    around: Around
    present: NDArray[np.bool_]
    cells: NDArray[np.int64]
    platform: NDArray[np.int64]
    silent: NDArray[np.int64]
    windows: Windows
    segments: Segments
