"""A ledger in memory that closes days over whatever records have arrived."""

from random import Random
from typing import Any

import numpy as np

from analytics.results.holds import Case, Review
from analytics.results.ledger import ADJUSTMENT, ENTRY, adjustments, balances, differences, frozen, posted, released
from analytics.results.owed import owing
from analytics.results.payouts import DAY_MS, Payout, State, post
from analytics.results.plans import NEVER, Goals, Plan, Reassignment
from tests.oracle.ledger import Adjustment, Frozen, Order, Record, Refund, World

ANN, BEN, CY, DI = range(4)
CNY = 0


class Books:
    """Closes days over the records that have arrived, in memory only what is posted."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.records: list[Record] = []
        self.payouts: list[Payout] = []
        self.entries = np.zeros(0, ENTRY)
        self.states: dict[int, State] = {}
        self.frozen: dict[int, Frozen] = {}
        self.closed = -1

    def close(self, day: int) -> np.ndarray:
        """Close the days until this one, in turn; returns the new entries. Payouts come with the last."""
        before, payouts = len(self.entries), self.payouts
        self.payouts = []
        for one in range(self.closed + 1, day):
            self._close(one)
        self.payouts = payouts
        self._close(day)
        return self.entries[before:]

    def _close(self, day: int) -> None:
        end_ms = (day + 1) * DAY_MS
        world = World(self.records, end_ms, self.frozen)
        self.random.shuffle(self.records)
        told: dict[type, list[Any]] = {
            kind: [] for kind in (Order, Refund, Adjustment, Plan, Case, Review, Reassignment)
        }
        for record in self.records:
            told[type(record)].append(record)
        changes = [change for change in told[Reassignment] if change.ts_ms < end_ms]
        found = owing(
            goals(told[Order], world), told[Plan], told[Case], told[Review], changes, end_ms,
            frozen(self.entries, changes),
        )  # fmt: skip
        owed = found.rows
        due = np.array([tuple(record) for record in told[Adjustment]], ADJUSTMENT)
        new = np.concatenate([
            released(differences(owed, posted(self.entries), day), found), adjustments(due, self.entries, end_ms, day)
        ])  # fmt: skip
        before = np.concatenate([self.entries, new])
        paid = post(self.payouts, before, self.states, day)
        self.entries, self.states = np.concatenate([before, paid.entries]), paid.states
        self.payouts, self.closed = [], day
        assert posted(self.entries).tolist() == owed.tolist()
        assert {tuple(row)[:3]: tuple(row)[3:] for row in owed.tolist()} == world.owed()
        self.frozen = world.released()


def goals(orders: list[Order], world: World) -> Goals:
    columns = np.array(
        [(o.id, o.person, o.referrer, o.bound_ms, 0, -1, o.currency, o.ts_ms, world.net(o), o.code, 1, o.merged_ms)
         for o in orders], np.int64,
    ).reshape(-1, 12).T  # fmt: skip
    return Goals(*columns)._replace(first=columns[10] > 0)


def order(number: int, day: int = 0, amount: int = 1970, **more: int) -> Order:
    plain = Order(number, BEN, ANN, 0, day * DAY_MS, amount, CNY, -1, NEVER)
    return plain._replace(**more)


def settled(books: Books) -> dict[tuple[int, int], tuple[int, int]]:
    """By beneficiary and currency: what is held, and what was or is payable."""
    rows = balances(books.entries)
    payable = rows["payable"] + rows["in payout"] - rows["cash"] - rows["overpaid"]
    return {
        (int(row["beneficiary"]), int(row["currency"])): (int(row["held"]), int(amount))
        for row, amount in zip(rows, payable, strict=True)
        if (row["held"], amount) != (0, 0)
    }
