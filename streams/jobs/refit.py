"""The zombie score, refitted on the deployment's own outcomes: who of those known four weeks ago came back since.

Reads the live memberships and writes one row of `scores`, which the views use from then on.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from analytics.people import goodness
from analytics.people.rhythm import gap_counts, longer
from analytics.people.score import ZOMBIE_CHANCE, fit
from analytics.people.score_features import Habits, moved
from analytics.people.score_history import histories, pooled
from sinks.clickhouse.readers.people import PeopleReader
from sinks.clickhouse.store import ClickHouseStore
from streams.people.now import HORIZON

#: Rows of memberships that are looked at: more would take longer and tell no more.
MOST = 1_000_000
_COLUMNS = (
    "day",
    "horizon",
    "mean",
    "scale",
    "weights",
    "silent",
    "theta",
    "longer",
    "members",
    "returned",
    "auc",
    "brier",
)


@dataclass(frozen=True)
class Fitted:
    """What `scores` has of a fit: parameters, members of the newest horizon, how good it is there (None: unknown).

    longer: share of all gaps between active days that last at least so many days, 0 to 128.
    """

    day: date
    horizon: int
    mean: list[float]
    scale: list[float]
    weights: list[float]
    silent: list[float]
    theta: float
    longer: list[float]
    members: int
    returned: int
    auc: float | None
    brier: float | None

    def summary(self) -> dict[str, Any]:
        """For people and programs."""
        found = {name: value for name, value in asdict(self).items() if name != "longer"}
        return found | {"day": self.day.isoformat()}


def due(store: ClickHouseStore) -> bool:
    """Whether a day of event time has begun on which the score was not fitted yet."""
    d = store.address.database
    # fits of before, which views pass over, do not count
    fitted_on = f"SELECT max(day) FROM {d}.scores WHERE notEmpty(silent)"
    rows = store.native.execute(f"SELECT today > ({fitted_on}), now_ms > 0 FROM {d}.clock")
    return bool(rows and rows[0][0] and rows[0][1])


def refit(store: ClickHouseStore, zombie_chance: float = ZOMBIE_CHANCE, most: int = MOST) -> Fitted:
    """Fit on what came of everybody who was a member `HORIZON` days ago, or of about `most`, and put it to use.

    zombie_chance: silent members with a lower chance are zombies from now on. Raises `BackpressureError` when
    ClickHouse is unreachable: there is time until tomorrow.
    """
    found = _fit(store, zombie_chance, most)
    row = [getattr(found, name) for name in _COLUMNS]
    store.native.execute(f"INSERT INTO {store.address.database}.scores ({', '.join(_COLUMNS)}) VALUES", [row])
    return found


def _fit(store: ClickHouseStore, zombie_chance: float, most: int) -> Fitted:
    d = store.address.database
    today = store.native.execute(f"SELECT today FROM {d}.clock")[0][0]
    rows = PeopleReader(store).habits(today, most)
    low, high = (np.asarray(rows[name]).astype(np.uint64) for name in ("low", "high"))
    days, age, gone = (np.asarray(rows[name]).astype(np.int64) for name in ("days", "age", "gone"))
    unknown = np.full(len(days), -1)  # older days than those of the mask
    habits = moved(Habits(low, high, age - days, unknown, unknown), days)
    horizons = histories(habits, gone, HORIZON)
    score, newest = fit(pooled(horizons)), horizons[0]
    kinds = np.column_stack([newest.returned, newest.members - newest.returned]).ravel()
    chances = np.repeat(score.of(newest.keys).repeat(2), kinds)
    outcomes = np.repeat(np.tile([True, False], len(newest.keys)), kinds)
    auc, brier = goodness.auc(chances, outcomes), goodness.brier(chances, outcomes)
    return Fitted(
        today, HORIZON, score.mean.tolist(), score.scale.tolist(), score.weights.tolist(), score.silent.tolist(),
        zombie_chance, longer(gap_counts(habits.low, habits.high)).tolist(), len(outcomes), int(outcomes.sum()),
        None if np.isnan(auc) else auc, None if np.isnan(brier) else brier,
    )  # fmt: skip
