"""Rows of `people_conversions` and `people_credits`: the path of every conversion, and what gets credit for it."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.lists import Lists, rows_of
from analytics.results.paths import DIMENSIONS, lookback_ms, paths
from analytics.results.rules import KINDS, Rules
from schemas.agents import TABLES
from streams.landing.arrow import categories
from streams.people.memory.distinct import distinct, without
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes
from streams.people.memory.now import Now
from streams.people.persons.group_credits import GroupCredits
from streams.people.results.cells import Cells
from streams.people.results.conversions import ConversionKeys, Conversions
from streams.people.results.shared_out import (
    CURRENCY,
    DAY,
    DIMENSION,
    GOAL,
    SUMS,
    VALUE,
    Part,
    Worked,
    added_up,
    by_place,
    by_value,
    shared_out,
)
from streams.people.results.touches import Touches, values_of

Rows = NDArray[Any]
#: The days up to now of which credits by day are kept as they are now.
KEPT_DAYS = 92
_COLUMNS = {name: "channels" if name == "channel" else f"{name}_ids" for name in DIMENSIONS}
#: Persons that are worked out together.
_TOGETHER = 100_000


class Credits:
    """All conversions. To be offered once calls are worked out: to answer one is a touch.

    Only conversions for which something has changed are worked out, with all others of their days, which are added up.
    """

    def __init__(
        self, everybody: Everybody, touches: Touches, conversions: Conversions, groups: GroupCredits, rules: Rules
    ) -> None:
        self._everybody, self._groups, self._rules = everybody, groups, rules
        self._touches, self._conversions = touches, conversions
        self._cells = Cells()
        self._keys = ConversionKeys(conversions)
        self._rows = Landed(TABLES["people_conversions"], self._keys)
        self._credits = Landed(TABLES["people_credits"], self._cells)
        self.landed = (self._rows, self._credits)
        self.reads = (*Touches.reads, *Conversions.reads)
        self._days, self._first_day = np.empty(0, np.int32), 0

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take touches and conversions into memory."""
        self._touches.take(changed)
        self._conversions.take(changed)

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Work out what something has changed for, and offer it."""
        self._first_day = now.day - KEPT_DAYS + 1
        rows, by_person = self._conversions.rows, self._conversions.by_person()
        hit = self._hit(by_person)
        if complete:
            hit[:] = True
        chosen, before = self._days_of(hit, rows["day"]), longer(self._days, len(rows), -1)
        self._days = rows["day"].copy()
        wanted = hit | (chosen[np.clip(rows["day"] - self._first_day, 0, len(chosen) - 1)] & (rows["there"] == 1))
        who = rows["who"][wanted & (rows["who"] >= 0)]
        people = distinct(self._everybody.person[who]) if len(who) else np.empty(0, np.int32)
        worked = [
            self._work_out(people[i : i + _TOGETHER], by_person, wanted) for i in range(0, len(people), _TOGETHER)
        ]
        hits = np.flatnonzero(hit).astype(np.int32)
        self._offer_rows(worked, hits, before)
        self._credit_groups(worked, hits)
        self._offer_credits(worked, chosen)

    # --- what has changed

    def _hit(self, by_person: Lists) -> NDArray[np.bool_]:
        """Conversions that have come or changed, or on whose path a touch may have."""
        e, rows = self._everybody, self._conversions.rows
        hit = np.zeros(len(rows), np.bool_)
        hit[self._conversions.changed(by_person)] = True
        others = np.zeros(len(e.person), np.bool_)
        others[e.regrouped] = True
        hit[rows_of(by_person, e.regrouped)] = True
        others |= self._touches.new_staff()
        parts = [self._touches.changed(), *([self._touches.naming(others)] if others.any() else [])]
        for touches in parts:
            self._mark(touches, by_person, hit)
        return hit

    def _mark(self, touches: Rows, by_person: Lists, hit: NDArray[np.bool_]) -> None:
        """Mark the conversions of the same persons for which one of these touches may count."""
        if not len(touches):
            return
        people, longest = self._everybody.person[touches["who"]], int(lookback_ms(self._rules).max(initial=0))
        counts = np.diff(by_person.firsts)[people]
        after = rows_of(by_person, people)
        age = self._conversions.rows["ms"][after] - np.repeat(touches["ms"], counts)
        hit[after[(age >= 0) & (age < longest)]] = True

    def _days_of(self, hit: NDArray[np.bool_], days: Codes) -> NDArray[np.bool_]:
        """The days, from the first that is kept on, whose credits must be added up again."""
        before = longer(self._days, len(days), -1)
        last = max(int(days.max(initial=0)), int(before.max(initial=0)), self._first_day)
        found = np.zeros(last - self._first_day + 1, np.bool_)
        for some in (days[hit], before[hit]):
            found[some[some >= self._first_day] - self._first_day] = True
        return found

    # --- working out

    def _work_out(self, people: Codes, by_person: Lists, wanted: NDArray[np.bool_]) -> Worked:
        """Paths and credits of the conversions of these persons that are wanted and count."""
        conversions = self._conversions
        numbers = conversions.counted(people, by_person)
        numbers = numbers[wanted[numbers]]
        touches, firsts = self._touches.of_persons(people)
        rows = conversions.rows[numbers]
        of = np.searchsorted(people, self._everybody.person[rows["who"]])
        goals = conversions.goal_of[numbers].astype(np.int64)
        found = paths(touches, firsts, of, rows["ms"].copy(), goals, self._rules)
        touches = touches[found.rows]
        ages = np.repeat(rows["ms"], np.diff(found.firsts)) - touches["ms"]
        return Worked(numbers, found, touches, ages, by_place(found.firsts, ages, rows["worth"].copy(), self._rules))

    # --- rows of conversions

    def _offer_rows(self, worked: list[Worked], hit: Codes, before: Codes) -> None:
        """Offer the rows of these, and none on the days on which they were before, if those were others."""
        there = np.zeros(len(self._conversions), np.bool_)
        there[hit] = True
        for one in worked:
            chosen = there[one.numbers]
            there[one.numbers[chosen]] = False
            numbers = one.numbers[chosen]
            self._rows.offer(self._shown(one).filter(pa.array(chosen)), self._keys.find(numbers, self._days[numbers]))
        gone = np.flatnonzero(there).astype(np.int32)
        moved = hit[(before[hit] >= 0) & (before[hit] != self._days[hit])]
        left = self._keys.find(np.concatenate([gone, moved]), np.concatenate([self._days[gone], before[moved]]))
        if len(left):
            self._rows.offer(pa.table({"ts_ms": pa.array([], pa.int64())}), left[:0], gone=left)

    def _shown(self, one: Worked) -> pa.Table:
        """What rows tell of conversions, but for their keys."""
        e, rows, values = self._everybody, self._conversions.rows[one.numbers], values_of(one.touches)
        offsets = pa.array(one.found.firsts.astype(np.int32))
        model = "linear" if self._rules.model == "shapley" else self._rules.model
        lists_of = {_COLUMNS[name]: self._texts(name, numbers) for name, numbers in values.items()} | {
            "kinds": categories(one.touches["kind"].astype(np.int32), pa.array(KINDS)),
            "link_ids": self._touches.links.texts(one.touches["link"]),
            "at_ms": pa.array(one.touches["ms"].copy()),
            "credits": pa.array(one.amounts[model]), "credits_minor": pa.array(one.amounts[f"{model}_minor"]),
        }  # fmt: skip
        plain = {
            "person_id": e.names.strings(e.person[rows["who"]]), "user_id": e.names.strings(rows["who"]),
            "ts_ms": pa.array(rows["ms"].copy()),
            "net_minor": pa.array(rows["worth"].copy()), "currency": e.currencies.texts(rows["currency"]),
            "older": pa.array(one.found.older.astype(np.uint32)),
        }  # fmt: skip
        return pa.table(plain | {name: pa.ListArray.from_arrays(offsets, column) for name, column in lists_of.items()})

    def _texts(self, dimension: str, numbers: Codes) -> pa.Array:
        names = {
            "campaign": self._touches.campaigns, "channel": self._touches.channels,
            "group": self._everybody.group_names, "call": self._touches.calls,
        }  # fmt: skip
        return names.get(dimension, self._everybody.names).texts(numbers)

    # --- credits of groups, ever

    def _credit_groups(self, worked: list[Worked], hit: Codes) -> None:
        """Credit groups with the orders among these, and no longer with what is no order that counts."""
        there = np.zeros(len(self._conversions), np.bool_)
        there[hit] = True
        for one in worked:
            rows = self._conversions.rows[one.numbers]
            chosen = there[one.numbers] & (rows["currency"] >= 0)
            there[one.numbers] = False
            lengths = np.diff(one.found.firsts)
            touches = np.repeat(chosen, lengths)
            amounts = self._amounts(one, rows["worth"].copy())
            firsts = np.append(0, np.cumsum(lengths[chosen]))
            numbers, currencies = one.numbers[chosen], rows["currency"][chosen]
            self._groups.replace(numbers, firsts, one.touches["group"][touches], currencies, amounts[touches])
        gone = np.flatnonzero(there).astype(np.int32)
        none = np.empty(0, np.int32)
        self._groups.replace(gone, np.zeros(len(gone) + 1, np.int64), none, none, none.astype(np.int64))

    def _amounts(self, one: Worked, worth: NDArray[np.int64]) -> NDArray[np.int64]:
        """What every touch gets of what conversions are worth, by the deployment's model, among groups."""
        if self._rules.model != "shapley":
            return one.amounts[f"{self._rules.model}_minor"]
        return by_value(one, DIMENSIONS.index("group"), worth)["shapley_minor"]

    # --- credits by day

    def _offer_credits(self, worked: list[Worked], chosen: NDArray[np.bool_]) -> None:
        """Offer the credits of these days, and none of days that are no longer kept."""
        known = self._cells.of_days(chosen, self._first_day)
        parts = [self._added_up(one, dimension, chosen) for one in worked for dimension in range(len(DIMENSIONS))]
        keys, sums = added_up(parts)
        texts = {
            "goal": pa.array(self._rules.goals, pa.string()).take(pa.array(keys[:, GOAL])),
            "currency": self._everybody.currencies.texts(keys[:, CURRENCY].astype(np.int32)),
            "dimension": pa.array(DIMENSIONS).take(pa.array(keys[:, DIMENSION])),
            "value": self._values(keys),
        }
        numbers = self._cells.find(texts, keys[:, DAY].astype(np.int32))
        values = pa.table({name: pa.array(column.copy()) for name, column in zip(SUMS, sums.T, strict=True)})
        self._credits.offer(values, numbers, gone=without(known, numbers))

    def _added_up(self, one: Worked, dimension: int, chosen: NDArray[np.bool_]) -> Part:
        rows = self._conversions.rows[one.numbers]
        keys = np.column_stack([rows["day"], self._conversions.goal_of[one.numbers], rows["currency"]])
        kept = rows["day"] >= self._first_day
        kept[kept] = chosen[rows["day"][kept] - self._first_day]
        return shared_out(one, keys.astype(np.int64), rows["worth"].copy(), kept, dimension)

    def _values(self, keys: NDArray[np.int64]) -> pa.Array:
        """The texts of the values, of each in its dimension."""
        found = np.empty(len(keys), object)
        for number, dimension in enumerate(DIMENSIONS):
            mine = keys[:, DIMENSION] == number
            found[mine] = self._texts(dimension, keys[mine, VALUE].astype(np.int32)).to_pylist()
        return pa.array(found, pa.string())
