"""Everybody's state at the end of a day, and how many of each state a group has: arrays in, arrays out."""

# mypy: disable-error-code="no-untyped-call"

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.group_facts import GROUP, MEMBERS
from analytics.people.score import Score, zombies
from analytics.people.score_features import Habits, keys
from analytics.people.states import ACTIVITY, AT_RISK, STATES, ZOMBIE, best_states, habits_of, states
from sinks.clickhouse.readers.people import ALL
from streams.jobs.people import People
from streams.people.names import Codes
from streams.people.now import HORIZON

#: States that are counted in the headcount, and the columns of counts.
COUNTED = STATES[1 : STATES.index("left")]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Evaluation:
    """A day: state and reason of every membership by code, person of every name; shape (n,).

    activity: how many people, by the columns of `people_days`.
    changed: rows of memberships whose state is another one than before, or was so when the day was evaluated before;
    scores: theirs.
    """

    state: Bytes
    reason: Bytes
    person: Codes
    activity: dict[str, int]
    changed: NDArray[np.int64]
    scores: NDArray[np.float64]


def evaluate(people: People, day: int, end_ms: int, score: Score, limit: float, again: Codes) -> Evaluation:
    """Everybody's state at the end of a day.

    limit: silent members with a lower chance are zombies; again: rows that were written when it was evaluated before.
    """
    person, linked = people.persons()
    known = people.known(day, end_ms, person, linked)
    members, (groups, accounts) = people.members, people.places
    state, reason = np.empty(len(members), np.uint8), np.empty(len(members), np.uint8)
    states(members, groups, accounts, person, day, end_ms, known, state, reason)
    risky = np.flatnonzero(state == AT_RISK)
    were = members["previous"][risky] == ZOMBIE
    state[risky[zombies(_scores(members, risky, day, score), were, limit)]] = ZOMBIE
    changed: NDArray[np.bool_] = np.not_equal(state, members["previous"])
    changed[again] = True
    chosen = np.flatnonzero(changed & (state > 0))
    activity = {name: int((known.activity >> bit & 1).sum()) for bit, name in enumerate(ACTIVITY)}
    return Evaluation(state, reason, person, activity, chosen, _scores(members, chosen, day, score))


def _scores(members: NDArray[Any], chosen: NDArray[np.int64], day: int, score: Score) -> NDArray[np.float64]:
    habits = Habits.blank(len(chosen))
    habits_of(members, chosen, day, *habits)
    return score.of(keys(habits, HORIZON))


def counts(people: People, found: Evaluation, there: Codes) -> pa.Table:
    """Members of each state by `group_id`, those of nobody included, and of all people once (`*`, the last row).

    there: groups of which something is known that day.
    """
    groups, accounts = people.places
    cells = np.bincount(groups.astype(np.int64) * len(STATES) + found.state, minlength=len(people.groups) * len(STATES))
    cells = cells.reshape(-1, len(STATES))
    best = np.empty(len(found.person), np.uint8)
    best_states(found.state, accounts, found.person, best)
    cells = np.vstack([cells, np.bincount(best[best < len(STATES)], minlength=len(STATES))])
    counted, platform = cells[:, 1 : len(COUNTED) + 1].sum(axis=1), np.zeros(len(cells), np.int64)
    platform[people.sizes[:, GROUP]] = people.sizes[:, MEMBERS]
    unseen = np.maximum(platform - counted, 0)
    here = np.not_equal(cells[:, 1:].sum(axis=1), 0)
    here[there] = here[-1] = True
    columns = {"headcount": counted + unseen, "unseen": unseen}
    columns |= {name: cells[:, code] for code, name in enumerate(STATES) if name}
    names = pa.array([*people.group_ids(), ALL])
    return pa.table({"group_id": names, **{name: pa.array(values) for name, values in columns.items()}}).filter(
        pa.array(here)
    )
