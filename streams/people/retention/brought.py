"""What brought members into their groups: source, inviter, campaign, channel; by number."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.cohorts import COHORTS, DIMENSIONS
from sinks.clickhouse.readers.people import ALL, prefix
from streams.landing.arrow import categories
from streams.people.memory.distinct import distinct
from streams.people.memory.everybody import Everybody
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes, Names

INVITER = DIMENSIONS.index("inviter")


class Brought:
    """Which way (source, campaign, channel) every membership came; whom by, `Everybody` knows."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody, self._values = everybody, Names()
        nothing = self._values.few_codes(pa.chunked_array([pa.array([""])]))[0], -1, -1
        self._numbers, self._ways = {nothing: 0}, np.array([nothing], np.int32)
        self._way = np.empty(0, np.int32)
        #: Rows of memberships that were brought by something else before the newest reading; what that was: (2, n).
        self.rows, self.before = np.empty(0, np.int32), np.empty((2, 0), np.int32)

    def lengthen(self, count: int) -> None:
        """Have so many memberships."""
        self._way = longer(self._way, count)

    def of(self, rows: Codes) -> NDArray[np.int32]:
        """Inviter (an account; −1: none) and way of memberships; shape (2, n)."""
        return np.stack([self._everybody.members["inviter"][rows], self._way[rows]])

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take sources of memberships, and what first joins name."""
        everybody, members, named = self._everybody, changed["memberships"], changed["brought"]
        read, joined = everybody.read_members, everybody.member_rows(named)
        rows = distinct(read, joined)
        self.lengthen(len(everybody.members))
        before, at = self.of(rows), np.searchsorted(rows, read)
        before[0, at] = everybody.inviters_before
        parts = self._ways[self._way[rows]]
        parts[at, 0] = self._values.few_codes(members["source"])
        first = np.asarray(named["at_ms"]) == everybody.members["join_ms"][joined]
        for part, name in enumerate(("campaign_id", "channel"), 1):
            parts[np.searchsorted(rows, joined), part] = np.where(first, self._values.some_codes(named[name]), -1)
        self._way[rows] = self._number(parts)
        moved = (self.of(rows) != before).any(axis=0)
        self.rows, self.before = rows[moved], before[:, moved]

    def _number(self, parts: NDArray[np.int32]) -> Codes:
        _, named = np.unique(_pairs(parts[:, 1], parts[:, 2]), return_inverse=True)
        _, firsts, places = np.unique(_pairs(parts[:, 0], named), return_index=True, return_inverse=True)
        found = [self._numbers.setdefault(tuple(one), len(self._numbers)) for one in parts[firsts].tolist()]
        if len(self._numbers) > len(self._ways):
            self._ways = np.array(list(self._numbers), np.int32)
        return np.array(found, np.int32)[places]

    def values(self, of: NDArray[np.int32]) -> NDArray[np.int32]:
        """By `DIMENSIONS` the number of the value of each; −1: none. of: inviters and ways; shape (5, n)."""
        source, campaign, channel = self._ways[of[1]].T
        return np.stack([np.zeros_like(source), source, of[0], campaign, channel])

    def columns(self, cohorts: NDArray[Any]) -> dict[str, pa.Array]:
        """Group, dimension and value of cohorts; the inviter is an account where the group is all groups."""
        groups, places = np.unique(cohorts["group"], return_inverse=True)
        ids = [ALL, *self._everybody.group_names.strings(groups[groups >= 0]).to_pylist()][-len(groups) :]
        cut = np.array([0 if one == ALL else len(prefix(one).encode()) for one in ids], np.int64)[places]
        inviters = cohorts["dimension"] == INVITER
        named = cohorts["dimension"] > 0
        values = np.full(len(cohorts), "", object)
        values[inviters] = self._everybody.names.strings(cohorts["value"][inviters], cut[inviters])
        others = named & ~inviters
        values[others] = self._values.strings(cohorts["value"][others])
        return {
            "group_id": categories(places.astype(np.int32), pa.array(ids, pa.string())),
            "dimension": categories(cohorts["dimension"].astype(np.int8), DIMENSIONS),
            "value": pa.array(values, pa.string()),
        }


def _pairs(ones: NDArray[Any], others: NDArray[Any]) -> NDArray[np.int64]:
    """One number per two, which are −1 or more."""
    found: NDArray[np.int64] = (ones.astype(np.int64) + 1 << 32) | (others.astype(np.int64) + 1)
    return found


def cohorts_of(groups: NDArray[Any], values: NDArray[Any], landed: NDArray[Any]) -> NDArray[Any]:
    """The cohorts that memberships are counted in; values: shape (5, n)."""
    found = []
    for dimension, mine in enumerate(values):
        some = np.flatnonzero(mine >= 0)
        cohorts = np.zeros(len(some), COHORTS)
        cohorts["group"], cohorts["landed"] = groups[some], landed[some]
        cohorts["dimension"], cohorts["value"] = dimension, mine[some]
        found.append(cohorts)
    return np.concatenate(found)
