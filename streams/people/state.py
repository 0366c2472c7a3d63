"""What the worker of a share of people keeps in memory, and the rows that follow from it.

Knows nothing of Kafka. Unlike other states it is not loaded from a cut: every term reads everything again, works
everybody out anew, and lands all rows.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.score import ZOMBIE_CHANCE
from analytics.results.rules import DEFAULT, Rules
from schemas.agents import PEOPLE
from sinks.clickhouse.readers.calls import Request
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.people import PeopleReader
from streams.people.calls.calls import Calls
from streams.people.closed_days.days import Days
from streams.people.closed_days.loaded import Loaded
from streams.people.groups.activity import Activity
from streams.people.groups.tiers import Tiers
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.family import Family
from streams.people.memory.landed import Landed
from streams.people.memory.now import Now
from streams.people.memory.steps import Stepwise
from streams.people.persons.accounts import Accounts
from streams.people.persons.across import Across
from streams.people.persons.contacts import Contacts
from streams.people.persons.group_credits import GroupCredits
from streams.people.persons.members import Members
from streams.people.persons.orders import Orders
from streams.people.persons.payers import Payers
from streams.people.persons.profiles import Profiles
from streams.people.persons.referrals import Referrals
from streams.people.persons.segments import Segments
from streams.people.results.campaign_acts import CampaignActs
from streams.people.results.campaigns import Campaigns
from streams.people.results.conversions import Conversions
from streams.people.results.credits import Credits
from streams.people.results.joins import Joins
from streams.people.results.ledger import Ledger
from streams.people.results.referrers import Referrers
from streams.people.results.rewards import Rewards
from streams.people.results.risks import Risks
from streams.people.results.touches import Touches
from streams.people.retention.retention import Retention
from streams.people.sources import Sources
from streams.state.arrays import Collected
from streams.state.base import PartitionState

_MEMBERS, _USERS = range(2)


class _Counts(NamedTuple):
    counts: NDArray[np.int64]


class PeopleState(PartitionState):
    """Everybody, and the families of rows about them."""

    agent = PEOPLE
    rows = {}  # noqa: RUF012
    tables = ()
    loaded = {}  # noqa: RUF012
    watched: ClassVar[dict[str, int]] = {"memberships": _MEMBERS, "users": _USERS}

    def __init__(
        self,
        time_zone: str = "UTC",
        lateness_h: int = 48,
        horizon: int = 4_000_000,
        limit: float = ZOMBIE_CHANCE,
        nickname: str = "",
        credit: Rules = DEFAULT,
    ) -> None:
        self._limits, self._nickname, self._credit = (time_zone, lateness_h, horizon, limit), nickname, credit
        self.horizon, self.state = 0, _Counts(np.zeros(2, np.int64))
        self.everybody, self.marks = Everybody(), Marks()
        self.days = Days(self.everybody, limit)
        self._sources, self._calls = Sources(), Calls(self.everybody)
        members, orders = Members(self.everybody), Orders(self.everybody)
        self._referrals, retention = Referrals(self.everybody), Retention(self.everybody)
        self.families: tuple[Family, ...] = (
            members, orders, Activity(self.everybody, orders),
            Tiers(self.everybody), self._calls, Across(self.everybody), Accounts(self.everybody),
            Segments(self.everybody, orders, self._referrals),
            Contacts(self.everybody, orders, members, self._referrals),
            Profiles(self.everybody, orders, members, nickname), retention,
            Campaigns(), CampaignActs(self.everybody, orders), self._sources,
        )  # fmt: skip
        #: What is worked out once all else is, and nothing is wanted any more.
        touches, conversions = Touches(self.everybody, self._calls), Conversions(self.everybody, orders, credit)
        rewards = Rewards(self.everybody, orders, credit.goals)
        self._brought = referrers = Referrers(self.everybody, touches, orders, rewards)
        groups, risks = GroupCredits(), Risks(self.everybody, orders, referrers, rewards)
        self.last: tuple[Family, ...] = (
            Credits(self.everybody, touches, conversions, groups, credit),
            Payers(self.everybody, orders, members, groups), referrers, Joins(self.everybody, retention, orders),
            risks, Ledger(self.everybody, orders, conversions, referrers, rewards, risks, time_zone, lateness_h),
        )  # fmt: skip
        self._touched: tuple[Touched, bool] | None = None
        self._schemas = dict[str, pa.Schema]()  # of what is read, once everything has been
        self._threads = ThreadPoolExecutor(2)  # each keeps a connection
        #: The moment of the newest reading.
        self.now: Now | None = None
        self._complete = True

    def empty(self) -> "PeopleState":
        """Another one with nothing in it and the same settings."""
        return PeopleState(*self._limits, self._nickname, self._credit)

    def close(self) -> None:
        """Begin no more reading: what waits for a server that hangs would hold the process."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def landed(self) -> dict[str, Landed]:
        """What has landed, by table."""
        return {one.table.name: one for family in (*self.families, *self.last) for one in family.landed}

    @property
    def waiting(self) -> int:
        """Rows that wait to land."""
        return sum(one.waiting for one in self.landed.values())

    # --- readings

    def settled(self, now: Now | None) -> bool:
        """Whether there is nothing to work out when no source has landed anything; None: nothing was read yet."""
        if now is None or self.now is None or self._complete:
            return False
        return self.now.same_hour(now) and self.wanted is None and not self._calls.due(now.ms) and not self._brought.due

    def read(self, reader: PeopleReader, since: Marks, now: Marks) -> dict[str, pa.Table]:
        """What has changed between marks; touches nothing that is worked with, and blocks."""
        reads = (Everybody.reads, Referrals.reads, *(family.reads for family in (*self.families, *self.last)))
        names = dict.fromkeys(name for some in reads for name in some)
        reader.look_again()
        reader.goals = self._credit.goals
        asked = {
            name: self._threads.submit(getattr(reader, name), since)
            for name in names
            if reader.may_find(name, since, now)
        }
        found = {name: rows.result() for name, rows in asked.items()}
        self._schemas |= {name: rows.schema for name, rows in found.items()}
        return {name: found[name] if name in found else self._schemas[name].empty_table() for name in names}

    def take(self, changed: dict[str, pa.Table], marks: Marks, now: Now, loaded: Loaded | None = None) -> None:
        """Take a reading, and work out what follows from it; `loaded`: the closed days, with the first one."""
        self.everybody.take(changed)
        self._referrals.take(changed)
        if loaded is not None:
            self.days.begin(loaded)
        for family in (*self.families, *self.last):
            family.take(changed)
        self._sources.marked(marks)
        self._calls.since(self.marks)
        touched = self._referrals.settle(self.everybody.settle(), now.day)
        before, self.now, self.marks = self.now, now, marks
        if self._complete or before is None or not now.same_day(before):
            touched = self.everybody.all()
        for family in self.families:
            family.offer(touched, now, self._complete)
        self._touched, self._complete = (touched, self._complete), False
        self._offer_last()

    def _offer_last(self) -> None:
        if self.wanted is None and self._touched is not None and self.now is not None:
            (touched, complete), self._touched = self._touched, None
            for family in self.last:
                family.offer(touched, self.now, complete)

    @property
    def _waits(self) -> Stepwise | None:
        """The family for which something is to be read by keys."""
        return next((one for one in self.families if isinstance(one, Stepwise) and one.wanted is not None), None)

    @property
    def wanted(self) -> Request | None:
        """What is to be read by keys before all is worked out; None: nothing."""
        return self._waits.wanted if self._waits else None

    def answer(self, found: Any) -> None:
        """Take what was `wanted`."""
        assert self._waits is not None
        self._waits.answer(found)
        self._offer_last()

    # --- flushes

    def collect(self) -> Collected:
        """Take the rows that wait."""
        found = Collected()
        for one in self.landed.values():
            one.collect(found)
        return found

    def confirmed(self, found: Collected) -> None:
        """What was taken is checkpointed."""

    def put_back(self, found: Collected) -> None:
        """What was taken belongs to a term that is over; the next one begins with nobody in memory."""

    def count(self, what: int) -> int:
        """How many memberships, or users, are in memory."""
        return self.everybody.size[what]

    def apply(self, frame: Any) -> Any:
        """Its topic has no records."""
        raise AssertionError("people.shards has no records")
