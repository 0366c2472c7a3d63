"""Gaps between active days, counted over all members: what a silence is compared with."""

# mypy: disable-error-code="no-untyped-call,no-untyped-def"

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.masks import DAY_BITS
from analytics.people.score_features import Whole, Words, newest_day


@kernel
def next_day(low: Any, high: Any) -> Any:
    """The newest active day of a mask, 128 when there is none."""
    if low != np.uint64(0):
        return newest_day(low)
    return np.int64(64) + newest_day(high)


@kernel
def without_newest(low: Any, high: Any) -> Any:
    """The mask without its newest active day."""
    if low != np.uint64(0):
        return low & (low - np.uint64(1)), high
    return low, high & (high - np.uint64(1))


@kernel
def _count_gaps(low: Any, high: Any, counts: Any) -> None:
    for i in range(len(low)):
        a, b = low[i], high[i]
        day = next_day(a, b)
        while day < 128:
            a, b = without_newest(a, b)
            before = next_day(a, b)
            if before < 128:
                counts[before - day] += 1
            day = before


def gap_counts(low: Words, high: Words) -> Whole:
    """How often each gap (days from one active day to the next) occurs in day masks of shape (n,); shape (128,)."""
    counts = np.zeros(DAY_BITS, dtype=np.int64)
    _count_gaps(low, high, counts)
    return counts


def longer(counts: Whole) -> NDArray[np.float64]:
    """Share of the gaps that are at least so many days long, 0 to 128; shape (129,). Without any gaps all are 1."""
    if not counts.any():
        return np.ones(DAY_BITS + 1)
    share: NDArray[np.float64] = np.append(np.cumsum(counts[::-1])[::-1], 0) / counts.sum()
    return share


@kernel
def _rhythm(a, b, ahead, longer):
    """Of a mask that ends `ahead` days after the day."""
    newest = next_day(a, b)
    while newest < min(ahead, DAY_BITS):  # days after it
        a, b = without_newest(a, b)
        newest = next_day(a, b)
    silent = np.int64(DAY_BITS) if newest >= DAY_BITS else min(newest - ahead, np.int64(DAY_BITS))
    gaps, as_long = 0, 0
    while newest < DAY_BITS:
        a, b = without_newest(a, b)
        before = next_day(a, b)
        if before < DAY_BITS:
            gaps += 1
            as_long += before - newest >= silent
        newest = before
    return (as_long + 2 * longer[silent]) / (gaps + 2)


@kernel
def own_rhythm(members, chosen, day, longer, found):
    """How usual the silence of each chosen member is: (own gaps at least as long + 2 · the share of all) / (gaps + 2).

    members: with masks and a base day; longer: as the function of that name, shape (129,); found: shape (n,).
    """
    for i in range(len(chosen)):
        m = members[chosen[i]]
        found[i] = _rhythm(m.spoke_lo | m.reacted_lo | m.read_lo, m.active_hi, m.base_day - day, longer)


@kernel
def rhythms(low, high, longer, found):
    """The same of masks whose bit 0 is the day itself."""
    for i in range(len(low)):
        found[i] = _rhythm(low[i], high[i], 0, longer)
