"""Rows of calls: who was exposed to each, who answered, who talked; and how many would come if called now."""

# mypy: disable-error-code="no-untyped-call"

from collections.abc import Generator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people import calls as rules
from analytics.people.states import Pairs
from sinks.clickhouse.readers.calls import New, Request
from sinks.clickhouse.readers.marks import Marks
from streams.people.calls.book import CallBook
from streams.people.calls.exposures import Exposures
from streams.people.calls.hopes import Hopes
from streams.people.calls.material import Material
from streams.people.calls.recent import NEVER
from streams.people.calls.rows import CallRows
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.landed import Landed
from streams.people.memory.names import Codes
from streams.people.memory.now import Now
from streams.people.memory.steps import Steps, Stepwise

_Mask = NDArray[np.bool_]
#: Exposures that are worked out together, about.
_TOGETHER = 4_000_000
_LEAST = 200
#: Groups by which what is new is no longer chosen.
_MANY = 1000


class Calls(Stepwise):
    """All calls. After `offer`, `wanted` is to be read and given to `answer`, until nothing is wanted any more.

    Only calls that something has changed for are worked out: new events in their windows, what is told of them or of
    their group's members late, accounts that belong to others now, a window that closes.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, everybody: Everybody) -> None:
        self._everybody, self.book = everybody, CallBook(everybody)
        self._exposures, self._material = Exposures(everybody, self.book), Material(everybody, self.book)
        self._rows, self._hopes = CallRows(everybody, self.book), Hopes(everybody, self.book, self._exposures)
        self.landed: tuple[Landed, ...] = (*self._rows.landed, *self._hopes.landed)
        self._posted, self._person = np.empty(0, np.int64), np.empty(0, np.int32)
        self._since, self._closing = Marks(), int(NEVER)

    @property
    def answers(self) -> tuple[Pairs, NDArray[np.int64], NDArray[Any]]:
        """Calls and memberships, by number, of all who ever answered; when first, 0: not any more; and the calls."""
        answered = self._rows.answers
        return answered.pairs, answered.rows["first_ms"], self.book.calls

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Everything is read by keys."""

    def since(self, marks: Marks) -> None:
        """Take the marks beyond which the next reading is new."""
        self._since = marks

    def due(self, now_ms: int) -> bool:
        """Whether a window closes by time alone, or something is still to be read."""
        return self.wanted is not None or now_ms >= self._closing

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Begin to work out the calls of whom it is about."""
        self.begin(self._work(touched, now.ms, complete))

    # --- what is to be worked out

    def _work(self, touched: Touched, now_ms: int, complete: bool) -> Steps:
        since = self._since
        groups = None if complete else self._with_posts()
        new: New = yield lambda reader: reader.new(since, complete, groups)
        writes, acts = self._material.add(new)
        told = yield from self._told(new, complete)
        calls = self.book.calls
        hit, changed = np.full(len(calls), complete), np.zeros(len(calls), np.bool_)
        changed[told] = True
        self._moved_in(new, touched, changed)
        self._exposures.forget(np.flatnonzero(changed).astype(np.int32))
        is_open = (calls["end_ms"] > now_ms) & (calls["there"] == 1)
        hit |= changed | (calls["open"] != is_open)
        calls["open"] = is_open
        self._closing = int(calls["end_ms"][is_open].min(initial=NEVER))
        if not complete:
            arrays, members = self.book.arrays(), self._members()
            rules.near(arrays, members.groups, writes, hit)
            rules.concerned(arrays, members, acts, np.ones_like(hit), hit, np.zeros(len(acts), np.bool_))
            yield from self._relinked(hit)
            hit[(yield from self._fitted(np.flatnonzero(changed & (calls["there"] == 1))))] = True
        self._person = self._everybody.person.copy()
        keep = self._keep(is_open, now_ms)
        hit |= keep & ~self._exposures.known(len(calls))
        for some in self._together(np.flatnonzero(hit & (calls["there"] == 1))):
            yield from self._work_out(some, keep)
        self._exposures.keep(keep)
        self._material.drop()
        self._rows.leave(np.flatnonzero(hit & (calls["there"] == 0)).astype(np.int32))
        self._hopes.offer(touched, self.book.groups(hit), now_ms)

    def _with_posts(self) -> list[str] | None:
        """The groups in which somebody has posted what is a call, or may be one; None: these are many."""
        posted = np.flatnonzero(self._posted).astype(np.int32)
        return None if len(posted) > _MANY else self._everybody.group_names.strings(posted).to_pylist()

    def _told(self, new: New, complete: bool) -> Generator[Request, Any, Codes]:
        """Take calls as they are told now; returns those that are not as they were, and others that the acts about
        these fitted."""
        everybody, known = self._everybody, self._settled
        groups = everybody.group_names.few_codes(new.groups["group_id"])
        missing = len(everybody.group_names) - len(self._posted)
        self._posted = np.append(self._posted, np.zeros(missing, np.int64))
        # whoever is an operator may have become so late, and what they posted calls
        stale = (np.asarray(new.groups["called"]) == 1) | (np.asarray(new.groups["told_ms"]) < self._posted[groups])
        groups = np.arange(known, dtype=np.int32) if complete else groups[stale & (groups < known)]
        if not len(groups):
            return np.empty(0, np.int32)
        names = None if complete else everybody.group_names.strings(groups).to_pylist()
        table = yield lambda reader: reader.calls(names)
        of = everybody.group_names.few_codes(table["group_id"])
        table, of = table.filter(pa.array(of < known)), of[of < known]
        np.maximum.at(self._posted, of, np.asarray(table["ts_ms"]))
        numbers, rows, links = self.book.told(table, groups)
        before = yield from self._fitted(numbers[self.book.calls["there"][numbers] == 1])
        self.book.change(numbers, rows, links)
        return np.union1d(numbers, before).astype(np.int32)

    @property
    def _settled(self) -> int:
        """How many groups there were when everybody was settled; who is in others will be read again."""
        return len(self._everybody.members_in.firsts) - 1

    def _moved_in(self, new: New, touched: Touched, changed: _Mask) -> None:
        """Mark the calls to which others may be exposed now: those after the earliest of what is new in their group."""
        from_ms = np.full(len(self._everybody.group_names), NEVER)
        groups = self._everybody.group_names.few_codes(new.groups["group_id"])
        np.minimum.at(from_ms, groups, np.asarray(new.groups["told_ms"]))
        self._exposures.moved(touched, from_ms)
        calls = self.book.calls
        changed |= (calls["called_ms"] > from_ms[calls["group"]]) & (calls["there"] == 1)

    def _relinked(self, hit: _Mask) -> Steps:
        """Mark the calls that acts of users fit whose accounts belong to others now."""
        before, person = self._person, self._everybody.person
        moved = np.flatnonzero(person[: len(before)] != before)
        if not len(moved):
            return
        persons = np.zeros(len(person), np.bool_)
        persons[before[moved]] = persons[person[moved]] = True
        concerned = persons[person]
        concerned[: len(before)] |= persons[before]
        users = self._everybody.names.strings(np.flatnonzero(concerned).astype(np.int32)).to_pylist()
        table = yield lambda reader: reader.references(users)
        groups, accounts = (codes[: len(self._everybody.members_in.rows)] for codes in self._everybody.places)
        self.book.mark_fitting(table, np.unique(groups[concerned[accounts]]), hit)

    def _keep(self, is_open: _Mask, now_ms: int) -> _Mask:
        """Calls whose members are to stay in memory: open ones, and the newest of each group."""
        keep = is_open.copy()
        recent = self._hopes.recent(np.arange(self._settled, dtype=np.int32), now_ms)
        keep[recent[recent >= 0]] = True
        return keep

    # --- working it out

    def _members(self) -> rules.Members:
        everybody = self._everybody
        return rules.Members(everybody.places[0], everybody.person, everybody.members_of)

    def _fitted(self, numbers: NDArray[Any]) -> Generator[Request, Any, Codes]:
        """All calls that the acts fit which fit one of these."""
        found = np.zeros(len(self.book.calls), np.bool_)
        for some in self._together(numbers):
            _, acts = yield from self._material.of(some)
            wanted = np.zeros(len(found), np.bool_)
            wanted[some] = True
            rules.concerned(self.book.arrays(), self._members(), acts, wanted, found, np.zeros(len(acts), np.bool_))
        return np.flatnonzero(found).astype(np.int32)

    def _together(self, numbers: NDArray[Any]) -> list[Codes]:
        """Calls by time, in portions of not too many members."""
        calls = self.book.calls
        numbers = numbers[np.argsort(calls["called_ms"][numbers], kind="stable")].astype(np.int32)
        sizes = np.diff(self._everybody.members_in.firsts)[calls["group"][numbers]]
        portions = np.cumsum(np.maximum(sizes, _LEAST)) // _TOGETHER
        return np.split(numbers, np.flatnonzero(np.diff(portions)) + 1) if len(numbers) else []

    def _work_out(self, numbers: Codes, keep: _Mask) -> Steps:
        """Work out calls, and offer their rows."""
        writes, acts = yield from self._material.of(numbers)
        arrays, members, count = self.book.arrays(), self._members(), len(self.book.calls)
        wanted, chosen = np.zeros(count, np.bool_), np.zeros(len(acts), np.bool_)
        wanted[numbers] = True
        found = wanted.copy()
        rules.concerned(arrays, members, acts, wanted, found, chosen)
        some = np.flatnonzero(found).astype(np.int32)
        yield from self._exposures.expose(some)
        exposed = self._exposures.of(some, count)
        first_ms = np.full(len(exposed.rows), NEVER)
        rules.answer(arrays, members, acts[chosen], exposed, self.book.ranks(some), first_ms)
        during, before = np.zeros(len(first_ms), np.bool_), np.zeros(len(first_ms), np.bool_)
        rules.talk(arrays, members.groups, writes, exposed, during, before)
        self._exposures.take(some[keep[some] & wanted[some]], exposed, first_ms < NEVER)
        self._exposures.forget(some[~keep[some]])
        of = np.repeat(some, exposed.counts[some])
        mine = wanted[of]
        self._rows.offer(numbers, of[mine], exposed.rows[mine], first_ms[mine], during[mine], before[mine])
