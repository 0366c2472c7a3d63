"""How good predicted chances are: AUC, Brier score, log loss, calibration by quantiles."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Outcomes = NDArray[np.bool_]


class Calibration(NamedTuple):
    """Groups of members of like chance, lowest first: mean chance, share of outcomes, members; shape (≤ bins,)."""

    predicted: Values
    observed: Values
    members: NDArray[np.int64]


def auc(scores: Values | NDArray[np.int64], outcomes: Outcomes) -> float:
    """The chance that one with the outcome has a higher score than one without, ties half (Mann and Whitney 1947).

    NaN when all outcomes are of one kind.
    """
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    with_it = int(outcomes.sum())
    pairs = with_it * (len(outcomes) - with_it)
    return float((ranks[places][outcomes].sum() - with_it * (with_it + 1) / 2) / pairs) if pairs else float("nan")


def brier(chances: Values, outcomes: Outcomes) -> float:
    """Mean squared difference of chance and outcome (Brier 1950); NaN of nobody."""
    return float(np.mean((chances - outcomes) ** 2)) if len(outcomes) else float("nan")


def log_loss(chances: Values, outcomes: Outcomes) -> float:
    """Mean −log of the chance given to what happened, in nats; infinite when something impossible happened."""
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
