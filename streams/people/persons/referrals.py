"""Who has referred whom, and how many persons that are."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.lists import rows_of
from analytics.people.segments import referred
from streams.people.memory.distinct import distinct
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.longer import longer
from streams.people.memory.names import PairRows

_FAR_DAY = 1 << 30
Counts = NDArray[np.int32]


class Referrals:
    """Users and who named them as referrers, in a sign-up or a trial; people do not refer themselves."""

    #: Methods of `PeopleReader` that read them.
    reads = ("referrals",)

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self._named = PairRows(np.full(1, _FAR_DAY, np.int32))  # referrer and referred: first day
        self._changed, self._day = True, 0
        #: How many persons each person has referred, by the end of the day and ever.
        self.by_now, self.ever = np.empty(0, np.int32), np.empty(0, np.int32)

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take who named whom into memory."""
        table, names = changed["referrals"], self._everybody.names
        self._changed |= table.num_rows > 0
        rows = self._named.find(names.codes(table["referrer_user_id"]), names.codes(table["user_id"]))
        np.minimum.at(self._named.rows, rows, np.asarray(table["day"]).astype(np.int32))

    def settle(self, touched: Touched, day: int) -> Touched:
        """Count again if that may come to something else; a reading is also about those whose numbers have changed."""
        everybody = self._everybody
        person, pairs = everybody.person, self._named.pairs
        self.by_now, self.ever = before = longer(self.by_now, len(person)), longer(self.ever, len(person))
        if not (self._changed or day != self._day or len(everybody.regrouped)):
            return touched
        self._changed, self._day = False, day
        by, who = person[pairs.ones], person[pairs.others]
        then = self._named.rows <= day
        self.by_now, self.ever = referred(by[then], who[then], len(person)), referred(by, who, len(person))
        differ = np.flatnonzero((before[0] != self.by_now) | (before[1] != self.ever)).astype(np.int32)
        if not len(differ):
            return touched
        groups = everybody.places[0][rows_of(everybody.members_of, differ)]
        return Touched(distinct(touched.persons, differ), distinct(touched.groups, groups))
