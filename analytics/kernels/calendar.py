"""Days of a time zone as numbers: day d began at `starts[d]`. Pure; the time zone database is read once."""

# mypy: disable-error-code="no-untyped-call"

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
#: Stands for an earliest time that is not known: later than all times.
NEVER_MIN = 2**62
#: First and last day that has a number here; contract times lie between them.
_FIRST, _LAST = date(1970, 1, 1), date(2150, 1, 1)


@cache
def day_starts(zone: str) -> NDArray[np.int64]:
    """Start of every local day from 1970-01-01 on, milliseconds UTC; index = days from 1970-01-01 to the local date."""
    tz = ZoneInfo(zone)
    days = (_LAST - _FIRST).days
    midnights = (datetime(1970, 1, 1, tzinfo=tz) + timedelta(days=n) for n in range(days))
    return np.array([int(midnight.timestamp() * 1000) for midnight in midnights], np.int64)


@kernel
def day_of(starts: NDArray[np.int64], ts_ms: int) -> int:
    """Number of the local day that holds `ts_ms`."""
    day = ts_ms // 86_400_000
    while starts[day] > ts_ms:
        day -= 1
    while starts[day + 1] <= ts_ms:
        day += 1
    return day
