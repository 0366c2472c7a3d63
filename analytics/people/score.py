"""The zombie score: the chance that a member is active again within the horizon, learned from the deployment itself.

A logistic regression on the features of `score_features`, fitted on their histogram. Two things keep it from ever
failing: one imagined member with average features, who half came back (Jeffreys), and a normal prior of one on the
slopes. Without data the score is ½; outcomes of one kind give about their share; separable data have finite slopes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.people.score_features import FEATURES, Histogram, Whole, values

Values = NDArray[np.float64]
#: Of members like a zombie, at least this share never came back.
CONFIDENCE = 0.95
_STEPS, _HALVINGS, _CLOSE = 100, 40, 1e-12


@dataclass(frozen=True)
class Score:
    """A fitted score. mean, scale: of the features, shape (7,); weights: intercept and slopes, shape (8,).

    theta: members with a lower score are zombies. members, returned: what it was fitted on.
    """

    mean: Values
    scale: Values
    weights: Values
    theta: float
    members: int
    returned: int

    def of(self, keys: Whole) -> Values:
        """The chance of being active again within the horizon, for keys of shape (n,); NaN for key −1."""
        distinct, places = np.unique(keys, return_inverse=True)
        chances = _chance(_rows(values(distinct), self.mean, self.scale) @ self.weights)
        return np.where(distinct < 0, np.nan, chances)[places]


def fit(history: Histogram) -> Score:
    """Fit and calibrate on the outcomes of past members; never fails.

    Maximum a posteriori by Newton's method (iteratively reweighted least squares) with halved steps.
    """
    seen, members = values(history.keys), history.members.astype(np.float64)
    mean, scale = np.zeros(len(FEATURES)), np.ones(len(FEATURES))
    if members.sum() > 0:
        mean = np.average(seen, axis=0, weights=members)
        spread = np.sqrt(np.average((seen - mean) ** 2, axis=0, weights=members))
        scale = np.where(spread > 1e-9, spread, 1.0)
    rows = np.vstack([_rows(seen, mean, scale), np.eye(1, len(FEATURES) + 1)])
    weights = regression(rows, np.append(members, 1.0), np.append(history.returned, 0.5))
    chances = _chance(rows[:-1] @ weights)
    theta = threshold(chances, history.members, history.returned)
    return Score(mean, scale, weights, theta, int(history.members.sum()), int(history.returned.sum()))


def threshold(chances: Values, members: Whole, returned: Whole, confidence: float = CONFIDENCE) -> float:
    """The score θ such that most members are below it of whom a share of at least `confidence` never came back.

    chances, members, returned: score of each cell, its members, those who came back; shape (n,). θ is half-way to the
    next score, so that no state depends on how a score is rounded. 0 when there is no such score (nobody is a
    zombie), 1 when it holds for all.
    """
    scores, places = np.unique(chances, return_inverse=True)
    below = np.cumsum(np.bincount(places, weights=members, minlength=len(scores)))
    back = np.cumsum(np.bincount(places, weights=returned, minlength=len(scores)))
    fits = np.flatnonzero(back <= (1 - confidence) * below)
    if not len(fits):
        return 0.0
    return float(scores[fits[-1] : fits[-1] + 2].mean()) if fits[-1] + 1 < len(scores) else 1.0


def _rows(seen: Values, mean: Values, scale: Values) -> Values:
    return np.column_stack([np.ones(len(seen)), (seen - mean) / scale])


def _chance(odds: Values) -> Values:
    """1/(1 + e^−odds), without overflow."""
    return np.exp(-np.logaddexp(0, -odds))


def regression(rows: Values, members: Values, returned: Values) -> Values:
    """Weights of the logistic regression of highest posterior, with a normal prior of one on all but the first.

    rows: (n, p), the first column ones; members, returned: weight and outcomes of each row, shape (n,). There must be
    outcomes of both kinds. The objective is strictly concave, so there is exactly one answer.
    """
    prior = np.append(0.0, np.ones(rows.shape[1] - 1))

    def height(weights: Values) -> float:
        odds = rows @ weights
        return float(returned @ odds - members @ np.logaddexp(0, odds) - prior @ weights**2 / 2)

    weights = np.zeros(rows.shape[1])
    best = height(weights)
    for _ in range(_STEPS):
        chances = _chance(rows @ weights)
        slope = rows.T @ (returned - members * chances) - prior * weights
        curve = (rows.T * (members * chances * (1 - chances))) @ rows + np.diag(prior)
        step = np.linalg.solve(curve, slope)
        for _ in range(_HALVINGS):
            reached = height(weights + step)
            if reached >= best:
                break
            step /= 2
        else:
            break
        gained, best, weights = reached - best, reached, weights + step
        if gained <= _CLOSE * (1 + abs(best)):
            break
    return weights
