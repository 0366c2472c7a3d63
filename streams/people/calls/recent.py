"""What people wrote and did of late: as far back as open calls reach, so that it need not be read again.

Holds everything of the groups, and of the product, from a moment on that differs by group.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.calls import ACT, WRITE
from streams.people.memory.everybody import Everybody
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes

#: Later than any time.
NEVER = np.int64(1 << 62)
Writes = NDArray[np.void]
Acts = NDArray[np.void]
Times = NDArray[np.int64]


class Recent:
    """Messages, replies, reactions and acts in the product; repeats do no harm."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self._writes, self._acts, self._used = np.empty(0, WRITE), np.empty(0, ACT), np.empty(0, ACT)
        self._from, self.used_from = np.empty(0, np.int64), int(NEVER)

    def held_from(self) -> Times:
        """From when on there is everything of each group; shape (groups,)."""
        self._from = longer(self._from, len(self._everybody.group_names), int(NEVER))
        return self._from

    def written(self, table: pa.Table) -> tuple[Writes, Acts]:
        """Rows as they were read as numbers; those of members that are not in memory yet will come again."""
        known = len(self._everybody.members_in.rows)
        member, ts_ms = self._everybody.member_rows(table), np.asarray(table["ts_ms"])
        wrote, about = np.asarray(table["wrote"]), np.asarray(table["about"])
        chosen = np.flatnonzero((wrote == 1) & (member < known))
        writes = np.zeros(len(chosen), WRITE)
        writes["member"], writes["ts_ms"] = member[chosen], ts_ms[chosen]
        chosen = np.flatnonzero((about != 0) & (member < known))
        acts = np.zeros(len(chosen), ACT)
        acts["who"], acts["ts_ms"], acts["about"] = member[chosen], ts_ms[chosen], about[chosen]
        return writes, acts

    def used(self, table: pa.Table) -> Acts:
        """The same, of what was done in the product."""
        who = self._everybody.names.codes(table["user_id"])
        acts = np.zeros(table.num_rows, ACT)
        acts["who"], acts["product"] = who, 1
        for name in ("ts_ms", "about", "link", "campaign"):
            acts[name] = np.asarray(table[name])
        return acts[who < len(self._everybody.person)]

    def add(self, writes: Writes, acts: Acts, used: Acts) -> None:
        """Add what is new, as far as it is held."""
        held, groups = self.held_from(), self._everybody.places[0]
        self._writes = np.concatenate([self._writes, writes[writes["ts_ms"] >= held[groups[writes["member"]]]]])
        self._acts = np.concatenate([self._acts, acts[acts["ts_ms"] >= held[groups[acts["who"]]]]])
        self._used = np.concatenate([self._used, used[used["ts_ms"] >= self.used_from]])

    def hold(self, groups: Codes, open_from: Times, writes: Writes, acts: Acts) -> None:
        """Hold everything of these groups from a moment on that differs by group; this is what was read of them."""
        mine = np.zeros(len(open_from), np.bool_)
        mine[groups] = True
        self.drop(np.where(mine, NEVER, open_from), self.used_from)
        self.held_from()[groups] = open_from[groups]
        self.add(writes[mine[self._of(writes)]], acts[mine[self._of(acts)]], np.empty(0, ACT))

    def hold_used(self, from_ms: int, used: Acts) -> None:
        """Hold everything that was done in the product from a moment on."""
        self.used_from, self._used = from_ms, used[used["ts_ms"] >= from_ms]

    def drop(self, open_from: Times, used_from: int) -> None:
        """Drop what is not needed any more."""
        held = self.held_from()
        np.maximum(held, open_from, out=held)
        self._writes = self._writes[self._writes["ts_ms"] >= held[self._of(self._writes)]]
        self._acts = self._acts[self._acts["ts_ms"] >= held[self._of(self._acts)]]
        if used_from > self.used_from:
            self.hold_used(used_from, self._used)

    def within(self, from_ms: Times) -> tuple[Writes, Acts]:
        """What was written in groups from a moment on that differs by group."""
        writes, acts = (rows[rows["ts_ms"] >= from_ms[self._of(rows)]] for rows in (self._writes, self._acts))
        return writes, acts

    def used_within(self, from_ms: int, end_ms: int) -> Acts:
        """What was done in the product within a period."""
        return self._used[(self._used["ts_ms"] >= from_ms) & (self._used["ts_ms"] < end_ms)]

    def _of(self, rows: Writes | Acts) -> Codes:
        """The group of each row."""
        who: Codes = rows["member" if "member" in (rows.dtype.names or ()) else "who"]
        return self._everybody.places[0][who]
