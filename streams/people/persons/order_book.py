"""Orders by number, as far as somebody knows them: whose each is, and what it is worth."""

# mypy: disable-error-code="no-untyped-call"

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people import orders as rule
from analytics.people.lists import Lists, lists
from analytics.people.orders import ORDER, Facts, Numbers, orders_of
from streams.people.memory.everybody import Everybody
from streams.people.memory.names import Codes, blank
from streams.state.arrays import grown


class Taken(NamedTuple):
    """Orders that were paid, of those about which facts were taken: their numbers and, before, their rows; what
    follows; and of every fact its order, currency, amount and day."""

    rows: Codes
    before: Numbers
    found: rule.Orders
    facts: Facts
    days: Numbers


class OrderBook:
    """Orders of one knowledge; what all books know of an order's number and a currency's is everybody's."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody, self._rows = everybody, np.empty(0, ORDER)

    @property
    def rows(self) -> Numbers:
        """Every order, `analytics.people.orders.ORDER`; shape (n,)."""
        used, most = len(self._rows), len(self._everybody.order_names)
        if most > used:
            self._rows = grown(self._rows, used, most)
            self._rows[used:] = blank(ORDER, user=-1, group=-1, product=-1)
        return self._rows[:most]

    def take(self, table: pa.Table) -> Taken:
        """Take all that is known of some orders, by order, time and event id."""
        everybody = self._everybody
        codes, money = everybody.order_names.codes(table["order_id"]), everybody.currencies.few_codes(table["currency"])
        back = np.asarray(table["back"]).astype(np.bool_)
        refund = np.where(back, equal(table["refund_id"]), -1)
        amount, day = np.asarray(table["amount_minor"]), np.asarray(table["day"])
        facts = Facts(codes, equal(table["event_id"]), refund, amount, money)
        found = orders_of(facts)
        rows, first = codes[found.first], found.first
        orders = self.rows
        before = orders[rows]
        orders["user"][rows] = everybody.names.codes(table["user_id"].take(pa.array(first)))
        orders["amount"][rows], orders["net"][rows] = amount[first], found.net
        orders["currency"][rows], orders["day"][rows] = money[first], day[first]
        orders["counted"][rows] = ~found.absurd
        return Taken(rows, before, found, facts, day)

    def of_persons(self, person: Codes) -> Lists:
        """Rows of orders by person; those that are not paid come last."""
        rows = self.rows
        paid = rows["user"] >= 0
        users = np.where(paid, rows["user"], 0)
        return lists(np.where(paid, person[users], len(person)), len(person) + 1)

    def by_name(self) -> NDArray[np.int64]:
        """The place of every currency by name."""
        names = self._everybody.currencies
        texts = names.strings(np.arange(len(names), dtype=np.int32)).to_pylist()
        found: NDArray[np.int64] = np.argsort(np.argsort(np.array([text.encode() for text in texts] or [b""])))
        return found


def equal(texts: pa.ChunkedArray) -> Codes:
    """Numbers that are equal where texts are."""
    return np.asarray(texts.combine_chunks().dictionary_encode().indices)
