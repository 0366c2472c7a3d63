"""How well the zombie score predicts who comes back, compared with simpler and older rules, on past days.

At a cut everything is learned from the days before it: the score from outcomes of horizons that end there. Each
method's predictions are then compared with who was active in the `horizon` days from the cut on.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.backtest import lifetimes
from analytics.backtest.goodness import log_loss
from analytics.backtest.rhythm import rhythm
from analytics.kernels.masks import DAY_BITS
from analytics.people import score
from analytics.people.goodness import auc, brier
from analytics.people.rhythm import gap_counts
from analytics.people.score_features import Histogram, Whole, Words, counted, keys, returned
from schemas.errors import ConfigError

Values = NDArray[np.float64]
HALF_LIFE = 7.0
#: Number of cuts chosen when none are given.
CUTS = 5


class Method(NamedTuple):
    """How good a method is: AUC of its ranking; Brier score and log loss (nats) if it predicts a chance, else NaN."""

    name: str
    auc: float
    brier: float
    log_loss: float


@dataclass(frozen=True)
class Cut:
    """The results at a cut. day: the first day of the horizon; methods: the score first.

    chances, outcomes: the score's of every member, and who came back, shape (members,). in_sample: the score fitted on
    the very outcomes it is judged by, which no forecast of this form can beat by much. theta: zombies are below it.
    """

    day: int
    methods: list[Method]
    in_sample: Method
    theta: float
    chances: Values
    outcomes: NDArray[np.bool_]

    @property
    def zombies(self) -> int:
        """Members below θ."""
        return int((self.chances < self.theta).sum())

    @property
    def zombies_gone(self) -> float:
        """The share of zombies who never came back within the horizon; NaN without zombies."""
        return 1 - float(self.outcomes[self.chances < self.theta].mean()) if self.zombies else float("nan")


class Activity:
    """Who was active when: rows of a member (any identifying number) and a day (since the epoch), each pair once."""

    def __init__(self, members: NDArray[np.uint64], days: Whole) -> None:
        names, self._member = np.unique(members, return_inverse=True)
        self._day = days.astype(np.int64)
        self.size = len(names)
        self.begin, self.end = (int(days.min()), int(days.max()) + 1) if len(days) else (0, 0)
        self.first = np.full(self.size, self.end, dtype=np.int64)
        np.minimum.at(self.first, self._member, self._day)

    def between(self, begin: int, end: int) -> tuple[Whole, Whole]:
        """Indices of members, and days, of the rows of days from `begin` to `end` − 1."""
        chosen = (self._day >= begin) & (self._day < end)
        return self._member[chosen], self._day[chosen]

    def masks(self, today: int) -> tuple[Words, Words]:
        """Day masks of all members, bit 0 is `today`; shape (size,)."""
        member, day = self.between(today - DAY_BITS + 1, today + 1)
        age = today - day
        words = np.zeros((2, self.size), dtype=np.uint64)
        np.bitwise_or.at(words, (age >> 6, member), np.uint64(1) << (age & 63).astype(np.uint64))
        return words[0], words[1]


def history(low: Words, high: Words, age: Whole, horizon: int) -> Histogram:
    """Training data from today's masks: features as of `horizon` days ago, and who came back since."""
    return counted(keys(low, high, age, horizon, horizon), returned(low, high, horizon))


def cuts(activity: Activity, horizon: int, wanted: list[int] | None = None) -> list[int]:
    """Days to cut at: those given, or `CUTS` spread over the history.

    A cut needs two horizons before it, one of features and one of outcomes, and one after it; else raises
    `ConfigError`.
    """
    first, last = activity.begin + 2 * horizon, activity.end - horizon
    if last < first:
        raise ConfigError(
            f"The closed days span {activity.end - activity.begin} days; a horizon of {horizon} needs {3 * horizon}."
        )
    for day in wanted or []:
        if not first <= day <= last:
            raise ConfigError(
                f"No cut at {_date(day)}: with {horizon} days ahead it must be from {_date(first)} to {_date(last)}."
            )
    return sorted(set(wanted or np.linspace(first, last, CUTS).astype(int).tolist()))


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))


def evaluate(activity: Activity, cut: int, horizon: int) -> Cut:
    """Everything about one cut, over all members who were active before it."""
    known = activity.first < cut
    outcomes = np.zeros(activity.size, dtype=np.bool_)
    outcomes[activity.between(cut, cut + horizon)[0]] = True
    outcomes = outcomes[known]
    low, high = (words[known] for words in activity.masks(cut - 1))
    age = cut - 1 - activity.first[known]
    now = keys(low, high, age, horizon)
    fitted = score.fit(history(low, high, age, horizon))
    chances = fitted.of(now)
    methods = [_judged("score", chances, outcomes)]
    methods += _simple(activity, cut, horizon, known, outcomes)
    methods.append(_ranked("own rhythm", rhythm(low, high, gap_counts(low, high)), outcomes))
    methods += _lives(activity, cut, horizon, known, outcomes)
    in_sample = score.fit(counted(now, outcomes)).of(now)
    return Cut(cut, methods, _judged("score, in-sample", in_sample, outcomes), fitted.theta, chances, outcomes)


def _judged(name: str, chances: Values, outcomes: NDArray[np.bool_]) -> Method:
    return Method(name, auc(chances, outcomes), brier(chances, outcomes), log_loss(chances, outcomes))


def _ranked(name: str, order: Values | Whole, outcomes: NDArray[np.bool_]) -> Method:
    return Method(name, auc(order, outcomes), float("nan"), float("nan"))


def _last_days(activity: Activity, cut: int) -> Whole:
    last = np.full(activity.size, activity.begin, dtype=np.int64)
    np.maximum.at(last, *activity.between(activity.begin, cut))
    return last


def _simple(
    activity: Activity, cut: int, horizon: int, known: NDArray[np.bool_], outcomes: NDArray[np.bool_]
) -> list[Method]:
    """What one would do without a model; the last gives a chance of 0 or 1."""
    idle = (cut - 1 - _last_days(activity, cut))[known]
    member, day = activity.between(activity.begin, cut)
    weights = 0.5 ** ((cut - 1 - day) / HALF_LIFE)
    recent = np.bincount(member, weights, minlength=activity.size)[known].astype(np.float64)
    spoke = (idle < horizon).astype(np.float64)
    return [
        _ranked("recency", -idle, outcomes),
        _ranked(f"active days, half-life {HALF_LIFE:.0f} d", recent, outcomes),
        Method(f"silent for {horizon} d", auc(spoke, outcomes), brier(spoke, outcomes), float("nan")),
    ]


def _lives(
    activity: Activity, cut: int, horizon: int, known: NDArray[np.bool_], outcomes: NDArray[np.bool_]
) -> list[Method]:
    """BG/NBD and MBG/NBD on active days, each fitted on all histories before the cut; time is in days."""
    member, _ = activity.between(activity.begin, cut)
    x = np.bincount(member, minlength=activity.size)[known] - 1
    t_x = (_last_days(activity, cut) - activity.first)[known].astype(np.float64)
    length = (cut - activity.first)[known].astype(np.float64)
    data = lifetimes.histories(x, t_x, length)
    found = []
    for name, model in (("BG/NBD", lifetimes.bg_nbd), ("MBG/NBD", lifetimes.mbg_nbd)):
        life = lifetimes.fit(model, data)
        if model is lifetimes.bg_nbd:
            found.append(_ranked("BG/NBD alive", life.alive(x, t_x, length), outcomes))
        chances = lifetimes.active(life, x, t_x, length, horizon)
        found.append(_judged(f"{name} active in {horizon} d", chances, outcomes))
    return found
