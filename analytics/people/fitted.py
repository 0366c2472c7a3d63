"""The zombie score of a closed day, fitted on what came of everybody who was a member before. Pure."""

from dataclasses import dataclass

import numpy as np

from analytics.people import goodness
from analytics.people.rhythm import gap_counts, longer
from analytics.people.score import Score, Values, fit
from analytics.people.score_features import Habits, Whole
from analytics.people.score_history import histories, pooled

#: Days within which somebody comes back, or not.
HORIZON = 28


@dataclass(frozen=True)
class Fitted:
    """A score, and how it was found.

    limit: silent members with a lower chance are zombies; longer: share of all gaps between active days that last at
    least so many days, shape (129,); members, returned: of the newest horizon; auc, brier: how good it is there (None:
    unknown).
    """

    score: Score
    limit: float
    longer: Values
    members: int = 0
    returned: int = 0
    auc: float | None = None
    brier: float | None = None


def unfitted() -> Fitted:
    """What is used before any day is closed: 1 / (2 + idle days), below which of more than four weeks a zombie is, and
    every silence is usual."""
    weights = np.array([0.0, -1.0, 0, 0, 0, 0, 0, 0, 0])
    return Fitted(Score(np.zeros(8), np.ones(8), weights, weights, 0, 0), 1 / 30, np.ones(129))


def fitted(habits: Habits, gone: Whole, limit: float) -> Fitted:
    """Fit on members' habits at the end of a day; equal members in any order have equal fits.

    gone: days since each member left the group, -1 of those who are in it. Never fails.
    """
    horizons = histories(habits, gone, HORIZON)
    score, newest = fit(pooled(horizons)), horizons[0]
    kinds = np.column_stack([newest.returned, newest.members - newest.returned]).ravel()
    chances = np.repeat(score.of(newest.keys).repeat(2), kinds)
    outcomes = np.repeat(np.tile([True, False], len(newest.keys)), kinds)
    auc, brier = goodness.auc(chances, outcomes), goodness.brier(chances, outcomes)
    return Fitted(
        score, limit, longer(gap_counts(habits.low, habits.high)), len(outcomes), int(outcomes.sum()),
        None if np.isnan(auc) else auc, None if np.isnan(brier) else brier,
    )  # fmt: skip
