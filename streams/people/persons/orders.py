"""All orders in memory, and their rows in `people_orders`. What only rows need is read again with their order."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people import orders as rule
from analytics.people.orders import REFUND, Numbers, half_refunded, net_on, worths
from schemas.agents import TABLES
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes, Names
from streams.people.memory.now import Now
from streams.people.persons.order_book import OrderBook, Taken

#: Later than any day.
EVER = 1 << 30
Worths = tuple[NDArray[np.int64], Numbers]
_NOTHING = pa.table({}), np.empty(0, np.int32)
_PAID = (
    "user_id", "ts_ms", "amount_minor", "currency", "items", "product_id", "group_id", "campaign_id", "cost_minor",
)  # fmt: skip


class NameKeys:
    """Numbers for keys of one column: those of a list of names."""

    def __init__(self, column: str, names: Names) -> None:
        self._column, self._names = column, names

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key."""
        return self._names.codes(rows[self._column])

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """The key column."""
        return {self._column: self._names.strings(numbers)}


class Orders:
    """Orders by number, whose they are, and what a person's orders are worth by currency."""

    reads = ("orders",)

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self._book, self.currencies = OrderBook(everybody), everybody.currencies
        self.products, self.campaigns = Names(), Names()
        self._campaign, self._cost = np.empty(0, np.int32), np.empty(0, np.int64)
        self._landed = Landed(TABLES["people_orders"], NameKeys("order_id", everybody.order_names))
        self.landed = (self._landed,)
        self.refunds = np.empty(0, REFUND)
        self._read = _NOTHING
        #: Orders in the newest reading.
        self.taken = _NOTHING[1]
        self._changed, self._person = True, np.empty(0, np.int32)
        self._worths, self._newest = dict[int, Worths](), 0

    @property
    def rows(self) -> Numbers:
        """Every order, `analytics.people.orders.ORDER`; shape (n,)."""
        return self._book.rows

    @property
    def campaign_and_cost(self) -> tuple[Codes, NDArray[np.int64]]:
        """The campaign that every order names, by its number among `campaigns`, and its cost (−1: not said); (n,)."""
        return self._campaign, self._cost

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take orders that are new, or of which something is, into memory."""
        table = changed["orders"]
        self.taken = _NOTHING[1]
        if not table.num_rows:
            return
        everybody, taken = self._everybody, self._book.take(table)
        values, rows = table.select(_PAID).take(pa.array(taken.found.first)), taken.rows
        nowhere, orders = np.asarray(pc.equal(values["group_id"], "")), self.rows
        orders["group"][rows] = np.where(nowhere, -1, everybody.group_names.few_codes(values["group_id"]))
        orders["product"][rows] = self.products.some_codes(values["product_id"])
        orders["ms"][rows] = np.asarray(values["ts_ms"])
        self._campaign, self._cost = (longer(one, len(orders), -1) for one in (self._campaign, self._cost))
        self._campaign[rows] = self.campaigns.some_codes(values["campaign_id"])
        self._cost[rows] = np.asarray(pc.fill_null(values["cost_minor"], -1))
        self._take_refunds(taken, np.asarray(table["ts_ms"]))
        touched = (_known(orders[name][rows], taken.before[name]) for name in ("user", "group"))
        everybody.touch(*touched)
        self._read = _values(values, taken.found), rows
        self.taken = rows
        self._changed = True

    def _take_refunds(self, taken: Taken, ms: NDArray[np.int64]) -> None:
        """Replace the refunds of these orders."""
        facts, refunds = taken.facts, taken.found.refunds
        new = np.empty(len(refunds), REFUND)
        for name, column in (("order", facts.order), ("amount", facts.amount), ("currency", facts.currency)):
            new[name] = column[refunds]
        new["day"], new["ms"] = taken.days[refunds], ms[refunds]
        again = np.zeros(len(self._everybody.order_names), np.bool_)
        again[facts.order] = True
        self.refunds = np.concatenate([self.refunds[~again[self.refunds["order"]]], new])

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Offer the rows of orders that were read; when complete, all have been."""
        self._landed.offer(*self._read, complete=complete)
        self._read = _NOTHING

    def refunded_ms(self, end_ms: int) -> NDArray[np.int64]:
        """When half of each order had been refunded, by refunds before a moment; `NEVER_MS`: it had not; shape (n,)."""
        return half_refunded(self.rows, self.refunds[self.refunds["ms"] < end_ms])

    # --- what they are worth

    def worths(self, day: int = EVER) -> Worths:
        """What persons' orders are worth at the end of a day, `analytics.people.orders.worths`. The same object as long
        as nothing has changed."""
        person, rows = self._everybody.person, self.rows
        if self._changed or not np.array_equal(person, self._person):
            self._worths.clear()
            self._changed, self._person = False, person
            self._newest = max(rows["day"].max(initial=0), self.refunds["day"].max(initial=0))
        until = day if day < self._newest else EVER
        if until not in self._worths:
            self._worths = {one: kept for one, kept in self._worths.items() if one == EVER}  # of past days, the last
            net = net_on(rows, self.refunds, until)
            self._worths[until] = worths(rows, net, self._book.of_persons(person), until)
        return self._worths[until]

    def by_name(self) -> NDArray[np.int64]:
        """The place of every currency by name."""
        return self._book.by_name()

    def paid(self) -> NDArray[np.bool_]:
        """Whether there are orders that count, of every person."""
        found: NDArray[np.bool_] = np.diff(self.worths()[0]) > 0
        return found


def _values(paid: pa.Table, found: rule.Orders) -> pa.Table:
    """Rows of orders, but for their keys."""
    more = {
        "asked_back_minor": found.asked_back, "refunded_minor": found.refunded, "net_minor": found.net,
        "absurd": found.absurd.astype(np.uint8), "repeated": found.repeated.astype(np.uint32),
        "mixed_currencies": found.mixed.astype(np.uint8),
    }  # fmt: skip
    for name, column in more.items():
        paid = paid.append_column(name, pa.array(column))
    return paid


def _known(*numbers: Codes) -> Codes:
    found = np.concatenate(numbers)
    return found[found >= 0].astype(np.int32)
