"""How good inviters are: the share of those they brought who turned out well, with what is known of all. Pure.

Whoever brought three people, all of them well, need not be better than who brought three hundred, most of them well.
Shares are shrunk towards those of all inviters (beta-binomial, empirical Bayes), and inviters ranked by a lower bound.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.results.beta import quantiles

Values = NDArray[np.float64]
#: Chance that an inviter's share is below the lower bound, and how many people are few.
LOWER, FEW = 0.05, 20
#: The most people that a prior stands for: their shares are then the same to a percent.
_STRONGEST = 10_000.0
#: Standard deviations of a normal distribution that hold 95 % of it.
_Z95 = 1.959963984540054


class Prior(NamedTuple):
    """How shares vary among inviters: a beta distribution, as if so many had turned out well, and so many badly."""

    well: float
    badly: float


class Quality(NamedTuple):
    """mean: expected share; lower: what it is below with a chance of `LOWER`; shapes (n,)."""

    mean: Values
    lower: Values


def fit_prior(well: ArrayLike, of: ArrayLike) -> Prior:
    """The prior by moments: how much shares differ beyond chance (Kleinman, 1973).

    well, of: people who turned out well, and all people, of every inviter, (n,). It stands for one person at
    least and for as many as there are at most: if shares differ no more than by chance, all are taken to be alike.
    """
    k, n = np.asarray(well, np.float64), np.asarray(of, np.float64)
    k, n = k[n > 0], n[n > 0]
    people = float(n.sum())
    share = (float(k.sum()) + 0.5) / (people + 1)
    by_chance = share * (1 - share)
    differ = float((n * (k / n - share) ** 2).sum()) / by_chance - (len(n) - 1)
    could = float(people - (n**2).sum() / max(people, 1)) - (len(n) - 1)
    alike = differ / could if len(n) > 1 and differ > 0 and could > 0 else 0.0
    strength = max(min(1 / alike - 1 if alike else people, people, _STRONGEST), 1.0)
    return Prior(share * strength, (1 - share) * strength)


def quality(well: ArrayLike, of: ArrayLike, prior: Prior) -> Quality:
    """Of every inviter, what is to be expected of those they bring; shapes (n,)."""
    a, b = prior.well + np.asarray(well), prior.badly + np.asarray(of) - np.asarray(well)
    return Quality(a / (a + b), quantiles(LOWER, a, b))


def wilson(well: ArrayLike, of: ArrayLike) -> tuple[Values, Values]:
    """95 % interval of each share on its own (Wilson, 1927); NaN of nobody; shapes (n,)."""
    k, n = np.asarray(well, np.float64), np.asarray(of, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share, z = k / n, _Z95**2
        middle, half = share + z / (2 * n), _Z95 * np.sqrt(share * (1 - share) / n + z / (4 * n**2))
        return np.maximum((middle - half) / (1 + z / n), 0), np.minimum((middle + half) / (1 + z / n), 1)
