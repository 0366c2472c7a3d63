"""Everybody in memory: what ClickHouse has of memberships, users and links, as arrays.

Read whole once, then only what changed since, so that a day costs what happened since the day before. Days are asked in
order: what was said of members and groups is folded in up to the end of each.
"""

# mypy: disable-error-code="no-untyped-call"

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people.group_facts import merged_rosters, newest_sizes, roster_starts
from analytics.people.persons import persons
from analytics.people.states import (
    ACT,
    MEMBER,
    NEVER_MS,
    NO_DAY,
    USER,
    Known,
    active_persons,
    recent_acts,
    say,
    using_persons,
)
from sinks.clickhouse.readers.marks import Marks, marks
from sinks.clickhouse.readers.people import PeopleReader, reads_reported
from sinks.clickhouse.templates import MOST_ACCOUNTS
from streams.people.names import Codes, Names, PairRows, pair_rows

_CHANGING = ("memberships", "users", "acts", "owners", "said", "rosters", "sizes", "ways")
_MEMBER = (
    "spoke_lo", "reacted_lo", "read_lo", "active_hi", "first_ms", "last_ms", "base_day", "first_day", "joined_day",
)  # fmt: skip
_SAID = ("came_ms", "went_ms", "named")


class People:
    """Everybody as of the newest reading, and what was said before a moment, from which on days may be asked."""

    def __init__(self, zones: tuple[str, str], end_ms: int) -> None:
        self._zones, self._marks, self._end_ms = zones, Marks(), end_ms
        self._threads = ThreadPoolExecutor(2)  # each keeps a connection
        self.names, self.groups, self._ways = Names(), Names(), Names()
        self._members = pair_rows(MEMBER, first_ms=NEVER_MS, joined_day=NO_DAY)
        self._users, self._acts = pair_rows(USER, first_ms=NEVER_MS), pair_rows(ACT)
        self._owner, self._posted = np.empty(0, np.int32), np.empty(0, np.int64)
        self._said: dict[str, NDArray[Any]] = {}
        self._rosters, self._sizes = np.empty((0, 5), np.int64), np.empty((0, 3), np.int64)
        self.sizes = self._sizes

    @property
    def members(self) -> NDArray[Any]:
        """Every membership, `analytics.people.states.MEMBER`; shape (n,)."""
        return self._members.rows

    @property
    def places(self) -> tuple[Codes, Codes]:
        """Group and account of every membership, as numbers; shape (n,)."""
        pairs = self._members.pairs
        return pairs.ones, pairs.others

    def find(self, table: pa.Table) -> Codes:
        """Row of the membership of each `group_id` and `account_id`; shape (n,)."""
        return self._members.find(self.groups.few_codes(table["group_id"]), self.names.codes(table["account_id"]))

    # --- reading

    def read(self, reader: PeopleReader) -> bool:
        """Read what changed, the first time everything. False: the numbers are others now, begin anew."""
        since, now = self._marks, marks(reader.store)
        first = not since.epochs
        moved = any(now.epochs.get(contract) != epoch for contract, epoch in since.epochs.items())
        if moved or reader.zones != self._zones:
            return False
        ask = self._threads.submit
        asked = {name: ask(getattr(reader, name), since) for name in _CHANGING if not first or name != "said"}
        if first:
            before = ask(reader.said_before, self._end_ms)
            asked["said"] = ask(reader.said, since, self._end_ms)
            self._say(self._spoken(before.result()))
        for name in _CHANGING:
            getattr(self, f"_take_{name}")(asked[name].result())
        self._marks = now
        return True

    def _take_memberships(self, table: pa.Table) -> None:
        rows, members = self.find(table), self.members
        for name in _MEMBER:
            members[name][rows] = np.asarray(table[name])

    def _take_users(self, table: pa.Table) -> None:
        names = self.names.codes(table["user_id"])
        rows, users = self._users.find(names, np.zeros_like(names)), self._users.rows
        for name in ("used_lo", "first_ms", "base_day"):
            users[name][rows] = np.asarray(table[name])

    def _take_acts(self, table: pa.Table) -> None:
        here = np.asarray(pc.equal(table["way"], ""))
        targets = np.where(here, self.groups.few_codes(table["group_id"]), -1 - self._ways.codes(table["way"]))
        rows, acts = self._acts.find(self.names.codes(table["user_id"]), targets), self._acts.rows
        for name in ("acted_lo", "base_day"):
            acts[name][rows] = np.asarray(table[name])

    def _take_owners(self, table: pa.Table) -> None:
        accounts, users = self.names.codes(table["account_id"]), self.names.codes(table["user_id"])
        self._owner_of_all()[accounts] = np.where(np.asarray(pc.equal(table["user_id"], "")), -1, users)

    def _take_said(self, table: pa.Table) -> None:
        more = self._spoken(table) | {"ts_ms": np.asarray(table["ts_ms"])}
        self._said = {name: np.concatenate([self._said.get(name, more[name][:0]), more[name]]) for name in more}

    def _take_rosters(self, table: pa.Table) -> None:
        at, snapshots = np.asarray(table["ts_ms"]), self._ways.few_codes(table["snapshot_id"])
        rows = np.column_stack(
            [self.groups.few_codes(table["group_id"]), snapshots, at, at, np.asarray(table["whole"])]
        )
        self._rosters = np.concatenate([self._rosters, rows.astype(np.int64)])

    def _take_sizes(self, table: pa.Table) -> None:
        groups = self.groups.few_codes(table["group_id"])
        rows = np.column_stack([groups, np.asarray(table["ts_ms"]), np.asarray(table["members"])])
        self._sizes = np.concatenate([self._sizes, rows.astype(np.int64)])

    def _take_ways(self, table: pa.Table) -> None:
        ways, groups = self._ways.codes(table["way"]), self.groups.few_codes(table["group_id"])
        self._posted = np.union1d(self._posted, ways.astype(np.int64) << 32 | groups)

    # --- a day

    def advance(self, end_ms: int) -> NDArray[np.int64]:
        """Have what was said before a moment count; the start of every group's newest complete roster.

        Moments must not go back. `sizes` then has what platforms counted, (group, time, members) a row.
        """
        assert end_ms >= self._end_ms, "days are asked in their order"
        self._end_ms = end_ms
        then = self._said["ts_ms"] < end_ms
        self._say({name: values[then] for name, values in self._said.items()})
        self._said = {name: values[~then] for name, values in self._said.items()}
        then = self._rosters[:, 2] < end_ms
        rosters = merged_rosters(self._rosters[then])
        self._rosters = np.concatenate([rosters, self._rosters[~then]])
        then = self._sizes[:, 1] < end_ms
        self.sizes = newest_sizes(self._sizes[then])
        self._sizes = np.concatenate([self.sizes, self._sizes[~then]])
        return roster_starts(rosters, len(self.groups))

    def _spoken(self, table: pa.Table) -> dict[str, NDArray[Any]]:
        return {"rows": self.find(table)} | {name: np.asarray(table[name]).astype(np.int64) for name in _SAID}

    def _say(self, spoken: dict[str, NDArray[Any]]) -> None:
        say(self.members, spoken["rows"], *(spoken[name] for name in _SAID))

    def persons(self) -> tuple[Codes, NDArray[np.bool_]]:
        """The person of every name, as a number, and whether it is linked to one."""
        return persons(self._owner_of_all(), MOST_ACCOUNTS)

    def _owner_of_all(self) -> Codes:
        """Owner of every name there is by now; -1: none."""
        missing = len(self.names) - len(self._owner)
        self._owner = np.append(self._owner, np.full(missing, -1, np.int32))
        return self._owner

    def known(self, day: int, end_ms: int, person: Codes, linked: NDArray[np.bool_]) -> Known:
        """What is known of persons and groups at the end of a day."""
        used, ever = np.zeros(len(person), np.bool_), np.zeros(len(person), np.bool_)
        activity = np.zeros(len(person), np.uint16)
        rosters = self.advance(end_ms)
        active_persons(self.members, self.places[1], person, day, activity)
        using_persons(self._users.rows, self._users.pairs.ones, person, day, end_ms, used, ever)
        reported = np.array([reads_reported(name) for name in self.group_ids()], np.bool_)
        return Known(used, ever, activity, self._acted(day, person), linked, rosters, reported)

    def group_ids(self) -> list[str]:
        """Every group that was ever named."""
        found: list[str] = self.groups.strings(np.arange(len(self.groups), dtype=np.int32)).to_pylist()
        return found

    def _acted(self, day: int, person: Codes) -> Any:
        """Persons and groups: acts within 28 days that name the group, or a call or link of it."""
        recent = np.empty(len(self._acts), np.bool_)
        recent_acts(self._acts.rows, day, recent)
        pairs, found = self._acts.pairs, PairRows(np.zeros(1, np.uint8))
        who, target = person[pairs.ones[recent]], pairs.others[recent]
        here = target >= 0
        found.find(who[here], target[here])
        ways = -1 - target[~here].astype(np.int64)
        firsts, ends = (np.searchsorted(self._posted, way << 32) for way in (ways, ways + 1))
        counts = ends - firsts
        places = np.repeat(firsts - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        found.find(np.repeat(who[~here], counts), (self._posted[places] & 0xFFFFFFFF).astype(np.int32))
        return found.pairs
