"""The zombie score: the chance that a member is active again within the horizon, learned from the deployment itself.

A logistic regression on the features of `score_features`, fitted on their histogram, in two stages: on everybody, then,
for those who have been silent for a horizon, how they differ from that. So it is calibrated where it decides. A fit
never fails: one imagined member with average features came back by half, and slopes have a normal prior around those
of 1/(2 + idle days), which is the score without data. Parameters are rounded: neither the machine nor the order of a
sum shows in them.
"""

# mypy: disable-error-code="no-untyped-call"

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.people.score_features import FEATURES, Whole, features, values
from analytics.people.score_history import Histogram, sampled

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: A silent member with a lower chance is a zombie, unless a setting says otherwise.
ZOMBIE_CHANCE = 0.05
#: Once a zombie, one stays so until the chance is clearly better.
HYSTERESIS = 1.1
#: Precision of the priors of slopes, and of how the silent differ: small communities have too few to tell.
PRIOR, SILENT_PRIOR = 2.0, 50.0
#: How many cells a fit looks at.
MOST_CELLS = 1 << 18
_DECIMALS, _STEPS, _HALVINGS, _CLOSE, _NOISE = 4, 100, 40, 1e-9, 1e-12
#: Added to the curvature, which vanishes where all chances are 0 or 1: it bounds a step, and moves no maximum.
_FLAT = 1e-9


@dataclass(frozen=True)
class Score:
    """A fitted score. mean, scale: of the features, shape (8,); weights: intercept and slopes of the standardised
    features, shape (9,); silent: those for members who have been silent for a horizon.

    members, returned: what it was fitted on.
    """

    mean: Values
    scale: Values
    weights: Values
    silent: Values
    members: int
    returned: int

    def of(self, keys: Whole) -> Values:
        """The chance of being active again within the horizon, for keys of shape (n,); NaN for key −1.

        A key's chance is the same to the last bit, whichever keys stand beside it.
        """
        found, row = np.empty(len(keys)), np.empty(len(FEATURES))
        _chances(keys, self.mean, self.scale, self.weights, self.silent, row, found)
        return found


@kernel
def _chances(keys: Any, mean: Any, scale: Any, weights: Any, silent: Any, row: Any, found: Any) -> None:
    for i in range(len(keys)):
        if keys[i] < 0:
            found[i] = np.nan
            continue
        used = silent if features(keys[i], row) else weights
        odds = used[0]
        for n in range(len(row)):
            odds += used[n + 1] * (row[n] - mean[n]) / scale[n]
        found[i] = 1 / (1 + np.exp(-odds))


def fit(history: Histogram) -> Score:
    """Fit on the outcomes of past members; never fails. Equal histograms have equal fits, on any machine."""
    members, returned = int(history.members.sum()), int(history.returned.sum())
    cells = sampled(history, MOST_CELLS)
    seen, silent = values(cells.keys)
    counts, back = cells.members.astype(np.float64), cells.returned.astype(np.float64)
    mean, scale = _spread(seen, counts)
    centre = np.zeros(len(FEATURES) + 1)
    centre[1] = -scale[0]
    rows = np.vstack([_rows(seen, mean, scale), np.eye(1, len(centre))])
    loose = np.append(0.0, np.full(len(FEATURES), PRIOR))
    found = regression(rows, np.append(counts, 1.0), np.append(back, 0.5), rows @ centre, loose)
    weights = _rounded(centre + found)
    odds = rows[:-1][silent] @ weights
    own, spread = _spread(seen[silent], counts[silent])
    held = np.full(len(centre), SILENT_PRIOR)
    differ = regression(_rows(seen[silent], own, spread), counts[silent], back[silent], odds, held)
    # the same in terms of everybody's standardised features
    slopes = weights[1:] + differ[1:] * scale / spread
    intercept = weights[0] + differ[0] + differ[1:] @ ((mean - own) / spread)
    return Score(mean, scale, weights, _rounded(np.append(intercept, slopes)), members, returned)


def _rounded(weights: Values) -> Values:
    return np.round(weights, _DECIMALS) + 0.0


def _spread(seen: Values, members: Values) -> tuple[Values, Values]:
    """Mean and standard deviation of each feature; 0 and 1 of nobody, and 1 where all are equal."""
    if not members.sum() > 0:
        return np.zeros(seen.shape[1]), np.ones(seen.shape[1])
    mean = np.round(np.average(seen, axis=0, weights=members), _DECIMALS)
    scale = np.round(np.sqrt(np.average((seen - mean) ** 2, axis=0, weights=members)), _DECIMALS)
    return mean, np.where(scale > 0.01, scale, 1.0)


def _rows(seen: Values, mean: Values, scale: Values) -> Values:
    return np.column_stack([np.ones(len(seen)), (seen - mean) / scale])


def regression(rows: Values, members: Values, returned: Values, odds: Values, precision: Values) -> Values:
    """Weights of the logistic regression of highest posterior, with normal priors around 0: shape (p,).

    rows: (n, p); members, returned: weight and outcomes of each row; odds: what the log odds are before weights are
    added; shape (n,). precision: of each weight's prior, shape (p,); there must be outcomes of both kinds for a weight
    without. The objective is strictly concave, so there is exactly one answer; it is found by Newton's method
    (iteratively reweighted least squares) with halved steps.
    """

    def height(weights: Values) -> float:
        found = odds + rows @ weights
        return float(returned @ found - members @ np.logaddexp(0, found) - precision @ weights**2 / 2)

    weights = np.zeros(rows.shape[1])
    best = height(weights)
    for _ in range(_STEPS):
        chances = np.exp(-np.logaddexp(0, -odds - rows @ weights))
        slope = rows.T @ (returned - members * chances) - precision * weights
        curve = (rows.T * (members * chances * (1 - chances))) @ rows + np.diag(precision + _FLAT)
        step = np.linalg.solve(curve, slope)
        for _ in range(_HALVINGS):
            reached = height(weights + step)
            if reached >= best - _NOISE * (1 + abs(best)):
                break
            step /= 2
        best, weights = reached, weights + step
        if np.abs(step).max() <= _CLOSE:
            break
    return weights


def zombies(chances: Values, were: Flags, limit: float = ZOMBIE_CHANCE) -> Flags:
    """Which silent members are zombies, from their chances and whether they were zombies the day before; shape (n,)."""
    found: Flags = chances < limit * np.where(were, HYSTERESIS, 1.0)
    return found


def silent_zombies(chances: Values, unobservable: Flags, limit: float = ZOMBIE_CHANCE) -> Flags:
    """Which members whose activity nobody would see look like zombies all the same; shape (n,)."""
    return unobservable & (chances < limit)


def fading(now: Values, before: Values) -> Flags:
    """Whose chance is below half of what it was a horizon ago (NaN: not there yet, so not fading); shape (n,).

    Both by the same fit, so that it is the member who has changed. It is for effective members: below 5 % there is
    hardly anybody active.
    """
    return now < before / 2
