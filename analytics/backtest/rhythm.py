"""A member's own rhythm: how unusual a silence is given the member's own gaps between active days.

Not the score: it explains one. `(#{own gaps ≥ idle} + 2 · P(gap ≥ idle)) / (n + 2)` with n own gaps and P the share of
all members' gaps, so that members with few gaps are judged like everybody. The views have the same formula.
"""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.people.rhythm import longer, next_day, without_newest
from analytics.people.score_features import Whole, Words

#: Weight of everybody's gaps, in own gaps.
PRIOR = 2.0


@kernel
def _tails(low: Any, high: Any, share: Any, prior: float, found: Any) -> None:
    for i in range(len(low)):
        a, b = low[i], high[i]
        day = next_day(a, b)
        idle, gaps, as_long = day, 0, 0
        while day < 128:
            a, b = without_newest(a, b)
            before = next_day(a, b)
            if before < 128:
                gaps += 1
                as_long += before - day >= idle
            day = before
        found[i] = (as_long + prior * share[idle]) / (gaps + prior)


def rhythm(low: Words, high: Words, counts: Whole) -> NDArray[np.float64]:
    """How usual each member's silence is: 1 within the rhythm, near 0 far beyond it; shape (n,).

    low, high: day masks, bit 0 is today, so the lowest bit that is set is the days of silence (none: 128). counts: of
    `gap_counts`, all members' or those of several partitions added up; without any gap every silence is usual (1).
    """
    found = np.empty(len(low))
    _tails(low, high, longer(counts), PRIOR, found)
    return found
