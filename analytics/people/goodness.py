"""How good predicted chances are: AUC and Brier score."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Outcomes = NDArray[np.bool_]


def auc(scores: Values | NDArray[np.int64], outcomes: Outcomes) -> float:
    """The chance that one with the outcome has a higher score than one without, ties half (Mann and Whitney 1947).

    NaN when all outcomes are the same.
    """
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    with_it = int(outcomes.sum())
    pairs = with_it * (len(outcomes) - with_it)
    return float((ranks[places][outcomes].sum() - with_it * (with_it + 1) / 2) / pairs) if pairs else float("nan")


def brier(chances: Values, outcomes: Outcomes) -> float:
    """Mean squared difference of chance and outcome (Brier 1950); NaN without members."""
    return float(np.mean((chances - outcomes) ** 2)) if len(outcomes) else float("nan")
