"""Rows of `people_members` and `people_groups`: what members are now, why, and how many of each state there are."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any, NamedTuple, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people import present
from analytics.people.fitted import HORIZON
from analytics.people.lists import rows_of
from analytics.people.rhythm import own_rhythm
from analytics.people.score import fading, silent_zombies, zombies
from analytics.people.score_features import Habits, keys
from analytics.people.states import (
    AT_RISK,
    NEVER_MS,
    REASONS,
    STATES,
    UNOBSERVABLE,
    ZOMBIE,
    effective,
    habits_of,
)
from schemas.agents import TABLES
from schemas.chat import Role
from sinks.clickhouse.readers.people import prefix
from streams.landing.arrow import categories
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.group_keys import GroupKeys
from streams.people.memory.landed import Landed
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes
from streams.people.memory.now import Now

_LEFT = STATES.index("left")


class Memberships:
    """Numbers of memberships: their rows in memory."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody

    def numbers(self, rows: pa.Table) -> Codes:
        """Rows of the memberships."""
        codes, places = np.unique(self._everybody.group_names.few_codes(rows["group_id"]), return_inverse=True)
        before = [prefix(text) for text in self._everybody.group_names.strings(codes.astype(np.int32)).to_pylist()]
        begin = pa.array(before, pa.string()).take(pa.array(places, pa.int32()))
        accounts = pc.binary_join_element_wise(pa.chunked_array([begin]), rows["member_id"], "")
        return self._everybody.member_rows(pa.table({"group_id": rows["group_id"], "account_id": accounts}))

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Group and member ids."""
        groups, accounts = (codes[numbers] for codes in self._everybody.places)
        used, places = np.unique(groups, return_inverse=True)
        ids = self._everybody.group_names.strings(used)
        before = np.array([len(prefix(text).encode()) for text in ids.to_pylist()], np.int64)[places]
        return {
            "group_id": categories(places.astype(np.int32), ids),
            "member_id": self._everybody.names.strings(accounts, before),
        }


class Judged(NamedTuple):
    """Memberships by their rows in memory, their scores, and whether they fade."""

    rows: Codes
    score: NDArray[np.float64]
    fades: NDArray[np.bool_]

    def only(self, chosen: NDArray[np.bool_]) -> "Judged":
        """Some of them."""
        return Judged(self.rows[chosen], self.score[chosen], self.fades[chosen])

    def and_more(self, other: "Judged") -> "Judged":
        """These, and then others."""
        return Judged(
            np.concatenate([self.rows, other.rows]), np.concatenate([self.score, other.score]),
            np.concatenate([self.fades, other.fades]),
        )  # fmt: skip


class Members:
    """The members of chosen persons, group by group the states of all, and of everybody once (`*`)."""

    reads: tuple[str, ...] = ()

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self._members = Landed(TABLES["people_members"], Memberships(everybody))
        self._groups = Landed(TABLES["people_groups"], GroupKeys(everybody))
        self.landed = (self._members, self._groups)
        #: By group: members of each state, those who are silent zombies, and effective persons.
        self._cells, self._silent_in = np.zeros((0, len(STATES)), np.int64), np.zeros(0, np.int64)
        self.effective_in = np.zeros(0, np.int64)
        self._counted = np.empty(0, np.uint8)  # whether a membership is the one by which its person is effective
        #: The best state of every person, by number; 255: none.
        self.best, self._silent = np.empty(0, np.uint8), np.empty(0, np.uint8)
        #: The members of the persons in the newest offer.
        self.judged = Judged(np.empty(0, np.int32), np.empty(0), np.empty(0, np.bool_))

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Nothing else is read."""

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Work out what the members of these persons are, and how many of each state these groups have."""
        members = self._everybody.members
        looked = rows_of(self._everybody.members_of, touched.persons)
        self._count(looked, -1)
        members["state"][looked] = members["silent"][looked] = 0
        numbers, values = self._now(touched.persons, len(looked), now)
        self._count(looked, 1)
        gone = looked[members["state"][looked] == 0]  # such as a name whose member is known by id now
        self._members.offer(values, numbers, gone, complete)
        counts, groups = self._counts(touched.persons, touched.groups)
        self._groups.offer(counts, groups, complete=complete)

    def _now(self, persons: Codes, most: int, now: Now) -> tuple[Codes, pa.Table]:
        e, members = self._everybody.arrays(), self._everybody.members
        rows, evidence = np.empty(most, np.int32), np.zeros(most, present.EVIDENCE)
        count = present.members_now(e, persons, now.day, now.end_ms, rows, evidence)
        rows, evidence = rows[:count], evidence[:count]
        (score, before), rhythm = _scores(members, rows, now), np.empty(count)
        zombie = zombies(score, members["previous"][rows] == ZOMBIE, now.limit)
        evidence["state"][(evidence["state"] == AT_RISK) & zombie] = ZOMBIE
        members["state"][rows] = evidence["state"]
        members["silent"][rows] = silent_zombies(score, evidence["state"] == UNOBSERVABLE, now.limit)
        own_rhythm(members, rows, now.day, now.longer, rhythm)
        fades = _fades(members, rows, score, before)
        self.judged = Judged(rows, score, fades)
        scored = {"score": pa.array(score), "rhythm": pa.array(rhythm), "fading": pa.array(fades.astype(np.uint8))}
        return rows, pa.table(self._evidence(rows, evidence) | scored | _history(members, rows, now.day))

    def _count(self, rows: Codes, sign: int) -> None:
        """Count in their groups what these members are, or, with sign -1, no longer."""
        everybody, count = self._everybody, len(self._everybody.group_names)
        self._cells, self._silent_in = longer(self._cells, count), longer(self._silent_in, count)
        present.count_states(everybody.members, everybody.places[0], rows, sign, self._cells, self._silent_in)

    def judge(self, rows: Codes, now: Now) -> Judged:
        """Scores of other members, whose states are as they were."""
        members = self._everybody.members
        score, before = _scores(members, rows, now)
        return Judged(rows, score, _fades(members, rows, score, before))

    def _evidence(self, rows: Codes, evidence: NDArray[Any]) -> dict[str, pa.Array]:
        everybody = self._everybody
        members, (groups, accounts) = everybody.members, (codes[rows] for codes in everybody.places)
        joined = members["join_ms"][rows]  # by column: whole records are large
        joined[joined == NEVER_MS] = 0
        return {
            "previous": categories(members["previous"][rows].astype(np.int8), STATES),
            "person_id": everybody.names.strings(everybody.person[accounts]),
            "state": categories(evidence["state"].astype(np.int8), STATES),
            "reason": categories(evidence["reason"].astype(np.int8), REASONS),
            "role": categories(members["role"][rows].astype(np.int8), get_args(Role)),
            "linked": pa.array(evidence["linked"]),
            "in_product": pa.array(evidence["in_product"]),
            "reads_reported": pa.array(everybody.groups["reads_reported"][groups]),
            "groups_28d": pa.array(evidence["groups"].astype(np.uint32)),
            "joined_ms": pa.array(joined),
            "spoke_ms": pa.array(members["spoke_ms"][rows]),
            "active_ms": pa.array(members["last_ms"][rows]),
            "acted_ms": pa.array(np.ascontiguousarray(evidence["acted_ms"])),
            "used_ms": pa.array(np.ascontiguousarray(evidence["used_ms"])),
        }

    def _counts(self, persons: Codes, groups: Codes) -> tuple[pa.Table, Codes]:
        """Members by state of these groups as far as anything has landed there, and of everybody once; their keys."""
        everybody = self._everybody
        landed = everybody.groups["first_ms"] != NEVER_MS
        groups, all_of = groups[landed[groups]], int(landed.any())  # no group, no row of all groups
        everyone = np.zeros((all_of, len(STATES)), np.int64)
        cells = np.concatenate([self._cells[groups], everyone])
        silent = np.concatenate([self._silent_in[groups], everyone[:, 0]])
        self.effective_in = longer(self.effective_in, len(landed))
        self._counted = longer(self._counted, len(everybody.members))
        present.count_effective(
            everybody.members, everybody.places[0], everybody.members_of, persons, self._counted,
            np.zeros(len(landed), np.int64), self.effective_in,
        )  # fmt: skip
        self.best = longer(self.best, len(everybody.person), 255)
        self._silent = longer(self._silent, len(everybody.person))
        present.best_states_of(everybody.members, everybody.members_of, persons, self.best, self._silent)
        cells[len(groups) :] = np.bincount(self.best[self.best < len(STATES)], minlength=len(STATES))
        silent[len(groups) :] = self._silent.sum()
        known = cells[:, 1:_LEFT].sum(axis=1)
        unseen = np.maximum(np.append(everybody.groups["members"][groups], [0] * all_of) - known, 0)
        columns = {"headcount": known + unseen, "unseen": unseen, "silent_zombies": silent}
        columns |= {name: cells[:, code] for code, name in enumerate(STATES) if name}
        numbers = np.append(groups + 1, [0] * all_of).astype(np.int32)  # as `GroupKeys` has them
        return pa.table({name: pa.array(values) for name, values in columns.items()}), numbers


def _scores(members: NDArray[Any], rows: Codes, now: Now) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Everybody's chance now and a horizon ago, by the same fit."""
    habits = Habits.blank(len(rows))
    habits_of(members, rows, now.day, *habits)
    return now.score.of(keys(habits, HORIZON)), now.score.of(keys(habits, HORIZON, HORIZON))


def _fades(
    members: NDArray[Any], rows: Codes, score: NDArray[np.float64], before: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which effective members have lost much of their chance."""
    return effective(members["state"][rows]) & fading(score, before)


def _history(members: NDArray[Any], rows: Codes, today: int) -> dict[str, pa.Array]:
    """Since which day members are what they are now, and when they last came back (0: never), today included."""
    state, previous = members["state"][rows], members["previous"][rows]
    back = effective(state) & ((previous == AT_RISK) | (previous == ZOMBIE))
    since = np.where(state == previous, members["since_day"][rows], today)
    returned = np.where(back, today, members["returned_day"][rows])
    days = {"since": since, "returned_on": returned}
    return {name: pa.array(found.astype(np.int32)).cast(pa.date32()) for name, found in days.items()}
