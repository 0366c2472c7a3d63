"""Who stayed, spoke and used the product so many days after joining, by cohort; in `*` everybody once."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people import retention as rules
from analytics.people.lists import rows_of
from analytics.people.states import NEVER_MS, NO_DAY
from streams.people.memory.distinct import distinct
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes
from streams.people.memory.now import Now
from streams.people.memory.steps import Steps, Stepwise
from streams.people.retention.away import Away
from streams.people.retention.brought import Brought
from streams.people.retention.cohort_rows import ALL, CohortRows, Members
from streams.people.retention.did import Did

_DONE, _FIRST = np.uint32((1 << rules.STAYED) - 1), np.uint32(1 << rules.FIRST)
_NONE = np.empty(0, np.int32)


class Retention(Stepwise):
    """A word of bits per membership (`analytics.people.retention`), and one per person, at the first join of all.

    What bits say of closed days is read once, as these close. It is read again by keys where it has to be known of
    other days: the first join turns out to be another, or an account belongs to somebody else.
    """

    reads = ("brought", "whole_rosters", "absences", "talked", "lived", "used")

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self.brought, self.away = Brought(everybody), Away(everybody)
        self._rows = CohortRows(self.brought)
        self.landed = self._rows.landed
        #: Words of memberships, and at first joins those of persons.
        self.own, self.of = np.empty(0, np.uint32), np.empty(0, np.uint32)
        #: Days of first joins, by membership; `rules.NO_JOIN`: not known.
        self.joined = np.empty(0, np.uint16)
        #: The persons whose words may have changed when they were last worked out.
        self.concerned = _NONE
        self._closed_day = np.empty(0, np.int32)
        self._talked, self._lived, self._used = Did(), Did(), Did()

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take what brought members, when they were away, and what they did on closed days."""
        self.brought.take(changed)
        self.away.take(changed)
        self._talked = Did(self._everybody.member_rows(changed["talked"]), changed["talked"])
        self._lived = Did(self._everybody.member_rows(changed["lived"]), changed["lived"])
        self._used = Did(self._everybody.names.codes(changed["used"]["user_id"]), changed["used"])

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Begin to work out the cohorts of whom the reading is about: that a day begins changes none."""
        self.begin(self._work(touched if complete else self._everybody.touched, complete))

    def _work(self, touched: Touched, complete: bool) -> Steps:
        everybody, e = self._everybody, self._everybody.arrays()
        known, closed = len(self.joined), everybody.groups["closed_day"].copy()
        self._lengthen(len(e.members), closed)
        self.concerned = persons = self._concerned(touched, closed)
        rows = rows_of(e.members_of, persons)
        before = self.own[rows], self.of[rows], self.joined[rows].astype(np.int64), self.closed(rows)
        joined = np.flatnonzero(self._rejoin(rows))
        firsts, again = self._find_firsts(persons, rows[joined])
        self.own[rows[joined]] = 0
        first_of = np.full(len(e.person), -1, np.int32)
        first_of[persons] = firsts
        talked, lived, used = [self._talked], [self._lived], [self._used]
        if not complete:
            talked_rows, users = self._lacking(rows, rows[joined], again, known)
            if len(talked_rows) or len(users):
                found = yield lambda reader: self._read(reader, talked_rows, users)
                talked.append(self._known(found[0]))
                lived.append(self._known(found[1]))
                used.append(Did(everybody.names.codes(found[2]["user_id"]), found[2]))
        for days in talked:
            days.mark(self.own, self.joined, days.numbers, rules.SPOKE)
            days.mark(self.of, self.joined, first_of[e.person[e.accounts[days.numbers]]], rules.SPOKE)
            days.mark_span(self.own, self.joined, rules.SPOKE_BY_7)
        for days in lived:
            for bit in (rules.ACTIVE_7, rules.ACTIVE_30):
                days.mark_span(self.own, self.joined, bit)
        for days in used:
            days.mark_persons(self.own, self.joined, e, rules.USED)
        rules.work_out_members(e, rows, self.joined, self.away.absences, self.away.rosters, self.own)
        there = firsts[firsts >= 0]
        self.of[there] |= self.own[there] & _DONE
        rules.work_out_persons(e, there, self.joined, self.away.absences, self.away.rosters, self.of)
        self._closed_day = closed
        self._count(rows, before)

    def _known(self, table: pa.Table) -> Did:
        """Days of members who are in memory: those of others will come again."""
        rows = self._everybody.member_rows(table)
        known = rows < len(self.joined)
        return Did(rows[known], table.filter(pa.array(known)))

    def _lengthen(self, count: int, closed: NDArray[np.int32]) -> None:
        self.own, self.of = longer(self.own, count), longer(self.of, count)
        self.brought.lengthen(count)
        self.joined = longer(self.joined, count, int(rules.NO_JOIN))
        missing = len(closed) - len(self._closed_day)
        self._closed_day = np.append(self._closed_day, closed[len(closed) - missing :] if missing else _NONE)

    def closed(self, rows: Codes) -> NDArray[np.int64]:
        """Which of `NTH` are closed of memberships, by the days that were closed when rows last landed."""
        found = np.empty(len(rows), np.int64)
        rules.closed_bits(self.joined[rows], self._closed_day[self._everybody.places[0][rows]], found)
        return found

    def _concerned(self, touched: Touched, closed: NDArray[np.int32]) -> Codes:
        """The persons of whom anything may have changed."""
        everybody, e = self._everybody, self._everybody.arrays()
        inside = rows_of(everybody.members_in, np.flatnonzero(closed != self._closed_day).astype(np.int32))
        closing = np.zeros(len(inside), np.bool_)
        rules.closing(inside, e.groups, self.joined, self._closed_day, closed, closing)
        did = self._talked.numbers, self._lived.numbers
        rows = np.concatenate([*did, self.away.concerned(), self.brought.rows, inside[closing]])
        concerned = np.zeros(len(e.person), np.bool_)
        for persons in (touched.persons, e.person[e.accounts[rows]], e.person[self._used.numbers]):
            concerned[persons] = True
        return np.flatnonzero(concerned).astype(np.int32)

    def _rejoin(self, rows: Codes) -> NDArray[np.bool_]:
        """Take the days of first joins; returns whose are not what they were."""
        members = self._everybody.members
        first_ms, day = members["first_ms"][rows], members["joined_day"][rows]
        days = np.where((first_ms == NEVER_MS) | (day == NO_DAY), rules.NO_JOIN, day).astype(np.uint16)
        changed: NDArray[np.bool_] = self.joined[rows] != days
        self.joined[rows] = days
        return changed

    def _find_firsts(self, persons: Codes, rejoined: Codes) -> tuple[Codes, Codes]:
        """The membership by which each person first joined any group, −1: none; and of whom that is another, or is
        counted from another day, or who have other accounts."""
        e, count = self._everybody.arrays(), len(persons)
        firsts, before, tied = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.bool_)
        rules.first_joins(e, persons, self.joined, self.of, firsts, before, tied)
        firsts[tied] = self._by_name(persons[tied], firsts[tied])
        moved = (firsts != before) | np.isin(firsts, rejoined) | np.isin(persons, self._everybody.regrouped)
        again = persons[moved].astype(np.int32)
        self.of[rows_of(e.members_of, again)] = 0
        return firsts, again

    def _by_name(self, persons: Codes, firsts: Codes) -> Codes:
        """Of several groups that a person joined at the same time, the first by name, and then by account."""
        e, everybody = self._everybody.arrays(), self._everybody
        rows = rows_of(e.members_of, persons)
        ms = np.repeat(e.members["join_ms"][firsts], np.diff(e.members_of.firsts)[persons])
        rows = rows[(e.members["join_ms"][rows] == ms) & (self.joined[rows] != rules.NO_JOIN)]
        names = pa.table({
            "person": pa.array(np.searchsorted(persons, e.person[e.accounts[rows]])),
            "group": everybody.group_names.strings(e.groups[rows]),
            "account": everybody.names.strings(e.accounts[rows]),
        })  # fmt: skip
        order = np.asarray(pc.sort_indices(names, [(name, "ascending") for name in names.column_names]))
        _, places = np.unique(np.asarray(names["person"])[order], return_index=True)
        found: Codes = rows[order[places]]
        return found

    def _lacking(self, rows: Codes, joined: Codes, again: Codes, known: int) -> tuple[Codes, Codes]:
        """Memberships and users of which all days are needed: what is new of them has been read."""
        e = self._everybody.arrays()
        several = again[np.diff(e.members_of.firsts)[again] > 1]
        talked = distinct(joined, rows_of(e.members_of, several))
        talked = talked[talked < known]
        mine = rows_of(e.members_of, np.intersect1d(again, self._everybody.regrouped).astype(np.int32))
        self.own[mine] &= rules.IN_CHAT
        rows = distinct(joined, mine)
        rows = rows[self.joined[rows] != rules.NO_JOIN]
        earliest = np.full(len(e.person), int(rules.NO_JOIN), np.int64)
        np.minimum.at(earliest, e.person[e.accounts[rows]], self.joined[rows])
        persons = distinct(e.person[e.accounts[rows]])
        users, newest = self._everybody.users_of(persons)
        found: Codes = users[newest > earliest[e.person[users]]]
        return talked, found

    def _read(self, reader: Any, rows: Codes, users: Codes) -> tuple[pa.Table, ...]:
        e, everybody = self._everybody.arrays(), self._everybody
        groups = everybody.group_names.strings(distinct(e.groups[rows])).to_pylist()
        accounts = everybody.names.strings(distinct(e.accounts[rows])).to_pylist()
        people, names = reader.people, everybody.names.strings(users).to_pylist()
        return people.talked_of(groups, accounts), people.lived_of(groups, accounts), people.used_of(names)

    def _count(self, rows: Codes, before: tuple[NDArray[Any], ...]) -> None:
        """Have the cells counted again that memberships are in no longer, now, or otherwise."""
        e, (own, of, days, closed) = self._everybody.arrays(), before
        brought = self.brought.of(rows)
        was = brought.copy()
        places = np.searchsorted(rows_sorted := np.sort(rows), self.brought.rows)
        order = np.argsort(rows)
        assert (rows_sorted[places] == self.brought.rows).all(), "what was read is touched"
        was[:, order[places]] = self.brought.before
        now, now_days = self.closed(rows), self.joined[rows].astype(np.int64)
        other = (was != brought).any(axis=0) | (days != now_days) | (closed != now)
        chosen = []
        for groups, words, previous, everyone in (
            (e.groups[rows], self.own, own, True),
            (np.full(len(rows), ALL, np.int32), self.of, of, False),
        ):
            counted, counts = (everyone | (some & _FIRST > 0) for some in (previous, words[rows]))
            moved = other | (counts != counted) | ((words[rows] ^ previous) & rules.MASKS[now] > 0)
            gone, come = moved & counted & (closed > 0), moved & counts & (now > 0)
            self._rows.changed(Members(groups, previous, closed, days, was).only(gone), landed=True)
            self._rows.changed(Members(groups, words[rows], now, now_days, brought).only(come), landed=False)
            chosen.append(self._inside(groups[gone | come]) if everyone else self._invited())
        self._rows.count(chosen)

    def _inside(self, groups: Codes) -> Members:
        """All memberships in these groups."""
        rows = rows_of(self._everybody.members_in, distinct(groups))
        return self._members(rows, self._everybody.places[0][rows], self.own)

    def _invited(self) -> Members:
        """First joins of everybody whom those have invited of whose invitations to all groups something has changed."""
        dirty = np.zeros(len(self._everybody.names), np.bool_)
        dirty[self._rows.inviters] = True
        rows = np.flatnonzero(self.of & _FIRST)
        by = self._everybody.members["inviter"][rows]
        rows = rows[(by >= 0) & dirty[by]].astype(np.int32)
        return self._members(rows, np.full(len(rows), ALL, np.int32), self.of)

    def _members(self, rows: Codes, groups: Codes, words: NDArray[np.uint32]) -> Members:
        days = self.joined[rows].astype(np.int64)
        return Members(groups, words[rows], self.closed(rows), days, self.brought.of(rows))
