"""The moment that rows of now belong to: the deployment's event time, its day, and the score in use."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.people.score import Score

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Now:
    """Time in milliseconds, the day (since 1970-01-01) and when it ends; the score, below which chance a silent member
    is a zombie, and the share of all gaps between active days that are at least so long, shape (129,)."""

    ms: int
    day: int
    end_ms: int
    score: Score
    limit: float
    longer: NDArray[np.float64]

    @property
    def hour(self) -> int:
        """The hour since 1970-01-01."""
        return self.ms // HOUR_MS

    def same_hour(self, other: "Now") -> bool:
        """Whether no hour has begun between the two, nor anything that `same_day` names."""
        return self.hour == other.hour and self.same_day(other)

    def same_day(self, other: "Now") -> bool:
        """Whether nothing has changed between the two that all rows depend on."""
        return self.day == other.day and self.score is other.score and self.limit == other.limit
