"""Rows of `people_contacts`: whom operators have reached, who has brought others, and whom to contact next."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people import contacts as rule
from analytics.people.contacts import CONTACTED, RANKED, TOLD, Facts, newest_told
from analytics.people.lists import lists, rows_of
from analytics.people.states import NO_DAY, STATES
from schemas.agents import TABLES
from streams.landing.arrow import categories, plain
from streams.people.memory.distinct import distinct, without
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes, Names, PairRows, blank
from streams.people.memory.now import Now
from streams.people.persons.members import Judged, Members, Memberships
from streams.people.persons.orders import Orders
from streams.people.persons.referrals import Referrals

_WORDS = ("purpose", "depth", "outcome", "owner")
_SEPARATOR = "\x1f"
_NOBODY = np.empty(0, np.int32)
_LAST_INSIDE = STATES.index("zombie")


class _Told:
    """All contacts, by user and group."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self._rows, self._events, self._words = PairRows(blank(TOLD, refused_day=NO_DAY)), Names(), Names()
        self._words.codes(pa.chunked_array([[_SEPARATOR * (len(_WORDS) - 1)]]))  # 0: there is no contact

    def take(self, table: pa.Table) -> None:
        """Take all contacts with some users into memory."""
        everybody = self._everybody
        users = everybody.names.codes(table["user_id"])
        groups = np.where(
            np.asarray(pc.equal(table["group_id"], "")), 0, everybody.group_names.few_codes(table["group_id"]) + 1
        ).astype(np.int32)
        refused = np.asarray(pc.equal(table["outcome"], "refused"))
        last, told = newest_told(Facts(users, groups, np.asarray(table["ts_ms"]), np.asarray(table["day"]), refused))
        words = pc.binary_join_element_wise(*(table[name] for name in _WORDS), _SEPARATOR)
        told["event"] = self._events.codes(table["event_id"].take(pa.array(last)))
        told["words"] = self._words.few_codes(words.take(pa.array(last)))
        rows = self._rows.find(users[last], groups[last])
        self._rows.rows[rows] = told
        everybody.touch(users[last], _NOBODY)
        self._forget()

    def _forget(self) -> None:
        """Let go of the ids of contacts that are not the newest any more."""
        if len(self._events) > 1024 + 2 * len(self._rows):
            rows, events = self._rows.rows, self._events
            self._events = Names()
            rows["event"] = self._events.codes(pa.chunked_array([events.strings(rows["event"])]))

    def arrays(self) -> rule.Contacts:
        """Everything, for kernels."""
        person, pairs = self._everybody.person, self._rows.pairs
        of = lists(person[pairs.ones], len(person))
        return rule.Contacts(self._rows.rows, pairs.others, of, rule.Names(*self._events.arrays))

    def words(self, rows: Codes) -> dict[str, pa.Array]:
        """What the contacts in these rows say, and when that was; -1: none."""
        there = rows >= 0
        told = self._rows.rows[rows[there]]
        ms, codes = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int32)
        ms[there], codes[there] = told["ts_ms"], told["words"]
        used, places = np.unique(codes, return_inverse=True)
        parts = [text.split(_SEPARATOR, len(_WORDS) - 1) for text in self._words.strings(used).to_pylist()]
        columns = {
            name: pa.array([part[i] for part in parts], pa.string()).dictionary_encode().take(pa.array(places))
            for i, name in enumerate(_WORDS)
        }
        return {"last_ms": pa.array(ms)} | columns


class Contacts:
    """Every member who is in the group, with the newest contact and how soon to make the next."""

    reads = ("contacts",)

    def __init__(self, everybody: Everybody, orders: Orders, members: Members, referrals: Referrals) -> None:
        self._everybody, self._orders, self._members, self._referrals = everybody, orders, members, referrals
        self._landed = Landed(TABLES["people_contacts"], Memberships(everybody))
        self.landed = (self._landed,)
        self._told = _Told(everybody)
        # of every membership: how urgent the next contact is, and the rank by that
        self._priority, self._next = np.empty(0, np.int64), np.empty(0, np.uint16)

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take contacts into memory."""
        if changed["contacts"].num_rows:
            self._told.take(changed["contacts"])

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Offer the memberships of these persons, and those of others whose rank moves with them."""
        everybody, judged = self._everybody, self._members.judged
        judged = judged.only(_inside(everybody.members["state"][judged.rows]))
        looked = rows_of(everybody.members_of, touched.persons)
        gone = looked[~_inside(everybody.members["state"][looked])]
        found = self._found(judged, now)
        moved = without(self._rank(judged.rows, found["priority"], gone), judged.rows)
        if len(moved):
            more = self._members.judge(moved, now)
            found = np.concatenate([found, self._found(more, now)])
            judged = judged.and_more(more)
        self._landed.offer(self._values(judged, found), judged.rows, gone, complete)

    def _found(self, judged: Judged, now: Now) -> NDArray[Any]:
        arrays, found = self._everybody.arrays(), np.zeros(len(judged.rows), CONTACTED)
        rule.contacted_members(arrays, self._told.arrays(), *judged, self._orders.paid(), now.day, found)
        return found

    def _rank(self, rows: Codes, priority: NDArray[np.int64], gone: Codes) -> Codes:
        """Rank the groups in which anybody's priority has changed; returns the memberships whose rank has."""
        everybody = self._everybody
        count, (groups, accounts) = len(everybody.members), everybody.places
        self._priority, self._next = longer(self._priority, count), longer(self._next, count)
        changed = self._priority[rows] != priority, self._priority[gone] != 0
        self._priority[rows], self._priority[gone] = priority, 0
        again = distinct(groups[rows[changed[0]]], groups[gone[changed[1]]])
        looked = rows_of(everybody.members_in, again)
        was = self._next[looked]
        names, heap = rule.Names(*everybody.names.arrays), np.empty(RANKED, np.int32)
        rule.rank_next(everybody.members_in, again, self._priority, accounts, names, heap, self._next)
        moved: Codes = looked[was != self._next[looked]]
        return moved

    def _values(self, judged: Judged, found: NDArray[Any]) -> pa.Table:
        everybody, rows = self._everybody, judged.rows
        members, (groups, accounts), invited = everybody.members, everybody.places, np.zeros(len(self._next), np.int32)
        rule.count_invited(members, accounts, everybody.members_in, everybody.pairs, distinct(groups[rows]), invited)
        persons = everybody.person[accounts[rows]]
        return pa.table({
            "person_id": everybody.names.strings(persons),
            "state": categories(members["state"][rows].astype(np.int8), STATES),
            "score": pa.array(judged.score),
            "next": pa.array(self._next[rows]),
            "referred": pa.array(self._referrals.ever[persons]),
            "invited": pa.array(invited[rows]),
            "payer": pa.array(self._orders.paid()[persons].astype(np.uint8)),
        } | plain(found, ("contacts", "after_join", "returned_14d")) | self._told.words(found["newest"]))  # fmt: skip


def _inside(state: NDArray[Any]) -> NDArray[np.bool_]:
    """Who is in the group, and no operator, alias or bot."""
    found: NDArray[np.bool_] = (state > 0) & (state <= _LAST_INSIDE)
    return found
