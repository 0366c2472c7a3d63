"""All conversions in memory: orders that count, and what else the rules name; whose each is and what it is worth."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people.lists import Lists, lists, rows_of
from analytics.results.rules import Rules
from streams.people.memory.everybody import Everybody
from streams.people.memory.names import Codes, Names, PairRows, pair_rows
from streams.people.persons.orders import Orders

Rows = NDArray[Any]
PURCHASE = "purchase"
#: Of these a person has one: the first.
_ONCE = ("signup",)
#: A conversion; `worth`: of an order what it brought, of others 0. `currency`: −1, none.
CONVERSION = np.dtype(
    [
        ("ms", "i8"),
        ("worth", "i8"),
        ("who", "i4"),  # user
        ("currency", "i4"),
        ("day", "i4"),
        ("there", "u1"),
    ]
)


class Conversions:
    """Conversions by number: by the places of their goals among the rules', and the numbers of their ids."""

    #: Methods of `PeopleReader` that read them.
    reads = ("converted",)

    def __init__(self, everybody: Everybody, orders: Orders, rules: Rules) -> None:
        self._everybody, self._orders, self.goals = everybody, orders, rules.goals
        self._events, self._known = Names(), pair_rows(CONVERSION, who=-1, currency=-1)
        self._changed = list[Codes]()

    def __len__(self) -> int:
        return len(self._known)

    @property
    def rows(self) -> Rows:
        """Every conversion, of `CONVERSION`; shape (n,)."""
        return self._known.rows

    @property
    def goal_of(self) -> Codes:
        """The place of each one's goal; shape (n,)."""
        return self._known.pairs.ones

    @property
    def id_of(self) -> Codes:
        """The number of each one's id: of an order, that of the order; shape (n,)."""
        return self._known.pairs.others

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take what was read, and the orders in it, into memory."""
        table = changed["converted"]
        if table.num_rows:
            goals = np.asarray(pc.index_in(table["goal"], pa.array(self.goals))).astype(np.int32)
            rows = self._known.find(goals, self._events.codes(table["event_id"]))
            found = self.rows
            found["who"][rows] = self._everybody.names.codes(table["user_id"])
            found["ms"][rows], found["day"][rows] = np.asarray(table["ts_ms"]), np.asarray(table["day"])
            found["there"][rows] = 1
            self._changed.append(rows)
        orders = self._orders.taken
        if len(orders) and PURCHASE in self.goals:
            self._take_orders(orders)

    def _take_orders(self, numbers: Codes) -> None:
        goal = np.full(len(numbers), self.goals.index(PURCHASE), np.int32)
        rows, orders = self._known.find(goal, numbers), self._orders.rows[numbers]
        found = self.rows
        for name, of in (("who", "user"), ("ms", "ms"), ("worth", "net"), ("currency", "currency"), ("day", "day")):
            found[name][rows] = orders[of]
        found["there"][rows] = orders["counted"]
        self._changed.append(rows)

    def changed(self, by_person: Lists) -> Codes:
        """What has come or changed since this was last asked; and of what a person can do only once, all of theirs,
        as another one may count now."""
        found, self._changed = self._changed, []
        if not found:
            return np.empty(0, np.int32)
        rows = np.unique(np.concatenate(found)).astype(np.int32)
        once = np.isin(self.goal_of, [self.goals.index(name) for name in _ONCE if name in self.goals])
        theirs = rows_of(by_person, np.unique(self._everybody.person[self.rows["who"][rows[once[rows]]]]))
        return np.union1d(rows, theirs[once[theirs]]).astype(np.int32)

    def by_person(self) -> Lists:
        """Rows of conversions by person; those that are none come last."""
        person, rows = self._everybody.person, self.rows
        of = np.where(rows["there"] == 1, person[np.maximum(rows["who"], 0)], len(person))
        return lists(of, len(person) + 1)

    def counted(self, persons: Codes, by_person: Lists) -> Codes:
        """The conversions of these persons, but for what a person can do only once and has done before."""
        rows = rows_of(by_person, persons)
        found, goals, who = self.rows[rows], self.goal_of[rows], self._everybody.person[self.rows["who"][rows]]
        left_out = np.zeros(len(rows), np.bool_)
        for goal in (self.goals.index(name) for name in _ONCE if name in self.goals):
            mine = np.flatnonzero(goals == goal)
            order = mine[np.lexsort((self._by_id(rows[mine]), found["ms"][mine], who[mine]))]
            left_out[order[1:][who[order[1:]] == who[order[:-1]]]] = True
        return rows[~left_out]

    def _by_id(self, rows: Codes) -> NDArray[np.int64]:
        """Places of these by their ids."""
        ids = self.columns(rows)["conversion_id"]
        found = np.empty(len(rows), np.int64)
        found[np.asarray(pc.sort_indices(ids))] = np.arange(len(rows))
        return found

    # --- keys of rows

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's conversion, new ones added."""
        goals = np.asarray(pc.index_in(rows["goal"].cast(pa.string()), pa.array(self.goals))).astype(np.int32)
        orders, others = (names.codes(rows["conversion_id"]) for names in (self._everybody.order_names, self._events))
        return self._known.find(goals, np.where(np.asarray(pc.equal(rows["goal"], PURCHASE)), orders, others))

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Goals and ids."""
        goals, ids = self._known.pairs.ones[numbers], self._known.pairs.others[numbers]
        bought = goals == (self.goals.index(PURCHASE) if PURCHASE in self.goals else -1)
        orders = self._everybody.order_names.strings(np.where(bought, ids, 0)) if bought.any() else None
        events = self._events.strings(np.where(bought, 0, ids)) if not bought.all() else None
        none = pa.scalar("", pa.string())
        text = pc.if_else(pa.array(bought), none if orders is None else orders, none if events is None else events)
        text = text if isinstance(text, pa.Array) else pa.array([], pa.string())
        return {"goal": pa.array(self.goals).take(pa.array(goals)), "conversion_id": text}


class ConversionKeys:
    """Numbers of conversions on days."""

    def __init__(self, conversions: Conversions) -> None:
        self._conversions, self._pairs = conversions, PairRows(np.zeros(1, np.uint8))

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key, new ones added."""
        days = np.asarray(rows["day"].cast(pa.date32()).cast(pa.int32()))
        return self.find(self._conversions.numbers(rows), days)

    def find(self, conversions: Codes, days: Codes) -> Codes:
        """The number of each conversion on a day, new ones added."""
        return self._pairs.find(conversions.astype(np.int32), days.astype(np.int32))

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Days, goals and ids."""
        pairs = self._pairs.pairs
        day = pa.array(pairs.others[numbers]).cast(pa.date32())
        return {"day": day} | self._conversions.columns(pairs.ones[numbers])
