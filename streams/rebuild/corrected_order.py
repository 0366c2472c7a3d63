"""Where late records belong: each just before the first record whose time closes its hour or day in its group.

Pure; arrays in, arrays out. Of repeated events only the first counts; callers leave out the others.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.chat.state import Clock
from analytics.kernels.calendar import HOUR_MS

Numbers = NDArray[np.int64]


class Timeline(NamedTuple):
    """Records in offset order, one row each.

    `time_ms` is where a record moves its group's time, `groups` the number of that group (-1: a tick, which concerns
    all).
    """

    offsets: Numbers
    ts_ms: Numbers
    time_ms: Numbers
    groups: Numbers


def days_of(clock: Clock, ts_ms: Numbers) -> Numbers:
    """Numbers of the local days."""
    return np.searchsorted(clock.day_starts, ts_ms, "right").astype(np.int64) - 1


def closing_times(clock: Clock, ts_ms: Numbers) -> Numbers:
    """The time at which a group's hour or day of `ts_ms` closes, whichever is first."""
    hour_ends = (ts_ms // HOUR_MS + 1) * HOUR_MS
    return np.minimum(hour_ends, clock.day_starts[days_of(clock, ts_ms) + 1]) + clock.lateness_ms


def late_places(timeline: Timeline, clock: Clock) -> tuple[Numbers, Numbers]:
    """Rows of the late records, and for each the offset of the record that it belongs just before."""
    ticks = np.flatnonzero(timeline.groups < 0)
    order = np.argsort(timeline.groups, kind="stable")
    order = order[np.searchsorted(timeline.groups[order], 0) :]
    bounds = np.flatnonzero(np.diff(timeline.groups[order], prepend=-1, append=-1))
    late, places = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for first, end in pairwise(bounds.tolist()):
        own = order[first:end]
        rows = np.sort(np.concatenate([own, ticks[ticks > own[0]]]))
        time = np.maximum.accumulate(timeline.time_ms[rows])
        closes = closing_times(clock, timeline.ts_ms[rows])
        before = np.concatenate([[np.iinfo(np.int64).min], time[:-1]])
        found = np.flatnonzero((timeline.groups[rows] >= 0) & (before >= closes))
        late.append(rows[found])
        places.append(timeline.offsets[rows[np.searchsorted(time, closes[found])]])
    return np.concatenate(late), np.concatenate(places)
