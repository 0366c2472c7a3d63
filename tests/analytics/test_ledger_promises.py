"""The ledger's promises: records dated and delivered in any order, days closed one by one or several at a time."""

from random import Random

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from analytics.results.commissions import NO_CAP
from analytics.results.holds import Case, Review
from analytics.results.ledger import balances, posted
from analytics.results.payouts import DAY_MS, Payout
from analytics.results.plans import NEVER, Plan, Reassignment
from tests.analytics.books import ANN, BEN, CNY, CY, DI, Books, settled
from tests.oracle.ledger import Adjustment, Order, Record, Refund, World, time_of

_LAST = 16  # days after the last one closed, by which every hold has ended
_HALF = DAY_MS // 2
_WHEN = st.integers(-4, 8)  # in half days, from the first day that is open
_LATE = st.sampled_from([False, False, False, True])
_WHO = st.sampled_from([ANN, ANN, ANN, DI])
_BUYERS = st.sampled_from([BEN, BEN, CY])
_AMOUNTS = st.sampled_from([1000, 1000, 1970, 333, 10**12, 1, 0])
_CAPS = st.sampled_from([NO_CAP, NO_CAP, 50, 150])


class Machine(RuleBasedStateMachine):
    """Records are dated around the first open day, and come at once or late."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.books = Books(Random(0))
        self.all: list[Record] = []
        self.late: list[Record] = []
        self.in_time = True

    def _at(self, when: int) -> int:
        return max((self.books.closed + 1) * DAY_MS + when * _HALF, 0)

    def _tell(self, record: Record, late: bool) -> None:
        self.all.append(record)
        self.in_time &= not late and time_of(record) >= (self.books.closed + 1) * DAY_MS
        (self.late if late else self.books.records).append(record)

    def _next(self) -> int:
        self.number += 1
        return self.number

    @initialize(hold=st.integers(0, 6), caps=st.tuples(_CAPS, _CAPS, _CAPS))
    def begin(self, hold: int, caps: tuple[int, int, int]) -> None:
        self.announce(-9, 1000, 0, hold, caps, 0, -9, False)

    @rule(
        when=_WHEN, bp=st.sampled_from([-1, 0, 333, 1000, 10_000]), number=st.integers(0, 1), hold=st.integers(0, 8),
        caps=st.tuples(_CAPS, _CAPS, _CAPS), minimum=st.sampled_from([0, 0, 1000]), begin=_WHEN, late=_LATE,
    )  # fmt: skip
    def announce(
        self,
        when: int,
        bp: int,
        number: int,
        hold: int,
        caps: tuple[int, int, int],
        minimum: int,
        begin: int,
        late: bool,
    ) -> None:
        plan = Plan(
            number, self._at(when), 0, bp, 70 if bp < 0 else -1, CNY if bp < 0 else -1, self._at(begin), NEVER,
            minimum_minor=minimum, cap_order_minor=caps[0], cap_person_minor=caps[1], cap_month_minor=caps[2],
            hold_ms=hold * _HALF, earn_ms=2 * DAY_MS if hold % 2 else NEVER,
        )  # fmt: skip
        if not any(one[:2] == plan[:2] for one in self.all if isinstance(one, Plan)):
            self._tell(plan, late)

    @rule(
        when=_WHEN, amount=_AMOUNTS, person=_BUYERS, by=st.sampled_from([ANN, ANN, ANN, DI, BEN, -1]),
        bound=st.integers(-5, 1), code=st.integers(-1, 1), currency=st.sampled_from([CNY, CNY, CNY, 1]),
        merged=st.integers(1, 20), late=_LATE,
    )  # fmt: skip
    def buy(
        self,
        when: int,
        amount: int,
        person: int,
        by: int,
        bound: int,
        code: int,
        currency: int,
        merged: int,
        late: bool,
    ) -> None:
        ts_ms = self._at(when)
        merged_ms = ts_ms + merged * _HALF if merged < 8 else NEVER
        order = Order(self._next(), person, by, ts_ms + bound * _HALF, ts_ms, amount, currency, code, merged_ms)
        self._tell(order, late)

    @rule(data=st.data(), after=st.integers(-1, 9), part=st.sampled_from([1, 1, 2, 3]), late=_LATE)
    def refund(self, data: st.DataObject, after: int, part: int, late: bool) -> None:
        orders = [record for record in self.all if isinstance(record, Order)]
        if orders:
            one = data.draw(st.sampled_from(orders))
            self._tell(Refund(one.id, max(one.ts_ms + after * _HALF, 0), one.amount // part + (part == 3)), late)

    @rule(when=_WHEN, by=_WHO, amount=st.integers(-300, 300), late=_LATE)
    def adjust(self, when: int, by: int, amount: int, late: bool) -> None:
        self._tell(Adjustment(self._next(), by, CNY, self._at(when), amount), late)

    @rule(when=_WHEN, person=_BUYERS, by=st.sampled_from([ANN, DI, CY]), late=_LATE, of_order=st.booleans())
    def reassign(self, when: int, person: int, by: int, late: bool, of_order: bool) -> None:
        orders = [record.id for record in self.all if isinstance(record, Order) and record.person == person]
        goal = orders[-1] if of_order and orders else -1
        self._tell(Reassignment(person, goal, by, self._at(when), self._next()), late)

    @rule(when=_WHEN, by=_WHO, late=_LATE)
    def suspect(self, when: int, by: int, late: bool) -> None:
        self._tell(Case(self._next(), by, self._at(when)), late)

    @rule(
        when=_WHEN, by=_WHO, late=_LATE, every=st.booleans(),
        decision=st.sampled_from(["release", "release", "release", "void", "trust"]),
    )  # fmt: skip
    def review(self, when: int, by: int, late: bool, every: bool, decision: str) -> None:
        cases = [record.number for record in self.all if isinstance(record, Case) and record.referrer == by]
        self._tell(Review(by, -1 if every or not cases else cases[-1], decision, self._at(when)), late)

    @rule(
        by=_WHO, amount=st.integers(1, 250), back=st.integers(0, 3),
        statuses=st.lists(st.sampled_from(["created", "paid", "failed"]), min_size=1, max_size=3),
    )  # fmt: skip
    def pay(self, by: int, amount: int, back: int, statuses: list[str]) -> None:
        payout, end_ms = self._next(), max(self.books.closed + 1 - back, 0) * DAY_MS
        for status in statuses:
            self.books.payouts.append(Payout(self._next(), payout, by, CNY, amount, status, end_ms))

    @rule(how_many=st.integers(1, 20))
    def deliver(self, how_many: int) -> None:
        self.books.records += self.late[:how_many]
        del self.late[:how_many]

    @rule(days=st.sampled_from([1, 1, 1, 2, 4]))
    def close(self, days: int) -> None:
        before = self.books.entries.copy()
        self.books.close(self.books.closed + days)
        assert self.books.entries[: len(before)].tolist() == before.tolist(), "entries never change"
        assert not len(self.books.close(self.books.closed)), "a day is posted once"

    @invariant()
    def books_balance(self) -> None:
        entries = self.books.entries
        keys = ["day", "kind", "source", "beneficiary", "currency", "sequence"]
        for row in balances(entries):
            assert row["expense"] + row["overpaid"] + row["cash"] == row["held"] + row["payable"] + row["in payout"]
            assert min(row["held"], row["in payout"], row["overpaid"], -row["cash"]) >= 0
        for row in posted(entries):
            assert 0 <= row["released"] <= row["accrued"], "nothing is released beyond the hold"
        assert len(entries) == len(np.unique(entries[keys])), "every entry has an id of its own"

    def teardown(self) -> None:
        self.deliver(len(self.late))
        last = self.books.closed + _LAST
        self.books.close(last)
        expected = World(self.all, (last + 1) * DAY_MS, self.books.frozen).balances()
        assert settled(self.books) == expected
        at_once = Books(Random(2))
        at_once.records += self.all
        at_once.close(last)
        assert settled(at_once) == expected or not self.in_time, "any order, any cut into days"


TestMachine = Machine.TestCase
TestMachine.settings = settings(derandomize=True, deadline=None, max_examples=120, stateful_step_count=50)
