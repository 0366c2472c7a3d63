"""How long people stay, from how often and when they came: BG/NBD, MBG/NBD and BG/BB, for comparison and as
explanation.

A history is (x, t_x, T): repeat days, time from the first to the last of them, time from the first to now; for BG/BB
opportunities instead of time. Likelihoods see a histogram of histories, so a fit costs the same for any number of
people. Repeats are whole numbers, so ratios of gamma functions are products: (r)ₓ = r(r+1)…(r+x−1) = Γ(r+x)/Γ(r).

BG/NBD: Fader, Hardie, Lee 2005. MBG/NBD: Batislam, Denizel, Filiztekin 2007. BG/BB: Fader, Hardie, Shang 2010.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.backtest.simplex import lowest

Values = NDArray[np.float64]
#: Natural logarithms of parameters stay within ± this: data without repeats have their best fit at infinity.
BOUND = 12.0


class Histories(NamedTuple):
    """Distinct histories and how many people have each; every column has shape (n,), times of one unit."""

    x: NDArray[np.int64]
    t_x: Values
    T: Values
    people: Values


def histories(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Histories:
    """The histogram of the histories of single people: x whole and ≥ 0, 0 ≤ t_x ≤ T."""
    rows = np.column_stack([np.asarray(column, dtype=np.float64) for column in (x, t_x, T)])
    distinct, people = np.unique(rows, axis=0, return_counts=True)
    return Histories(distinct[:, 0].astype(np.int64), distinct[:, 1], distinct[:, 2], people.astype(np.float64))


def _log_rising(start: float, n: NDArray[np.int64]) -> Values:
    """log (start)ₙ, the rising factorial, for whole n ≥ 0."""
    if not n.size:
        return np.zeros(n.shape)
    sums = np.zeros(int(n.max()) + 1)
    np.cumsum(np.log(start + np.arange(len(sums) - 1)), out=sums[1:])
    return sums[n]


@dataclass(frozen=True)
class PoissonLife:
    """BG/NBD; `modified`: MBG/NBD, where one may also leave right after the first time.

    Rates are Gamma(r, alpha), alpha in units of time; the chance to leave after each time is Beta(a, b).
    """

    r: float
    alpha: float
    a: float
    b: float
    modified: bool = False

    def _leave(self, x: NDArray[np.int64]) -> Values:
        """log of the odds that the last time was the end, before any silence; −∞ where it cannot have been."""
        before = x.astype(np.float64) + (self.b - (not self.modified))
        possible = self.modified | (x > 0)
        return np.log(self.a / np.where(possible, before, 1.0), out=np.full(x.shape, -np.inf), where=possible)

    def _ways(self, x: NDArray[np.int64], t_x: Values, T: Values) -> tuple[Values, Values]:
        """log of the two ways to have been silent since t_x, up to a common factor: alive, and gone."""
        times = x.astype(np.float64) + self.r
        return -times * np.log(self.alpha + T), self._leave(x) - times * np.log(self.alpha + t_x)

    def alive(self, x: NDArray[np.int64], t_x: Values, T: Values) -> Values:
        """P(alive): 1/(1 + a/(b+x−1) · ((α+T)/(α+t_x))^(r+x)), with a/(b+x) when modified; in BG/NBD 1 at x = 0."""
        alive, gone = self._ways(x, t_x, T)
        return np.exp(alive - np.logaddexp(alive, gone))

    def log_likelihood(self, x: NDArray[np.int64], t_x: Values, T: Values) -> Values:
        """log of the likelihood of each history."""
        staying = _log_rising(self.b, x + self.modified) - _log_rising(self.a + self.b, x + self.modified)
        rate = _log_rising(self.r, x) + self.r * np.log(self.alpha)
        found: Values = rate + staying + np.logaddexp(*self._ways(x, t_x, T))
        return found


@dataclass(frozen=True)
class BernoulliLife:
    """BG/BB: before each opportunity one leaves with chance Beta(gamma, delta), else comes with Beta(alpha, beta).

    t_x is the opportunity of the last coming (0: none), T the number of opportunities so far, whole.
    """

    alpha: float
    beta: float
    gamma: float
    delta: float

    def _alive(self, x: NDArray[np.int64], n: NDArray[np.int64], until: NDArray[np.int64]) -> Values:
        """log P(x of n, alive at opportunity `until`)."""
        came = _log_rising(self.alpha, x) + _log_rising(self.beta, n - x) - _log_rising(self.alpha + self.beta, n)
        return came + _log_rising(self.delta, until) - _log_rising(self.gamma + self.delta, until)

    def alive(self, x: NDArray[np.int64], t_x: Values, T: Values) -> Values:
        """P(alive at the next opportunity, n + 1)."""
        n = np.asarray(T).astype(np.int64)
        return np.exp(self._alive(x, n, n + 1) - self.log_likelihood(x, t_x, T))

    def log_likelihood(self, x: NDArray[np.int64], t_x: Values, T: Values) -> Values:
        """log of the likelihood of each history: alive to the end, or gone before opportunity t_x + i + 1."""
        x, last, n = (np.asarray(column).astype(np.int64) for column in (x, t_x, T))
        total = self._alive(x, n, n)
        for i in range(int((n - last).max(initial=0))):
            here = np.minimum(last + i, n)
            came = _log_rising(self.alpha, x) + _log_rising(self.beta, here - x)
            gone = np.log(self.gamma) + _log_rising(self.delta, here) - _log_rising(self.gamma + self.delta, here + 1)
            way = came - _log_rising(self.alpha + self.beta, here) + gone
            total = np.logaddexp(total, np.where(last + i < n, way, -np.inf))
        return total


Life = PoissonLife | BernoulliLife


def active(life: Life, x: NDArray[np.int64], t_x: Values, T: Values, horizon: float) -> Values:
    """P(comes at least once in the next `horizon`): 1 − L(x, t_x, T + horizon) / L(x, t_x, T).

    For the Poisson models this is P(alive) · (1 − ((α+T)/(α+T+H))^(r+x)).
    """
    return -np.expm1(life.log_likelihood(x, t_x, T + horizon) - life.log_likelihood(x, t_x, T))


def bg_nbd(r: float, alpha: float, a: float, b: float) -> PoissonLife:
    """BG/NBD of four parameters."""
    return PoissonLife(r, alpha, a, b)


def mbg_nbd(r: float, alpha: float, a: float, b: float) -> PoissonLife:
    """MBG/NBD of four parameters."""
    return PoissonLife(r, alpha, a, b, modified=True)


def fit(model: Callable[[float, float, float, float], Life], data: Histories) -> Life:
    """The parameters of highest likelihood; `model` is `bg_nbd`, `mbg_nbd` or `BernoulliLife`.

    Never fails: without people all parameters are 1, and those that run away stop at exp(±BOUND).
    """
    if not data.people.size:
        return model(1.0, 1.0, 1.0, 1.0)
    total = data.people.sum()

    def height(logs: Values) -> float:
        life = model(*np.exp(np.clip(logs, -BOUND, BOUND)).tolist())
        return -float(data.people @ life.log_likelihood(data.x, data.t_x, data.T) / total)

    start = np.zeros(4)
    if model is not BernoulliLife:
        start[1] = np.log(max(float(np.average(data.T, weights=data.people)), 1e-6))
    return model(*np.exp(np.clip(lowest(height, start, 1e-12), -BOUND, BOUND)).tolist())
