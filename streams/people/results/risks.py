"""Rows of `people_risks`: which referrers may have forged whom they brought, by what happened before this hour."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.lists import rows_of
from analytics.people.states import NEVER_MS
from analytics.results.holds import Case, closing
from analytics.results.risk import RULES, SEEN_MS, Orders, People, Told, forbidden, risks
from analytics.results.risk import Risks as Found
from analytics.results.sharing import Uses, chosen
from schemas.agents import TABLES
from streams.landing.arrow import categories
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.longer import longer
from streams.people.memory.names import pair_rows
from streams.people.memory.now import HOUR_MS, Now
from streams.people.persons.orders import Orders as AllOrders
from streams.people.results.referrers import Referrers
from streams.people.results.rewards import Rewards

_PRINT, _USE = np.dtype([("kind", "i1")]), np.dtype([("ms", "i8")])


class Risks:
    """All cases. Worked out anew only when an hour begins, or something from before the present one has changed."""

    reads = ("prints",)

    def __init__(self, everybody: Everybody, orders: AllOrders, referrers: Referrers, rewards: Rewards) -> None:
        self._everybody, self._orders, self._referrers, self._rewards = everybody, orders, referrers, rewards
        self._prints, self._uses = pair_rows(_PRINT), pair_rows(_USE, ms=NEVER_MS)
        self._landed = Landed(TABLES["people_risks"])
        self.landed = (self._landed,)
        self._seen_ms = np.empty(0, np.int64)
        self._earliest_ms, self._end_ms, self._bound = NEVER_MS, 0, -1
        self._parts: dict[str, tuple[NDArray[Any], ...]] = {}
        self._found: Found | None = None
        #: How often cases were found again.
        self.version = 0

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take what buyers used into memory."""
        table = changed["prints"]
        self._earliest_ms = NEVER_MS
        if table.num_rows:
            numbers = np.asarray(table["print"]).astype(np.uint64)
            rows = self._prints.find((numbers >> 32).astype(np.uint32).view("i4"), numbers.astype(np.uint32).view("i4"))
            self._prints.rows["kind"][rows] = np.asarray(table["kind"])
            uses, ms = self._uses.find(rows, self._everybody.names.codes(table["user_id"])), np.asarray(table["ts_ms"])
            np.minimum.at(self._uses.rows["ms"], uses, ms)
            self._earliest_ms = int(ms.min())

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Find all cases again if there may be others, and offer them with what was decided about each."""
        self._see(touched)
        if self._changed(now.hour * HOUR_MS, complete):
            self.version += 1
            self._found = risks(
                self._people(), Orders(*self._parts["orders"]), Uses(*self._parts["uses"]),
                Told(*self._parts["hard"]), self._end_ms,
            )  # fmt: skip
        elif not (complete or self._rewards.changed or len(self._everybody.regrouped)):
            return
        self._offer_rows()

    @property
    def cases(self) -> list[Case]:
        """Every case, once for each account and user of the referrer."""
        if self._found is None:
            return []
        person = self._everybody.person
        names = np.flatnonzero(np.isin(person, self._found.referrer))
        of = {int(who): names[person[names] == who].tolist() for who in np.unique(self._found.referrer)}
        columns = self._found.rule.tolist(), self._found.referrer.tolist(), self._found.opened_ms.tolist()
        return [Case(rule, name, ms) for rule, who, ms in zip(*columns, strict=True) for name in of[who]]

    # --- what is judged

    def _see(self, touched: Touched) -> None:
        """Take the newest acts of these persons."""
        e, persons = self._everybody.arrays(), touched.persons
        self._seen_ms = longer(self._seen_ms, len(e.person))
        self._seen_ms[persons] = 0
        for of, rows in ((e.members_of, e.members), (e.users_of, e.users)):
            who = np.repeat(persons, np.diff(of.firsts)[persons])
            np.maximum.at(self._seen_ms, who, rows["last_ms"][rows_of(of, persons)])

    def _changed(self, end_ms: int, complete: bool) -> bool:
        """Take what happened before a moment; returns whether it is other than before."""
        again = complete or end_ms != self._end_ms or len(self._everybody.regrouped) > 0
        before, self._end_ms = self._parts, end_ms
        parts = dict(before)
        if again or self._referrers.version != self._bound:
            parts["bound"], parts["hard"] = self._bindings(end_ms)
            self._bound = self._referrers.version
        if again or self._orders.taken.size:
            parts["orders"] = self._orders_before(end_ms)
        if again or self._earliest_ms < end_ms:
            parts["uses"] = self._uses_before(end_ms)
        brought, _, since_ms = parts["bound"]
        parts["again"] = (self._seen_ms[brought] >= since_ms + SEEN_MS,)
        self._parts = parts
        pairs = (pair for name in parts for pair in zip(before.get(name, ()), parts[name], strict=False))
        return again or not all(np.array_equal(*pair) for pair in pairs)

    def _people(self) -> People:
        (brought, referrer, since_ms), (again,) = self._parts["bound"], self._parts["again"]
        count = len(self._everybody.person)
        found = People(np.full(count, -1, np.int32), np.zeros(count, np.int64), np.zeros(count, np.bool_))
        found.referrer[brought], found.since_ms[brought], found.again[brought] = referrer, since_ms, again
        return found

    def _bindings(self, end_ms: int) -> tuple[tuple[NDArray[Any], ...], Told]:
        """Who was brought, by whom and since when; and claims that nobody may make."""
        bound, e = self._referrers.bound, self._everybody
        assert bound is not None, "everybody is bound by now"
        brought = np.flatnonzero((bound.referrer >= 0) & (bound.since_ms < end_ms))
        linked_ms = np.zeros(len(e.names), np.int64)
        linked_ms[e.links.accounts] = np.where(e.links.rows["owner"] >= 0, e.links.rows["since_ms"], 0)
        linked = np.maximum(linked_ms[bound.who], linked_ms[np.maximum(bound.named, 0)])
        hard = forbidden(bound.claims, bound.binding, linked, bound.who == bound.named)
        return (brought, bound.referrer[brought], bound.since_ms[brought]), chosen(hard, hard.ms < end_ms)

    def _orders_before(self, end_ms: int) -> Orders:
        rows = self._orders.rows
        mine = (rows["counted"] == 1) & (rows["ms"] < end_ms)
        person = self._everybody.person[rows["user"][mine]]
        return Orders(person, rows["ms"][mine], self._orders.refunded_ms(end_ms)[mine])

    def _uses_before(self, end_ms: int) -> Uses:
        pairs, ms = self._uses.pairs, self._uses.rows["ms"]
        mine = ms < end_ms
        prints, users = pairs.ones[mine], pairs.others[mine]
        person = self._everybody.person[users]
        return Uses(person, self._prints.rows["kind"][prints], prints.astype(np.int64), ms[mine])

    # --- rows

    def _offer_rows(self) -> None:
        found, e = self._found, self._everybody
        assert found is not None
        of = self._rewards.reviews_of_persons()
        cases = [Case(*one) for one in zip(found.rule.tolist(), found.referrer.tolist(), found.opened_ms.tolist(),
                                           strict=True)]  # fmt: skip
        trusted = np.array([
            any(review.decision == "trust" and review.ts_ms <= case.opened_ms for review in of[case.referrer])
            for case in cases
        ], np.bool_)  # fmt: skip
        closed = [closing(case, list(of[case.referrer])) for case in cases]
        why = [of[review.referrer][review] if review else ("", "") for review in closed]
        rules = categories(found.rule.astype(np.int32), pa.array(RULES))
        rows = pa.table({
            "person_id": e.names.strings(found.referrer), "rule": rules,
            "score": pa.array(found.score), "risk": pa.array(found.risk), "counted": pa.array(found.counted),
            "of": pa.array(found.of), "opened_ms": pa.array(found.opened_ms),
            "closed_ms": pa.array([review.ts_ms if review else 0 for review in closed], pa.int64()),
            "decision": pa.array([review.decision if review else "" for review in closed], pa.string()),
            "actor_id": pa.array([actor for actor, _ in why], pa.string()),
            "reason": pa.array([reason for _, reason in why], pa.string()),
        }).filter(pa.array(~trusted))  # fmt: skip
        self._landed.offer_all(rows)
