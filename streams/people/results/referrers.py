"""Rows of `people_referred` and `people_referrers`: who brought each person, and the trees that follow."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.results.lineage import KINDS, Binding, Claims, Trees, bind, sums_below, trees
from analytics.results.paths import CLICK, JOIN, first_of_each
from schemas.agents import TABLES
from streams.landing.arrow import categories
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.names import Codes
from streams.people.memory.now import Now
from streams.people.persons.orders import NameKeys, Orders
from streams.people.results.currency_keys import CurrencyKeys
from streams.people.results.rewards import Rewards
from streams.people.results.touches import Touches
from streams.state.arrays import grown

Rows = NDArray[Any]
#: A sign-up or a trial that says who brought somebody; clicks and joins that do are touches.
CLAIM = np.dtype([("ms", "i8"), ("event", "u4"), ("who", "i4"), ("other", "i4"), ("kind", "i1")])
_CODE, _SHARE, _INVITER = (KINDS.index(name) for name in ("code", "share", "inviter"))
_NONE = np.empty(0, np.int64)
#: In rows, a mean of nothing: NaN equals nothing, not even itself.
_NOT_KNOWN = -1
#: So many claims can be bound in a tenth of a second.
_CLAIMS_PER_READING = 100_000
_TREE = ("direct", "size", "depth", "generation", "virality", "k", "cycle_ms")


class Brought(NamedTuple):
    """Of every person who is said to have brought them, as the record names them, since when, and the plan of the code
    that was used; −1: nobody, and none; shape (persons,)."""

    referrer: Codes
    since_ms: NDArray[np.int64]
    plan: Codes


class Bound(NamedTuple):
    """Claims, whose they are and whom they name, what became of them, the trees, and everybody's referrers since
    when."""

    claims: Claims
    who: Codes
    named: Codes
    binding: Binding
    trees: Trees
    referrer: Codes
    since_ms: NDArray[np.int64]


class _Seen(NamedTuple):
    """How many claims, touches, and persons of whom anything is known there were."""

    claims: int
    touches: int
    known: int


class Referrers:
    """Everybody's referrer. All are bound anew when a claim is new, or one is about another person now.

    The more claims there are, the more readings wait for that, unless a reading brings nothing new.
    """

    reads = ("claimed",)

    def __init__(self, everybody: Everybody, touches: Touches, orders: Orders, rewards: Rewards) -> None:
        self._everybody, self._touches, self._orders, self._rewards = everybody, touches, orders, rewards
        self._rows, self._count = np.empty(1024, CLAIM), 0
        self._keys = CurrencyKeys("person_id", everybody.names, orders.currencies)
        self._referred = Landed(TABLES["people_referred"], NameKeys("person_id", everybody.names))
        self._referrers = Landed(TABLES["people_referrers"], self._keys)
        self.landed = (self._referred, self._referrers)
        self._seen, self._rebind, self._waiting, self._claimed = _Seen(0, 0, 0), True, 0, 0
        #: What everybody is bound by; None: nothing was worked out yet. Somebody new may not be among them yet.
        self.bound: Bound | None = None
        #: How often everybody was bound.
        self.version = 0

    @property
    def brought(self) -> Brought:
        """By whom everybody was brought."""
        persons = len(self._everybody.person)
        found = Brought(np.full(persons, -1, np.int32), np.zeros(persons, np.int64), np.full(persons, -1, np.int32))
        if (worked := self.bound) is None:
            return found
        bound = np.flatnonzero(worked.referrer >= 0)
        found.referrer[bound] = worked.named[worked.binding.claim[bound]]
        found.since_ms[bound] = worked.since_ms[bound]
        coded = self._rows[: self._count]
        coded = coded[coded["kind"] == _CODE]
        for row in coded[np.argsort(coded["ms"], kind="stable")[::-1]]:  # the first one used stays
            found.plan[self._everybody.person[row["who"]]] = self._rewards.owners.get(int(row["other"]), (-1, -1))[1]
        return found

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take sign-ups and trials that name a referrer into memory."""
        table, names = changed["claimed"], self._everybody.names
        used, most = self._count, self._count + table.num_rows
        if most > len(self._rows):
            self._rows = grown(self._rows, used, most)
        new = self._rows[used:most]
        new["ms"], new["event"] = np.asarray(table["ts_ms"]), np.asarray(table["event"])
        new["who"], new["kind"] = names.codes(table["user_id"]), np.asarray(pc.index_in(table["kind"], pa.array(KINDS)))
        by_code = new["kind"] == _CODE
        new["other"][by_code] = self._rewards.codes.codes(table["referrer"].filter(pa.array(by_code)))
        new["other"][~by_code] = names.codes(table["referrer"].filter(pa.array(~by_code)))
        self._count = most

    @property
    def due(self) -> bool:
        """Whether something has come that waits to be worked out."""
        return self._waiting > 0

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Bind everybody, if that may come to something else, and offer who is bound, and the trees."""
        new = self._changed()
        self._rebind |= new
        if new or len(self._orders.taken):
            self._waiting += 1
            if not complete and self._waiting <= self._claimed // _CLAIMS_PER_READING:
                return
        elif not (self._waiting or complete):
            return
        self._waiting = 0
        if self._rebind or complete or self.bound is None:
            self._rebind = False
            self.bound = self._work_out()
            self.version += 1
            self._offer_referred(self.bound)
        self._offer_referrers(self.bound)

    def _changed(self) -> bool:
        """Whether a claim has come since this was last asked, or one may be about somebody else, or count now."""
        e, touches = self._everybody, self._touches
        new = touches.rows[self._seen.touches :]
        claims = (new["kind"] == JOIN) | ((new["kind"] == CLICK) & (new["other"] >= 0))
        before, self._seen = self._seen, _Seen(self._count, len(touches.rows), int(np.count_nonzero(self._known())))
        moved = len(e.regrouped) > 0 or touches.staff_changed or self._rewards.changed
        return moved or bool(claims.any()) or (before.claims, before.known) != (self._seen.claims, self._seen.known)

    # --- claims

    def _known(self) -> NDArray[np.bool_]:
        """Who has done anything, in a group or in the product; shape (persons,)."""
        e = self._everybody.arrays()
        found: NDArray[np.bool_] = (np.diff(e.members_of.firsts) > 0) | (np.diff(e.users_of.firsts) > 0)
        return found

    def _claims(self) -> tuple[Claims, Codes, Codes]:
        """What sign-ups, trials, codes, clicks on what was shared, and joins say, whose each is, and whom it names."""
        e, touches, mine = self._everybody, self._touches.rows, self._rows[: self._count].copy()
        owners = self._rewards.owners
        by_code = np.flatnonzero(mine["kind"] == _CODE)
        mine["other"][by_code] = [owners.get(code, (-1, -1))[0] for code in mine["other"][by_code].tolist()]
        shared = touches[(touches["kind"] == CLICK) & (touches["other"] >= 0)]
        joined = first_of_each(touches[touches["kind"] == JOIN], e.person)
        joined = joined[joined["other"] >= 0]
        parts = (mine, shared, joined)
        kinds = mine["kind"], np.full(len(shared), _SHARE), np.full(len(joined), _INVITER)

        def column(name: str) -> Any:
            return np.concatenate([part[name] for part in parts])

        who: Codes = column("who")
        named: Codes = column("other")
        referrer = e.person[np.maximum(named, 0)]
        known = self._known()[referrer] & (named >= 0)
        claims = Claims(
            e.person[who], np.where(known, referrer, -1).astype(np.int32), column("ms"),
            np.concatenate(kinds).astype(np.int8), column("event").astype(np.int64),
        )  # fmt: skip
        return claims, who, named

    def _work_out(self) -> Bound:
        claims, who, named = self._claims()
        self._claimed = len(named)
        binding = bind(claims, self._touches.staff)
        referrer, since_ms = binding.referrers(claims)
        return Bound(claims, who, named, binding, trees(referrer, since_ms), referrer, since_ms)

    # --- rows

    def _offer_referred(self, worked: Bound) -> None:
        e, bound = self._everybody, np.flatnonzero(worked.referrer >= 0).astype(np.int32)
        kinds = worked.claims.kind[worked.binding.claim[bound]].astype(np.int32)
        values = pa.table({
            "referrer_id": e.names.strings(worked.referrer[bound]), "kind": categories(kinds, pa.array(KINDS)),
            "since_ms": pa.array(worked.since_ms[bound]), "root_id": e.names.strings(worked.trees.root[bound]),
            "generation": pa.array(worked.trees.generation[bound].astype(np.uint32)),
        })  # fmt: skip
        self._referred.offer(values, bound, complete=True)

    def _offer_referrers(self, worked: Bound) -> None:
        """One row per referrer and currency of those they brought; of who brought nobody that pays, one without any."""
        people = np.flatnonzero(worked.trees.direct > 0).astype(np.int32)
        parts = [self._of_currency(worked, people, currency) for currency in range(len(self._orders.currencies))]
        columns_of = zip(*parts, strict=True) if parts else [(_NONE,)] * 6
        paid, currency, *sums = (np.concatenate(some) for some in columns_of)
        rest = np.setdiff1d(people, paid)
        who: Codes = np.concatenate([paid, rest]).astype(np.int32)
        currencies: Codes = np.concatenate([currency, np.full(len(rest), -1)]).astype(np.int32)
        numbers = self._keys.find(who, currencies)
        columns = {name: pa.array(np.nan_to_num(getattr(worked.trees, name)[who], nan=_NOT_KNOWN)) for name in _TREE}
        none = np.zeros(len(rest), np.int64)
        for name, values in zip(("direct_orders", "direct_minor", "orders", "net_minor"), sums, strict=True):
            columns[name] = pa.array(np.concatenate([values, none]))
        self._referrers.offer(pa.table(columns), numbers, complete=True)

    def _of_currency(self, worked: Bound, people: Codes, currency: int) -> tuple[NDArray[Any], ...]:
        """Referrers with orders in a currency below them; and their orders and net revenue, direct and all."""
        own = self._own(currency)
        bound = worked.referrer >= 0
        sums = []
        for values in own:
            direct = np.zeros(len(values), np.int64)
            np.add.at(direct, worked.referrer[bound], values[bound])
            sums += [direct, sums_below(worked.referrer, values)]
        some = people[sums[1][people] > 0]
        columns = (sums[0], sums[2], sums[1], sums[3])
        return some, np.full(len(some), currency), *(column[some] for column in columns)

    def _own(self, currency: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Everybody's orders in a currency, and what these are worth."""
        firsts, worths = self._orders.worths()
        person = np.repeat(np.arange(len(firsts) - 1), np.diff(firsts))
        mine = worths["currency"] == currency
        found = np.zeros((2, len(self._everybody.person)), np.int64)
        for row, name in zip(found, ("orders", "net"), strict=True):
            row[person[mine]] = worths[name][mine]
        return found[0], found[1]
