"""Rows of the ledger: what results earn whoever brought them, entries posted when days close, balances, payouts.

Entries are acts. What is posted is read once, when a term begins, and landed again by every term; a day is posted as
the difference between what is owed at its end, by all that is known when it closes, and what was posted before.
"""

# mypy: disable-error-code="no-untyped-call"

from datetime import date
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.kernels.calendar import day_starts
from analytics.results.holds import Case
from analytics.results.ledger import ENTRY, KINDS, adjustments, differences, frozen, posted, released
from analytics.results.owed import Owing, owing
from analytics.results.payouts import Payout, State, post
from analytics.results.plans import NEVER, Goals, Reassignment
from schemas.agents import TABLES
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.names import Codes, Names
from streams.people.memory.now import Now
from streams.people.persons.orders import Orders
from streams.people.results.conversions import PURCHASE, Conversions
from streams.people.results.ledger_rows import balance_rows, commission_rows, entry_rows, payout_rows
from streams.people.results.referrers import Referrers
from streams.people.results.rewarded import Results, first, until
from streams.people.results.rewards import Rewards, numbers_of
from streams.people.results.risks import Risks

Rows = NDArray[Any]
Whole = NDArray[np.int64]
_KIND_NAMES = [kind.name for kind in KINDS]


class Ledger:
    """All that referrers are owed. Costs nothing while there are neither plans nor entries."""

    reads = (*Rewards.reads, "entries", "payout_states", "posted_days")

    def __init__(
        self,
        everybody: Everybody,
        orders: Orders,
        conversions: Conversions,
        referrers: Referrers,
        rewards: Rewards,
        risks: Risks,
        zone: str,
        lateness_h: int,
    ) -> None:
        self._everybody, self._orders, self._conversions = everybody, orders, conversions
        self._referrers, self._rewards, self._risks = referrers, rewards, risks
        self._starts, self._lateness_ms = day_starts(zone), lateness_h * 3_600_000
        names = ("commissions", "ledger", "balances", "payouts", "posted")
        self._commissions, self._ledger, self._balances, self._payouts, self._days = self.landed = tuple(
            Landed(TABLES[f"people_{name}"]) for name in names
        )
        self._entries, self._states, self._seen = np.zeros(0, ENTRY), dict[int, State](), dict[int, int]()
        #: What entries are about: goal and id by number.
        self._sources = dict[int, tuple[str, str]]()
        #: Plans of entries, by numbers that stay when plans are announced.
        self._plans = Names()
        self._cases, self._posted = list[Case](), cast(int | None, None)
        self._before: object = None

    # --- what was posted before

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take plans and decisions; and, once, what was posted in terms before."""
        self._rewards.take(changed)
        if changed["entries"].num_rows:
            self._take_entries(changed["entries"])
        for row in changed["posted_days"].to_pylist():
            self._posted = (row["day"] - date(1970, 1, 1)).days
        if changed["payout_states"].num_rows:
            self._take_payouts(changed["payout_states"])

    def _take_entries(self, table: pa.Table) -> None:
        found = np.zeros(table.num_rows, ENTRY)
        found["day"] = np.asarray(table["day"].cast(pa.date32()).cast(pa.int32()))
        found["kind"] = np.asarray(pc.index_in(table["kind"].cast(pa.string()), pa.array(_KIND_NAMES)))
        found["source"] = self._known(table["goal"].cast(pa.string()), table["source_id"])
        found["beneficiary"] = self._everybody.names.codes(table["referrer_user_id"])
        found["currency"] = self._orders.currencies.some_codes(table["currency"].cast(pa.string()))
        found["plan"] = self._plans.some_codes(table["plan_id"].cast(pa.string()))
        found["amount"] = np.asarray(table["amount_minor"])
        for name in ("sequence", "share_bp", "fixed_minor", "minimum_minor"):
            found[name] = np.asarray(table[name])
        self._entries = found

    def _take_payouts(self, table: pa.Table) -> None:
        ids = table["payout_id"]
        sources = self._known(pa.chunked_array([["payout"] * table.num_rows]), ids).tolist()
        users = self._everybody.names.codes(table["referrer_user_id"]).tolist()
        currencies = self._orders.currencies.some_codes(table["currency"].cast(pa.string())).tolist()
        for row, source, user, currency in zip(table.to_pylist(), sources, users, currencies, strict=True):
            amount, end_ms = row["amount_minor"], row["period_end_ms"]
            first = Payout(row["sequence"], source, user, currency, amount, "", end_ms)
            self._states[source], self._seen[source] = State(row["outcome"], first), row["sequence"]

    def _known(self, goals: pa.ChunkedArray, ids: pa.ChunkedArray) -> Whole:
        """Numbers of what entries are about, which can be named from now on."""
        numbers = numbers_of(goals.combine_chunks(), ids.combine_chunks())
        texts = zip(goals.to_pylist(), ids.to_pylist(), strict=True)
        self._sources |= dict(zip(numbers.tolist(), texts, strict=True))
        return numbers

    # --- what is owed

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Post the days that have closed, and offer entries, balances and what is pending."""
        rewards = self._rewards
        if not (rewards.plans or len(rewards.adjustments) or rewards.payouts or len(self._entries)):
            return
        before = now.hour, self._referrers.version, self._risks.version, len(self._conversions)
        if not complete and before == self._before and not rewards.changed and not len(self._orders.taken):
            return
        self._before = before
        self._sources |= rewards.ids
        self._cases = self._risks.cases
        everything = self._results()
        self._post_days(everything, now)
        results = until(everything, self._orders, self._conversions, now.day)
        found = self._owing(results, now.ms + 1)
        self._offer(results, found, now)

    def _post_days(self, everything: Results, now: Now) -> None:
        """Post every day that has closed since the last one that was."""
        is_open = int(np.searchsorted(self._starts, now.ms - self._lateness_ms, "right")) - 1
        if self._posted is None:
            told = [plan.announced_ms for plan in self._rewards.plans]
            told += [int(ms) for ms in self._rewards.adjustments["ts_ms"]]
            first = min(told, default=now.ms)
            self._posted = min(int(np.searchsorted(self._starts, first, "right")) - 2, is_open - 1)
        for day in range(self._posted + 1, is_open):
            self._post(until(everything, self._orders, self._conversions, day), day)
        self._posted = max(self._posted, is_open - 1)

    def _post(self, results: Results, day: int) -> None:
        end_ms = int(self._starts[day + 1])
        owed = self._owing(results, end_ms)
        moved = released(differences(owed.rows, posted(self._entries), day), owed)
        of_plan = moved["plan"] >= 0
        moved["plan"][of_plan] = self._numbers_of_plans()[moved["plan"][of_plan]]
        new = np.concatenate(
            [
                moved,
                adjustments(self._rewards.adjustments, self._entries, end_ms, day),
            ]
        )
        told = self._rewards.payouts
        due = [one for ms, one in told if ms < end_ms and one.sequence > self._seen.get(one.payout, -1)]
        paid = post(due, np.concatenate([self._entries, new]), self._states, day)
        self._seen |= {one.payout: one.sequence for one in sorted(due)}
        self._states = paid.states
        self._entries = np.concatenate([self._entries, new, paid.entries])
        self._name(results, new["source"])

    def _name(self, results: Results, sources: Whole) -> None:
        """Keep what entries are about, as conversions may be none any more."""
        wanted = np.flatnonzero(np.isin(results.goals.id, sources))
        columns = self._conversions.columns(results.numbers[wanted])
        texts = zip(columns["goal"].to_pylist(), columns["conversion_id"].to_pylist(), strict=True)
        self._sources |= dict(zip(results.goals.id[wanted].tolist(), texts, strict=True))

    def _owing(self, results: Results, end_ms: int) -> Owing:
        rewards, person = self._rewards, self._everybody.person
        ids = self._numbers_of_orders([order for _, order, *_ in rewards.changes])
        changes = [
            Reassignment(int(person[who]), goal, new, ms, place)
            for (who, _, new, ms, place), goal in zip(rewards.changes, ids, strict=True)
        ]
        plans = [plan for plan in rewards.plans if plan.announced_ms < end_ms]
        reviews = [review for review, _ in rewards.reviews if review.ts_ms < end_ms]
        cases = [case for case in self._cases if case.opened_ms < end_ms]
        known = frozen(self._entries, [change for change in changes if change.ts_ms < end_ms])
        numbers = self._numbers_of_plans()
        order = np.argsort(numbers)
        known["plan"] = order[np.searchsorted(numbers[order], known["plan"])] if len(known) else known["plan"]
        return owing(results.goals, plans, cases, reviews, changes, end_ms, known)

    def _numbers_of_plans(self) -> Codes:
        """Numbers of plans in entries, by their numbers now."""
        found: Codes = self._plans.codes(pa.chunked_array([pa.array(self._rewards.plan_ids, pa.string())]))
        return found

    @staticmethod
    def _numbers_of_orders(orders: list[str]) -> list[int]:
        """Numbers of orders as results; −1 for ''."""
        numbers = numbers_of(pa.array([PURCHASE] * len(orders), pa.string()), pa.array(orders, pa.string())).tolist()
        return [number if order else -1 for number, order in zip(numbers, orders, strict=True)]

    def _results(self) -> Results:
        """The conversions of whoever was brought by somebody, whenever they happened; none is worth anything yet."""
        e, conversions, brought = self._everybody, self._conversions, self._referrers.brought
        changed = [int(e.person[who]) for who, *_ in self._rewards.changes]
        changed += e.person[conversions.rows["who"][self._released()]].tolist()
        people = np.union1d(np.flatnonzero(brought.referrer >= 0), np.array(changed, np.int64)).astype(np.int32)
        numbers = conversions.counted(people, conversions.by_person())
        rows, kinds = conversions.rows[numbers], conversions.goal_of[numbers].astype(np.int32)
        person, columns = e.person[rows["who"]], conversions.columns(numbers)
        ids = numbers_of(columns["goal"], columns["conversion_id"])
        bought = kinds == (conversions.goals.index(PURCHASE) if PURCHASE in conversions.goals else -1)
        products = np.full(len(rows), -1, np.int32)
        products[bought] = self._orders.rows["product"][conversions.id_of[numbers[bought]]]
        goals = Goals(
            ids, person, brought.referrer[person], brought.since_ms[person], kinds, products, rows["currency"].copy(),
            rows["ms"].copy(), np.zeros(len(rows), np.int64), brought.plan[person],
            first(person, rows["ms"], bought, ids), np.full(len(rows), NEVER),
        )  # fmt: skip
        return Results(numbers, rows["day"].copy(), bought, goals)

    def _released(self) -> Codes:
        """The conversions that releases are about: they stay, whoever is said to have brought the person by now."""
        sources = np.unique(self._entries["source"][self._entries["plan"] >= 0]).tolist()
        texts = [self._sources[source] for source in sources if self._sources[source][0] in self._conversions.goals]
        goals, ids = (pa.array([text[part] for text in texts], pa.string()) for part in (0, 1))
        numbers: Codes = self._conversions.numbers(pa.table({"goal": goals, "conversion_id": ids}))
        found: Codes = numbers[self._conversions.rows["there"][numbers] == 1]
        return found

    # --- rows

    def _offer(self, results: Results, found: Owing, now: Now) -> None:
        known, entries = posted(self._entries), self._entries
        texts = self._everybody.names, self._orders.currencies
        commissions = commission_rows(found, known, now.ms, texts, pa.array([*self._rewards.plan_ids, ""]))
        keys = self._conversions.columns(results.numbers[found.earns > 0])
        self._commissions.offer_all(pa.table(keys | commissions))
        self._ledger.offer_all(entry_rows(entries, self._sources, (*texts, self._plans)))
        self._balances.offer_all(balance_rows(entries, differences(found.rows, known, 0), texts))
        self._payouts.offer_all(payout_rows(self._states, self._seen, self._sources, texts))
        day = pa.array([self._posted], pa.int32()).cast(pa.date32())
        self._days.offer_all(pa.table({"ledger": pa.array(["all"]), "day": day}))
