"""How well the zombie score predicts who comes back, compared with simpler and older rules, on past days.

At a cut everything is learned from the days before it: the score from outcomes of horizons that end there. Each
method's predictions are then compared with who was active in the `horizon` days from the cut on: those of everybody,
and those of the silent, about whom the score decides.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.backtest import lifetimes
from analytics.backtest.activity import Activity
from analytics.backtest.goodness import calibration_error, log_loss
from analytics.backtest.rhythm import rhythm
from analytics.people.goodness import auc, brier
from analytics.people.rhythm import gap_counts
from analytics.people.score import ZOMBIE_CHANCE, fit
from analytics.people.score_features import Whole, keys
from analytics.people.score_history import counted, histories, pooled

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
HALF_LIVES = (7.0, 28.0)
#: Members are recently silent from one horizon up to this many days.
SILENT_DAYS = 100


class Method(NamedTuple):
    """How good a method is: AUC of its ranking; Brier score, log loss (nats) and calibration error if it predicts a
    chance, else NaN."""

    name: str
    auc: float
    brier: float
    log_loss: float
    error: float


class Margin(NamedTuple):
    """Members who were called zombies, and other silent members: how many, and how many of them came back."""

    zombies: int
    zombies_back: int
    others: int
    others_back: int


@dataclass(frozen=True)
class Cut:
    """The results at a cut. day: the first day of the horizon; methods: of everybody, the score first, and last the
    score fitted on the very outcomes it is judged by, which no forecast of this form can beat by much.

    recently_silent: the same methods among those silent for a horizon to `SILENT_DAYS` − 1 days. chances, outcomes,
    idle: the score's of every member, who came back, and days of silence, shape (members,).
    """

    day: int
    horizon: int
    methods: list[Method]
    recently_silent: list[Method]
    chances: Values
    outcomes: Flags
    idle: Whole
    limit: float = ZOMBIE_CHANCE

    @property
    def silent(self) -> Flags:
        """Who has been silent for a horizon or longer; shape (members,)."""
        found: Flags = self.idle >= self.horizon
        return found

    @property
    def recently(self) -> Flags:
        """Who has been silent for a horizon or longer, but for less than `SILENT_DAYS`; shape (members,)."""
        return recently_silent(self.idle, self.horizon)

    def margin(self, among: Flags) -> Margin:
        """Zombies and others among some of the silent."""
        called = self.chances < self.limit
        counts = [(some.sum(), self.outcomes[some].sum()) for some in (among & called, among & ~called)]
        return Margin(*(int(n) for pair in counts for n in pair))


def recently_silent(idle: Whole, horizon: int) -> Flags:
    """Who has been silent for a horizon or longer, but for less than `SILENT_DAYS`."""
    return (idle >= horizon) & (idle < SILENT_DAYS)


def evaluate(activity: Activity, cut: int, horizon: int, limit: float = ZOMBIE_CHANCE) -> Cut:
    """Everything about one cut, over all members who were active before it; limit: silent members with a lower chance
    are zombies."""
    known = activity.first < cut
    back = np.zeros(activity.size, dtype=np.bool_)
    back[activity.between(cut, cut + horizon)[0]] = True
    outcomes, idle = back[known], (cut - 1 - activity.last(cut))[known]
    habits = activity.habits(cut - 1).chosen(known)
    now = keys(habits, horizon)
    gone = np.full(len(idle), -1)  # nobody: who leaves is not in these histories
    found = fit(pooled(histories(habits, gone, horizon)))
    chances = found.of(now)
    predictions = [
        _Prediction("score", chances, True), *_simple(activity, cut, horizon, known, idle),
        _Prediction("own rhythm", rhythm(habits.low, habits.high, gap_counts(habits.low, habits.high))),
        *_lives(activity, cut, horizon, known),
        _Prediction("score, in-sample", fit(counted(now, outcomes)).of(now), True),
    ]  # fmt: skip
    everybody, silent = (
        [_judged(one, outcomes, some) for one in predictions]
        for some in (np.ones(len(idle), np.bool_), recently_silent(idle, horizon))
    )
    return Cut(cut, horizon, everybody, silent, chances, outcomes, idle, limit)


class _Prediction(NamedTuple):
    """What a method says of each member: a chance, or only an order."""

    name: str
    values: Values | Whole
    is_chance: bool = False


def _judged(one: _Prediction, outcomes: Flags, some: Flags) -> Method:
    values, found = one.values[some], outcomes[some]
    if not one.is_chance:
        return Method(one.name, auc(values, found), *[float("nan")] * 3)
    chances = values.astype(np.float64)
    measures = (measure(chances, found) for measure in (brier, log_loss, calibration_error))
    return Method(one.name, auc(values, found), *measures)


def _simple(activity: Activity, cut: int, horizon: int, known: Flags, idle: Whole) -> list[_Prediction]:
    """What one would do without a model; the last gives a chance of 0 or 1."""
    recent = [
        _Prediction(f"active days, half-life {days:.0f} d", activity.recent(cut - 1, days)[known])
        for days in HALF_LIVES
    ]
    spoke = (idle < horizon).astype(np.float64)
    return [_Prediction("recency", -idle), *recent, _Prediction(f"silent for {horizon} d", spoke, True)]


def _lives(activity: Activity, cut: int, horizon: int, known: Flags) -> list[_Prediction]:
    """BG/NBD and MBG/NBD on active days, each fitted on all histories before the cut; time is in days."""
    member, _ = activity.between(activity.begin, cut)
    x = np.bincount(member, minlength=activity.size)[known] - 1
    t_x = (activity.last(cut) - activity.first)[known].astype(np.float64)
    length = (cut - activity.first)[known].astype(np.float64)
    data = lifetimes.histories(x, t_x, length)
    found = []
    for name, model in (("BG/NBD", lifetimes.bg_nbd), ("MBG/NBD", lifetimes.mbg_nbd)):
        life = lifetimes.fit(model, data)
        if model is lifetimes.bg_nbd:
            found.append(_Prediction("BG/NBD alive", life.alive(x, t_x, length)))
        found.append(
            _Prediction(f"{name} active in {horizon} d", lifetimes.active(life, x, t_x, length, horizon), True)
        )
    return found
