"""Rows of `people_campaigns` and `people_costs`: what campaigns are, when anything named them, and what they cost.

All costs stay in memory, some 50 bytes per record: they are few, and a repeated event must be recognised wherever it
lands.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.results.costs import COST, KINDS, TOTAL, once, said, totals
from schemas.agents import TABLES
from streams.people.memory.everybody import Touched
from streams.people.memory.landed import Landed
from streams.people.memory.names import Codes, Names
from streams.people.memory.now import Now
from streams.state.arrays import grown

#: The campaign of costs that belong to none.
NONE = "-"
_NEVER_MS = np.iinfo(np.int64).max
_SPAN = np.dtype([("first_ms", "i8"), ("last_ms", "i8")])


class Campaigns:
    """Every campaign that a cost or an act has named."""

    reads = ("costs", "named_in_chat", "named_in_product")

    def __init__(self) -> None:
        self._campaigns, self._costs = Landed(TABLES["people_campaigns"]), Landed(TABLES["people_costs"])
        self.landed = (self._campaigns, self._costs)
        self._channels, self._operators = Names(), Names()
        self._records = np.empty(0, COST)
        self._spans = np.empty(0, _SPAN)
        self._changed = True

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take costs, and when campaigns were named."""
        costs = changed["costs"]
        if costs.num_rows:
            self._records = once(np.concatenate([self._records, self._costs_of(costs)]))
            self._changed = True
        for name in ("named_in_chat", "named_in_product"):
            if changed[name].num_rows:
                self._named(changed[name])

    def _costs_of(self, rows: pa.Table) -> NDArray[Any]:
        found = np.empty(rows.num_rows, COST)
        for name, column in {"event": "event_hash", "amount": "amount_minor"}.items():
            found[name] = np.asarray(rows[column])
        for name in ("offset", "ts_ms", "partition"):
            found[name] = np.asarray(rows[name])
        found["kind"] = np.asarray(pc.fill_null(pc.index_in(rows["kind"], pa.array(KINDS)), -1))
        found["cell"], found["campaign"] = self._costs.keys.numbers(rows), self._numbers(rows)
        found["channel"] = self._channels.some_codes(rows["channel"])
        found["operator"] = self._operators.some_codes(rows["operator_id"])
        return found

    def _numbers(self, rows: pa.Table) -> Codes:
        numbers = self._campaigns.keys.numbers(rows)
        used, most = len(self._spans), int(numbers.max(initial=-1)) + 1
        if most > used:
            self._spans = grown(self._spans, used, most)[:most]
            self._spans["first_ms"][used:], self._spans["last_ms"][used:] = _NEVER_MS, 0
        return numbers

    def _named(self, rows: pa.Table) -> None:
        numbers = self._numbers(rows)
        np.minimum.at(self._spans["first_ms"], numbers, np.asarray(rows["first_ms"]))
        np.maximum.at(self._spans["last_ms"], numbers, np.asarray(rows["last_ms"]))
        self._changed = True

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Offer all rows if anything is new: campaigns are few."""
        if not (self._changed or complete):
            return
        self._changed = False
        cells, found = totals(self._records)
        values = {name: pa.array(np.ascontiguousarray(found[name])) for name in TOTAL.fields or ()}
        self._costs.offer(pa.table(values), cells, complete=True)
        numbers = np.arange(len(self._spans), dtype=np.int32)
        ids = self._campaigns.keys.columns(numbers)["campaign_id"]
        numbers = numbers[np.asarray(pc.not_equal(ids, NONE))]
        campaigns = {
            "channel": self._channels.texts(said(self._records, "channel", len(self._spans))[numbers]),
            "owner_id": self._operators.texts(said(self._records, "operator", len(self._spans))[numbers]),
            "first_ms": pa.array(np.where(self._spans["last_ms"] == 0, 0, self._spans["first_ms"])[numbers]),
            "last_ms": pa.array(np.ascontiguousarray(self._spans["last_ms"])[numbers]),
        }
        self._campaigns.offer(pa.table(campaigns), numbers, complete=True)
