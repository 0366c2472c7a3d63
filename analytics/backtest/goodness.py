"""How good predicted chances are, in addition to `analytics.people.goodness`: log loss, and calibration by
quantiles."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.people.goodness import Outcomes, Values


class Calibration(NamedTuple):
    """Groups of similar chances, lowest first: mean chance, share of outcomes, members; shape (≤ bins,)."""

    predicted: Values
    observed: Values
    members: NDArray[np.int64]


def log_loss(chances: Values, outcomes: Outcomes) -> float:
    """Mean −log of the chance given to what happened, in nats; infinite if something given no chance happened."""
    if not len(outcomes):
        return float("nan")
    with np.errstate(divide="ignore"):
        return float(-np.mean(np.log(np.where(outcomes, chances, 1 - chances))))


def calibration(chances: Values, outcomes: Outcomes, bins: int = 10) -> Calibration:
    """Members in `bins` groups of equal size by chance; those of one chance stay together, so there may be fewer."""
    order = np.argsort(chances, kind="stable")
    ordered = chances[order]
    group = np.searchsorted(ordered, ordered, side="left") * bins // max(len(ordered), 1)
    _, places, members = np.unique(group, return_inverse=True, return_counts=True)
    means = [np.bincount(places, weights=column) / members for column in (ordered, outcomes[order])]
    return Calibration(means[0], means[1], members)


def calibration_error(chances: Values, outcomes: Outcomes) -> float:
    """Mean of |foretold − observed| over deciles, each weighing as many as are in it; NaN of nobody."""
    found = calibration(chances, outcomes)
    total = found.members.sum()
    return float(np.abs(found.predicted - found.observed) @ found.members / total) if total else float("nan")
