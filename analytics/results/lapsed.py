"""Paths that did not convert: touches of which every lookback has closed before a conversion came. Compiled, pure.

A touch joins the path before it if a lookback of that path is still open. A conversion of the goal ends a path, too:
what comes later begins another one, and what it ended while a lookback was open has converted.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.results.paths import LONGEST

Whole = NDArray[np.int64]


class Lapsed(NamedTuple):
    """Paths, those of a person one after the other: the touches of path i are `rows[firsts[i] : firsts[i + 1]]`, oldest
    first, the newest `LONGEST`; `of`: whose it is, (n,); `closed_ms`: the moment from which on none could convert."""

    firsts: Whole
    rows: Whole
    of: Whole
    closed_ms: Whole


def lapsed(
    touches: NDArray[Any],
    touch_firsts: Whole,
    converted_ms: Whole,
    converted_firsts: Whole,
    lookback_ms: Whole,
    until_ms: int,
) -> Lapsed:
    """The paths to one goal that closed before a moment, without a conversion. Later records do not change them.

    touches: of `TOUCH`, those of person p from `touch_firsts[p]` to `touch_firsts[p + 1]`, oldest first; the times of
    the person's conversions of the goal in the same way; lookback_ms: of each kind, shape (kinds,), 0: it never counts.
    """
    firsts, rows = np.zeros(len(touches) + 1, np.int64), np.empty(len(touches), np.int64)
    of, closed_ms = np.empty(len(touches), np.int64), np.empty(len(touches), np.int64)
    ages = np.ascontiguousarray(touches["ms"]), np.ascontiguousarray(touches["kind"])
    when = touch_firsts, converted_ms, converted_firsts, lookback_ms, until_ms, LONGEST
    n = _lapse(*ages, *when, firsts, rows, of, closed_ms)
    return Lapsed(firsts[: n + 1], rows[: firsts[n]], of[:n], closed_ms[:n])


@kernel
def _newest(rows, begin, end, longest):
    """Leave out all but the newest rows of a path; returns its new end."""
    left_out = max(end - begin - longest, 0)
    for i in range(begin, end - left_out):
        rows[i] = rows[i + left_out]
    return end - left_out


@kernel
def _lapse(
    ms, kinds, touch_firsts, converted_ms, converted_firsts, lookback_ms, until_ms, longest, firsts, rows, of, closed_ms
):
    """Returns how many paths there are. The touches of the one at hand are `rows[begin:end]`."""
    paths = 0
    for person in range(len(touch_firsts) - 1):
        at, last = converted_firsts[person], converted_firsts[person + 1]
        begin = end = firsts[paths]
        closes = np.int64(0)
        for row in range(touch_firsts[person], touch_firsts[person + 1] + 1):
            over = row == touch_firsts[person + 1]
            if not over and lookback_ms[kinds[row]] <= 0:
                continue
            while at < last and (over or converted_ms[at] < ms[row]):
                if converted_ms[at] < closes:
                    end = begin
                at += 1
            if end > begin and (over or ms[row] >= closes):
                if closes < until_ms:
                    of[paths], closed_ms[paths] = person, closes
                    paths += 1
                    firsts[paths] = begin = _newest(rows, begin, end, longest)
                end = begin
            if over:
                continue
            if end == begin:
                closes = ms[row]
            rows[end] = row
            end += 1
            closes = max(closes, ms[row] + lookback_ms[kinds[row]])
    return paths
