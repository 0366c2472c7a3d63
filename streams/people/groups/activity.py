"""Rows of `people_activity`: how alive each group is in the windows that end now; `*` counts everybody once."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people import activity
from analytics.people.lists import rows_of
from analytics.people.states import NEVER_MS
from schemas.agents import TABLES
from streams.people.groups import activity_rows
from streams.people.groups.panes import Panes
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.few import Few
from streams.people.memory.group_keys import GroupKeys
from streams.people.memory.landed import Landed
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes
from streams.people.memory.now import Now
from streams.people.persons.orders import Orders

_ACTS, _WINDOWS = ("spoke", "reacted", "read"), len(activity.WINDOWS)
#: What a row has per window, in this order; at the end, who spoke today.
_COUNTS = (*activity.SUMS, "speakers", "reactors", "readers", "buyers")


class Activity:
    """Who did what in the windows that end now, by membership, person and group."""

    reads = ("panes",)

    def __init__(self, everybody: Everybody, orders: Orders) -> None:
        self._everybody, self._orders = everybody, orders
        self._activity = Landed(TABLES["people_activity"], GroupKeys(everybody))
        self.landed = (self._activity,)
        self._panes, self._hours = Panes(), Few(activity.HOURS)
        self._bits, self._bits_of = np.empty(0, np.uint16), np.empty(0, np.uint16)
        self._counts, self._all = np.zeros((0, activity.BITS), np.int64), np.zeros(activity.BITS, np.int64)
        self._values = np.zeros((0, len(_COUNTS) * _WINDOWS + 1), np.int64)
        self._now: Now | None = None

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take hour masks, and hours and days of groups."""
        everybody, table = self._everybody, changed["memberships"]
        masks = np.zeros(table.num_rows, activity.HOURS)
        for name in _ACTS:
            masks[name] = np.asarray(table[f"{name}_hours"])
        active = np.flatnonzero((masks["spoke"] | masks["reacted"] | masks["read"]) != 0)
        self._hours.put(everybody.read_members[active], masks[active])
        self._panes.take(changed["panes"], everybody.group_names.few_codes(changed["panes"]["group_id"]))

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Count again what these persons did, of everybody when an hour has begun, and offer the groups that differ."""
        whole = complete or self._now is None or not now.same_hour(self._now)
        if whole:
            self._forget(now)
            touched = self._everybody.all()
        self._now = now
        self._recount(touched.persons, now)
        self._panes.add_up(now.day, now.hour, len(self._everybody.group_names), whole)
        values, known = self._all_values(now), len(self._values)
        there = self._everybody.groups["first_ms"] != NEVER_MS
        differs = np.ones(len(values) - 1, np.bool_)
        differs[: max(known - 1, 0)] = np.any(values[1:known] != self._values[1:], axis=1)
        self._values = values
        groups = np.flatnonzero(there & (differs | whole))
        numbers = np.append(groups + 1, [0] * bool(there.any())).astype(np.int32)
        self._activity.offer(_table(values[numbers]), numbers, complete=complete)

    def _forget(self, now: Now) -> None:
        """Begin to count anew, and let go of what has left the windows."""
        self._bits[:], self._bits_of[:], self._counts[:], self._all[:] = 0, 0, 0, 0
        last_hour = self._everybody.members["last_ms"][self._hours.rows] // 3_600_000
        self._hours.keep(last_hour > now.hour - 24)
        self._panes.forget(now.day, now.hour)

    def _recount(self, persons: Codes, now: Now) -> None:
        everybody = self._everybody
        members, (groups, _), count = everybody.members, everybody.places, len(everybody.person)
        self._bits, self._bits_of = longer(self._bits, len(members)), longer(self._bits_of, count)
        self._counts = longer(self._counts, len(everybody.group_names))
        rows, places = rows_of(everybody.members_of, persons), self._hours.places(len(members))
        activity.recount_members(
            members, groups, places, self._hours.records, rows, now.day, now.hour, self._bits, self._counts
        )
        activity.recount_persons(self._bits, everybody.members_of, persons, self._bits_of, self._all)

    def _buyers(self, now: Now) -> NDArray[np.int64]:
        """Of every group, and of all (the last row)."""
        everybody = self._everybody
        bought, counts = (
            np.zeros(len(everybody.person), np.uint8),
            np.zeros((len(self._counts) + 1, _WINDOWS), np.int64),
        )
        activity.buying(self._orders.rows, everybody.person, now.day, now.hour, bought)
        members, (groups, _) = everybody.members, everybody.places
        buyers = np.flatnonzero(bought).astype(np.int32)
        activity.count_buyers(members, groups, everybody.groups, everybody.members_of, buyers, bought, counts)
        return counts

    def _all_values(self, now: Now) -> NDArray[np.int64]:
        """All figures: of everybody first, then group by group; shape (groups + 1, figures)."""
        groups = len(self._counts)
        sums, bits, buyers = self._panes.sums, np.concatenate([self._all[None], self._counts]), self._buyers(now)
        values = np.empty((groups + 1, len(_COUNTS), _WINDOWS), np.int64)
        values[1:, : len(activity.SUMS)] = sums.transpose(0, 2, 1)
        values[0, : len(activity.SUMS)] = sums.sum(axis=0).T
        values[:, -4:-1] = bits[:, : activity.SPOKE_TODAY].reshape(-1, 3, _WINDOWS)
        values[1:, -1], values[0, -1] = buyers[:-1], buyers[-1]
        return np.column_stack([values.reshape(groups + 1, -1), bits[:, activity.SPOKE_TODAY]])


def _table(values: NDArray[np.int64]) -> pa.Table:
    counts = values[:, :-1].reshape(len(values), len(_COUNTS), _WINDOWS)
    return pa.table(activity_rows.columns(_COUNTS, counts, values[:, -1]))
