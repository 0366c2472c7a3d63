"""The segments of everybody at the end of closed days, and who is in another one, or there for another reason."""

# mypy: disable-error-code="no-untyped-call"

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people.closed_segments import SEGMENT, bought_by, hash_persons, hash_rows, seen_by, segments
from analytics.people.orders import worths
from analytics.people.segments import LIFECYCLES, STAGES, referred
from sinks.clickhouse.readers.closed_days import SEGMENT_NUMBERS
from streams.landing.arrow import categories
from streams.people.memory.everybody import Everybody
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes, PairRows
from streams.people.persons.order_book import OrderBook
from streams.people.persons.orders import EVER

#: Columns that are landed as they are, by their names in `SEGMENT`.
_NUMBERS = {column.removesuffix("_minor"): column for column in SEGMENT_NUMBERS}


@dataclass(frozen=True)
class Segments:
    """Persons whose row of a day is another one than the day before, and it; on the first of a month everybody's."""

    persons: Codes
    rows: NDArray[Any]


class SegmentDays:
    """What only segments rest on, as far as the newest closed day knows it, and a hash of everybody's row there."""

    #: What is read for a stretch of days.
    reads = ("orders", "signed_up")

    def __init__(self, everybody: Everybody) -> None:
        self._everybody, self._book = everybody, OrderBook(everybody)
        self._named, self._signed_up = PairRows(np.zeros(1, np.uint8)), np.empty(0, np.bool_)
        self._hashes = np.empty(0, np.uint64)

    def load(self, table: pa.Table) -> None:
        """Take what everybody was at the end of the newest closed day."""
        persons, rows = self._everybody.names.codes(table["person_id"]), np.zeros(table.num_rows, SEGMENT)
        for name, column in _NUMBERS.items():
            rows[name] = np.asarray(table[column])
        for name, kinds in (("lifecycle", LIFECYCLES), ("stage", STAGES)):
            rows[name] = np.asarray(pc.index_in(table[name], pa.array(kinds)))
        rows["currency"] = np.where(rows["orders"] > 0, self._everybody.currencies.few_codes(table["currency"]), -1)
        found = np.empty(len(rows), np.uint64)
        hash_rows(rows, found)
        self._hashes = longer(self._hashes, len(self._everybody.names))
        self._hashes[persons] = found

    def take(self, name: str, table: pa.Table) -> None:
        """Take what a day knows that the days before did not."""
        if name == "orders":
            self._book.take(table)
            return
        names = self._everybody.names
        users, signed_up = names.codes(table["user_id"]), np.asarray(table["signed_up"]).astype(np.bool_)
        named = table.filter(pc.not_equal(table["referrer_user_id"], ""))
        self._named.find(names.codes(named["referrer_user_id"]), names.codes(named["user_id"]))
        self._signed_up = longer(self._signed_up, len(names))
        self._signed_up[users] |= signed_up

    def close(
        self, day: int, members: NDArray[Any], accounts: Codes, person: Codes, began: Codes, used: Codes
    ) -> Segments:
        """Work out everybody at the end of a day. began, used: by name, the first and the newest day of use."""
        count, pairs, rows = len(person), self._named.pairs, self._book.rows
        self._signed_up, self._hashes = longer(self._signed_up, count), longer(self._hashes, count)
        seen = seen_by(members, accounts, (began, used, self._signed_up), person, day)
        worth = worths(rows, rows["net"], self._book.of_persons(person), EVER)
        named = referred(person[pairs.ones], person[pairs.others], count)
        bought = bought_by(seen, *worth, self._book.by_name(), named)
        hashes = np.empty(count, np.uint64)
        hash_persons(seen, bought, day, np.zeros(1, SEGMENT), hashes)
        other = hashes != self._hashes
        if _begins_month(day):
            other |= hashes != 0
        self._hashes = hashes
        persons = np.flatnonzero(other).astype(np.int32)
        found = np.zeros(len(persons), SEGMENT)
        segments(seen, bought, persons, day, found)
        return Segments(persons, found)


def _begins_month(day: int) -> bool:
    return date.fromordinal(date(1970, 1, 1).toordinal() + day).day == 1


def rows_of(everybody: Everybody, found: Segments) -> pa.Table:
    """Rows of `people_segment_days`, without the history and the day."""
    rows, currencies = found.rows, everybody.currencies
    bought = rows["orders"] > 0
    money = currencies.strings(np.maximum(rows["currency"], 0)) if len(currencies) else pa.repeat("", len(rows))
    return pa.table(
        {
            "person_id": everybody.names.strings(found.persons),
            "lifecycle": categories(rows["lifecycle"].astype(np.int8), LIFECYCLES),
            "stage": categories(rows["stage"].astype(np.int8), STAGES),
            "currency": pc.if_else(pa.array(bought), money, ""),
        }
        | {column: pa.array(np.ascontiguousarray(rows[name])) for name, column in _NUMBERS.items()}
    )
