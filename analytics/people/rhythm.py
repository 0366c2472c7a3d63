"""A member's own rhythm: how unusual a silence is beside the member's own gaps between active days.

Not the score: it explains one. `(#{own gaps ≥ idle} + 2 · P(gap ≥ idle)) / (n + 2)` with n own gaps and P the share of
all members' gaps, so that members with few gaps are judged like everybody.
"""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.masks import DAY_BITS, count_bits
from analytics.people.score_features import Whole, Words

#: What the gaps of all weigh, in own gaps.
PRIOR = 2.0


@kernel
def _next_day(low: Any, high: Any) -> Any:
    """The newest active day of a mask, 128 when there is none."""
    if low != np.uint64(0):
        return count_bits((low & (~low + np.uint64(1))) - np.uint64(1))
    return np.int64(64) + count_bits((high & (~high + np.uint64(1))) - np.uint64(1))


@kernel
def _without_newest(low: Any, high: Any) -> Any:
    if low != np.uint64(0):
        return low & (low - np.uint64(1)), high
    return low, high & (high - np.uint64(1))


@kernel
def _count_gaps(low: Any, high: Any, counts: Any) -> None:
    for i in range(len(low)):
        a, b = low[i], high[i]
        day = _next_day(a, b)
        while day < 128:
            a, b = _without_newest(a, b)
            before = _next_day(a, b)
            if before < 128:
                counts[before - day] += 1
            day = before


@kernel
def _tails(low: Any, high: Any, share: Any, prior: float, found: Any) -> None:
    for i in range(len(low)):
        a, b = low[i], high[i]
        day = _next_day(a, b)
        idle, gaps, as_long = day, 0, 0
        while day < 128:
            a, b = _without_newest(a, b)
            before = _next_day(a, b)
            if before < 128:
                gaps += 1
                as_long += before - day >= idle
            day = before
        found[i] = (as_long + prior * share[idle]) / (gaps + prior)


def gap_counts(low: Words, high: Words) -> Whole:
    """How often each gap (days from one active day to the next) occurs in day masks of shape (n,); shape (128,)."""
    counts = np.zeros(DAY_BITS, dtype=np.int64)
    _count_gaps(low, high, counts)
    return counts


def longer(counts: Whole) -> NDArray[np.float64]:
    """Share of the gaps that are at least so many days long, 0 to 128; shape (129,). Without any gap all are 1."""
    if not counts.any():
        return np.ones(DAY_BITS + 1)
    share: NDArray[np.float64] = np.append(np.cumsum(counts[::-1])[::-1], 0) / counts.sum()
    return share


def rhythm(low: Words, high: Words, counts: Whole) -> NDArray[np.float64]:
    """How usual each member's silence is: 1 within the rhythm, near 0 far beyond it; shape (n,).

    low, high: day masks, bit 0 is today, so the lowest bit that is set is the days of silence (none: 128). counts: of
    `gap_counts`, all members' or those of several partitions added up; without any gap every silence is usual (1).
    """
    found = np.empty(len(low))
    _tails(low, high, longer(counts), PRIOR, found)
    return found
