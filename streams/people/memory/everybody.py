"""Everybody in memory, as of now: memberships, users, acts and links as arrays, and whom a reading has touched.

Read whole once, then only what has changed. Knows nothing of what follows from it.
"""

# mypy: disable-error-code="no-untyped-call"

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people import present
from analytics.people.lists import lists, rows_of
from analytics.people.persons import persons
from analytics.people.states import NEVER_MS, NO_DAY, Pairs
from sinks.clickhouse.templates import MOST_ACCOUNTS
from streams.people.memory.distinct import distinct
from streams.people.memory.links import Links
from streams.people.memory.names import Codes, Names, PairRows, blank, pair_rows

_MEMBER = (
    "spoke_lo", "reacted_lo", "read_lo", "active_hi", "first_ms", "last_ms", "spoke_ms", "join_ms", "in_ms", "out_ms",
    "base_day", "first_day", "joined_day",
)  # fmt: skip
_NONE = np.empty(0, np.int32)


@dataclass
class Touched:
    """Whom a reading is about: persons and groups by number, ascending."""

    persons: Codes
    groups: Codes


class Everybody:
    """All memberships, users, acts and links there are."""

    #: Methods of `PeopleReader` that read them.
    reads = ("memberships", "users", "acts", "links", "groups_now", "ways", "reading")

    def __init__(self) -> None:
        self.names, self.group_names, self.ways = Names(), Names(), Names()
        self.order_names, self.currencies = Names(), Names()
        self._members = pair_rows(present.MEMBER, first_ms=NEVER_MS, join_ms=NEVER_MS, joined_day=NO_DAY, inviter=-1)
        self._users, self._acts = pair_rows(present.USER, first_ms=NEVER_MS, signup_day=NO_DAY), pair_rows(present.ACT)
        self._posted = PairRows(np.zeros(1, np.uint8))
        self._groups = np.empty(0, present.GROUP)
        self.links = Links(self.names)
        self.person, self.linked = np.empty(0, np.int32), np.empty(0, np.bool_)
        self.members_of = self.members_in = self._users_of = self._acts_of = lists(_NONE, 0)
        self._names_touched, self._ways_touched = list[Codes](), list[Codes]()
        self._groups_touched, self._whole_groups = list[Codes](), list[Codes]()
        #: Persons who have other accounts or users than before the newest reading.
        self.regrouped = _NONE
        #: Whom the newest reading is about.
        self.touched = Touched(_NONE, _NONE)
        #: Rows of the memberships in the newest reading, in its order.
        self.read_members = _NONE
        #: Their inviters before.
        self.inviters_before = _NONE

    @property
    def members(self) -> NDArray[Any]:
        """Every membership, `analytics.people.present.MEMBER`; shape (n,)."""
        return self._members.rows

    @property
    def places(self) -> tuple[Codes, Codes]:
        """Group and account of every membership, by number; shape (n,)."""
        return self._members.pairs.ones, self._members.pairs.others

    @property
    def pairs(self) -> Pairs:
        """Every membership by the numbers of its group and account."""
        return self._members.pairs

    @property
    def groups(self) -> NDArray[Any]:
        """Every group, `analytics.people.present.GROUP`; shape (groups,)."""
        missing = len(self.group_names) - len(self._groups)
        if missing:
            new = np.repeat(blank(present.GROUP, first_ms=NEVER_MS, members=-1), missing)
            self._groups = np.concatenate([self._groups, new])
        return self._groups

    def member_rows(self, table: pa.Table) -> Codes:
        """Row of the membership of each `group_id` and `account_id`; shape (n,)."""
        return self._members.find(self.group_names.few_codes(table["group_id"]), self.names.codes(table["account_id"]))

    def act_rows(self, table: pa.Table) -> Codes:
        """Row of the act of each `user_id` with the id of a `group_id`, or by a `way`; shape (n,)."""
        here = np.asarray(pc.equal(table["way"], ""))
        targets = np.where(here, self.group_names.few_codes(table["group_id"]), -1 - self.ways.codes(table["way"]))
        return self._acts.find(self.names.codes(table["user_id"]), targets)

    def way_rows(self, table: pa.Table) -> Codes:
        """Row of each `way` that was posted in a `group_id`; shape (n,)."""
        return self._posted.find(self.ways.codes(table["way"]), self.group_names.few_codes(table["group_id"]))

    @property
    def acts(self) -> Pairs:
        """User and target of every act: a group, or -1 - the number of a way."""
        return self._acts.pairs

    @property
    def posted(self) -> Pairs:
        """Ways, and the groups where they were posted."""
        return self._posted.pairs

    # --- reading

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take what was read into memory."""
        for name in self.reads:
            getattr(self, f"_take_{name}")(changed[name])

    def _take_memberships(self, table: pa.Table) -> None:
        rows, members = self.member_rows(table), self.members
        for name in _MEMBER:
            members[name][rows] = np.asarray(table[name])
        members["role"][rows] = np.asarray(table["plays"])
        self.read_members, self.inviters_before = rows, members["inviter"][rows]
        members["inviter"][rows] = inviters = self.names.some_codes(table["inviter"])
        groups, accounts = self.places
        self._names_touched += [accounts[rows], *(some[some >= 0] for some in (self.inviters_before, inviters))]
        self._groups_touched.append(groups[rows])

    def _take_users(self, table: pa.Table) -> None:
        names = self.names.codes(table["user_id"])
        rows, users = self._users.find(names, np.zeros_like(names)), self._users.rows
        for name in present.USER.names or ():
            users[name][rows] = np.asarray(table[name])
        self._names_touched.append(names)

    def _take_acts(self, table: pa.Table) -> None:
        rows, acts = self.act_rows(table), self._acts.rows
        for name in ("acted_lo", "last_ms", "base_day"):
            acts[name][rows] = np.asarray(table[name])
        self._names_touched.append(self._acts.pairs.ones[rows])

    def _take_links(self, table: pa.Table) -> None:
        self.links.take(table)

    def _take_groups_now(self, table: pa.Table) -> None:
        codes, groups = self.group_names.few_codes(table["group_id"]), self.groups
        moved = groups["roster_ms"][codes] != np.asarray(table["roster_ms"])
        for name in ("roster_ms", "first_ms", "closed_day", "members"):
            groups[name][codes] = np.asarray(table[name])
        self._groups_touched.append(codes)
        self._whole_groups.append(codes[moved])

    def _take_ways(self, table: pa.Table) -> None:
        before = len(self._posted)
        rows = self.way_rows(table)
        self._ways_touched.append(self._posted.pairs.ones[rows[rows >= before]])

    def _take_reading(self, table: pa.Table) -> None:
        codes, groups = self.group_names.few_codes(table["group_id"]), self.groups
        self._whole_groups.append(codes[groups["reads_reported"][codes] == 0])
        groups["reads_reported"][codes] = 1

    def follow(self, state: NDArray[np.uint8], since: Codes, returned: Codes) -> None:
        """Take what everybody was at the end of the newest closed day; shape (n,)."""
        members = self.members
        for name, values in (("previous", state), ("since_day", since), ("returned_day", returned)):
            members[name][: len(values)] = values

    # --- whom it is about

    def touch(self, names: Codes, groups: Codes) -> None:
        """What was read is also about these accounts and users, and these groups."""
        self._names_touched.append(names)
        self._groups_touched.append(groups)

    def settle(self) -> Touched:
        """Work out anew who is a person and which rows belong to whom; returns whom the last readings are about."""
        person, linked = persons(self.links.owner(), MOST_ACCOUNTS)
        known = len(self.person)
        moved = np.flatnonzero((person[:known] != self.person) | (linked[:known] != self.linked))
        before = self.person[moved]
        self.person, self.linked = person, linked
        self.regrouped = distinct(person[moved], before)
        count = len(person)
        groups, accounts = self.places
        self.members_of, self.members_in = lists(person[accounts], count), lists(groups, len(self.group_names))
        self._users_of = lists(person[self._users.pairs.ones], count)
        self._acts_of = lists(person[self._acts.pairs.ones], count)
        names = _joined([*self._names_touched, moved.astype(np.int32), self._acting(), self._inside()])
        # of a person who has lost an account, the others are concerned, too
        touched = distinct(person[names], before)
        more = groups[rows_of(self.members_of, touched)]
        found = Touched(touched, distinct(*self._groups_touched, more))
        self._names_touched, self._ways_touched, self._groups_touched, self._whole_groups = [], [], [], []
        self.touched = found
        return found

    def users_of(self, persons: Codes) -> tuple[Codes, Codes]:
        """Names of all users who are these persons, and the newest day of each."""
        rows = rows_of(self._users_of, persons)
        return self._users.pairs.ones[rows], self._users.rows["base_day"][rows]

    @property
    def settled(self) -> int:
        """How many memberships there were when everybody was settled: more may have come with what was read by keys."""
        return len(self.members_in.rows)

    def all(self) -> Touched:
        """Everybody, and every group."""
        return Touched(np.arange(len(self.person), dtype=np.int32), np.arange(len(self.group_names), dtype=np.int32))

    @property
    def size(self) -> tuple[int, int]:
        """How many memberships and users there are."""
        return len(self._members), len(self._users)

    def _acting(self) -> Codes:
        """Names that acted by calls or links that were posted somewhere new."""
        ways = _joined(self._ways_touched)
        if not len(ways):
            return _NONE
        wanted = np.zeros(len(self.ways), np.bool_)
        wanted[ways] = True
        names, targets = self._acts.pairs.ones, self._acts.pairs.others
        found: Codes = names[(targets < 0) & wanted[np.maximum(-1 - targets, 0)]]
        return found

    def _inside(self) -> Codes:
        """Accounts of everybody in groups of which a new roster is complete, or a first reading is reported."""
        groups, accounts = self.places
        whole = _joined(self._whole_groups)
        return accounts[np.isin(groups, whole)] if len(whole) else _NONE

    def arrays(self) -> present.Everybody:
        """Everything, for kernels."""
        groups, accounts = self.places
        return present.Everybody(
            self.members, groups, accounts, self._users.rows, self._acts.rows, self._acts.pairs.others,
            self._posted.pairs, self.groups, self.person, self.linked, self.members_of, self._users_of, self._acts_of,
        )  # fmt: skip


def _joined(parts: list[Codes]) -> Codes:
    return np.concatenate(parts) if parts else _NONE
