"""Reward plans and what operators have decided, in memory; as named in records, whoever the persons are now."""

# mypy: disable-error-code="no-untyped-call"

from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.results.commissions import NO_CAP
from analytics.results.holds import Review
from analytics.results.ledger import ADJUSTMENT
from analytics.results.payouts import DAY_MS, Payout
from analytics.results.plans import NEVER, Plan
from analytics.results.risk import case_number
from streams.people.memory.everybody import Everybody
from streams.people.memory.names import Names
from streams.people.memory.row_hash import row_hashes
from streams.people.persons.orders import Orders

Row = dict[str, Any]
#: Who decided, and why.
Why = tuple[str, str]
#: More than there are offsets in a partition.
_OFFSETS = 1 << 40
#: The goal of a plan for something that is no conversion of the deployment: nothing has it.
_NO_GOAL = -2


class Rewards:
    """All records of rewards, read whole when any is new."""

    #: Methods of `PeopleReader` that read them.
    reads = ("rewards",)

    def __init__(self, everybody: Everybody, orders: Orders, goals: tuple[str, ...]) -> None:
        self._everybody, self._orders, self._goals = everybody, orders, goals
        #: Names of plans by their numbers, and versions of plans.
        self.plan_ids, self.plans = list[str](), list[Plan]()
        #: Referral codes, and of each whose it is and its plan (−1: any).
        self.codes, self.owners = Names(), dict[int, tuple[int, int]]()
        self.adjustments = np.zeros(0, ADJUSTMENT)
        #: What reviewers decided about referrers, as named in records, with who and why.
        self.reviews = list[tuple[Review, Why]]()
        #: Records of payouts, with their times.
        self.payouts = list[tuple[int, Payout]]()
        #: Who was referred, the order or '', the new referrer, when, and the place of the record.
        self.changes = list[tuple[int, str, int, int, int]]()
        #: Adjustments and payouts by the numbers that stand for them.
        self.ids = dict[int, tuple[str, str]]()
        #: Whether anything has come with the newest reading.
        self.changed = False

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take what was read into memory."""
        table = changed["rewards"]
        self.changed = table.num_rows > 0
        if not self.changed:
            return
        rows: list[Row] = table.to_pylist()
        users = self._everybody.names
        for name in ("referrer_user_id", "referred_user_id", "new_referrer_user_id"):
            for row, code in zip(rows, users.some_codes(table[name]).tolist(), strict=True):
                row[name] = code
        for row, code in zip(rows, self._orders.currencies.some_codes(table["currency"]).tolist(), strict=True):
            row["currency"] = code
        of = {kind: [row for row in rows if row["type"] == kind] for kind in ("plan", "code", "review", "payout")}
        self._take_plans(of["plan"])
        self._take_codes(of["code"])
        self._take_adjustments([row for row in rows if row["type"] == "adjustment"])
        self.reviews = [(_review(row), (row["actor_id"], row["reason"])) for row in of["review"]]
        self.payouts = [(row["ts_ms"], self._payout(row)) for row in of["payout"]]

    def reviews_of_persons(self) -> defaultdict[int, dict[Review, Why]]:
        """Reviews by person, with who and why; of equal ones, the first."""
        found = defaultdict[int, dict[Review, Why]](dict)
        for review, why in self.reviews:
            person = int(self._everybody.person[review.referrer])
            found[person].setdefault(review._replace(referrer=person), why)
        return found

    def _take_plans(self, rows: list[Row]) -> None:
        """Of two versions of one moment the later record counts."""
        self.plan_ids = sorted({row["plan_id"] for row in rows}, key=str.encode)
        numbers = {name: number for number, name in enumerate(self.plan_ids)}
        found = {(row["plan_id"], row["ts_ms"]): self._plan(numbers[row["plan_id"]], row) for row in rows}
        self.plans = [found[key] for key in sorted(found, key=lambda key: (key[0].encode(), key[1]))]

    def _plan(self, number: int, row: Row) -> Plan:
        products = self._orders.products.codes(pa.chunked_array([pa.array(row["product_ids"], pa.string())]))
        return Plan(
            number, row["ts_ms"], self._goals.index(row["goal"]) if row["goal"] in self._goals else _NO_GOAL,
            _or(row["share_bp"], -1), _or(row["fixed_minor"], -1), row["currency"], row["valid_from_ms"],
            _or(row["valid_to_ms"], NEVER), frozenset(products.tolist()) if row["product_ids"] else None,
            frozenset() if row["who"] else None, bool(row["first_order_only"]), row["minimum_minor"],
            _or(row["cap_order_minor"], NO_CAP), _or(row["cap_person_minor"], NO_CAP),
            _or(row["cap_month_minor"], NO_CAP), row["hold_days"] * DAY_MS,
            _or(row["earn_days"], NEVER // DAY_MS) * DAY_MS,
        )  # fmt: skip

    def _take_codes(self, rows: list[Row]) -> None:
        """A code belongs to whoever the earliest record names."""
        self.owners = {}
        texts = pa.chunked_array([pa.array([row["referral_code"] for row in rows], pa.string())])
        for row, code in sorted(
            zip(rows, self.codes.codes(texts).tolist(), strict=True), key=lambda one: one[0]["ts_ms"]
        ):
            plan = self.plan_ids.index(row["plan_id"]) if row["plan_id"] in self.plan_ids else -1
            self.owners.setdefault(code, (row["referrer_user_id"], plan))

    def _take_adjustments(self, rows: list[Row]) -> None:
        paid = [row for row in rows if row["amount_minor"] is not None]
        sources = self._sources("adjustment", [row["adjustment_id"] for row in paid])
        self.adjustments = np.array(
            [
                (source, row["referrer_user_id"], row["currency"], row["ts_ms"], row["amount_minor"])
                for source, row in zip(sources, paid, strict=True)
            ],
            ADJUSTMENT,
        )
        self.changes = [
            (row["referred_user_id"], row["order_id"], row["new_referrer_user_id"], row["ts_ms"], _place(row))
            for row in rows
            if row["amount_minor"] is None
        ]

    def _payout(self, row: Row) -> Payout:
        (source,) = self._sources("payout", [row["payout_id"]])
        return Payout(
            _place(row), source, row["referrer_user_id"], row["currency"], row["amount_minor"], row["status"],
            row["period_end_ms"],
        )  # fmt: skip

    def _sources(self, kind: str, ids: list[str]) -> list[int]:
        """Numbers of adjustments or payouts, which stand for them in entries."""
        found: list[int] = numbers_of(pa.array([kind] * len(ids), pa.string()), pa.array(ids, pa.string())).tolist()
        self.ids |= {number: (kind, one) for number, one in zip(found, ids, strict=True)}
        return found


def _review(row: Row) -> Review:
    return Review(row["referrer_user_id"], case_number(row["case_id"]), row["decision"], row["ts_ms"])


def _or(value: int | None, other: int) -> int:
    return other if value is None else value


def _place(row: Row) -> int:
    """The place of a record, which orders those of a partition."""
    return int(row["partition"]) * _OFFSETS + int(row["offset"])


def numbers_of(goals: pa.Array, ids: pa.Array) -> NDArray[np.int64]:
    """Numbers that stand for results, adjustments and payouts: the same on every reading."""
    rows = pa.table({"goal": goals, "id": ids})
    found: NDArray[np.int64] = (row_hashes(rows, ("goal", "id")) >> 1).astype(np.int64)
    return found
