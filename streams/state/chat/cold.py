"""Cold memberships: which may leave memory, and which of those a frame needs back.

A membership is cold when nothing that is still open can see it: checkpointed, no message on an open day, and no
activity inside the 28 days before the next day to close. Touches nothing outside memory.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.chat.cold import copy_keys, remember_cold, waking
from analytics.chat.fields import FIELDS
from analytics.chat.state import MEMBERS, State
from schemas.frame import Frame

_WINDOW_DAYS = 28


def coldest(state: State, day_starts: NDArray[np.int64], most: int) -> NDArray[np.int32]:
    """Rows of the coldest memberships, at most this many: those not seen for longest."""
    members, groups = state.members[: state.counts[MEMBERS]], state.groups
    day = np.searchsorted(day_starts, members["last_ms"], "right") - 1
    cold = (members["dirty"] == 0) & ~members["open_messages"].any(axis=1)
    cold &= (members["last_ms"] == 0) | (day < groups["closed_day"][members["group"]] - _WINDOW_DAYS)
    rows = np.flatnonzero(cold).astype(np.int32)
    if len(rows) <= most:
        return rows
    seen = np.maximum(members["last_ms"], members["in_ms"])[rows]
    return rows[np.argpartition(seen, most)[:most]]


class ColdMemberships:
    """The keys of the memberships that have left memory."""

    def __init__(self) -> None:
        self._keys, self._count = np.zeros(1024, np.uint64), 0

    def remember(self, state: State, rows: NDArray[np.int32]) -> None:
        """Keep the keys of these memberships, which are about to leave memory."""
        size = len(self._keys)
        while size < (self._count + len(rows)) * 2:
            size *= 2
        if size > len(self._keys):
            bigger = np.zeros(size, np.uint64)
            copy_keys(self._keys, bigger)
            self._keys = bigger
        self._count += remember_cold(state, rows, self._keys)

    def waking(self, state: State, frame: Frame) -> list[tuple[str, str]]:
        """Group and member ids of those that a frame needs."""
        if not self._count:
            return []
        rows = np.empty(len(frame.offsets), np.int64)
        rows = rows[: waking(state, frame, self._keys, rows)]
        found = set()
        for row in rows:
            (g, n), (m, k) = frame.spans[FIELDS.group_id, :, row], frame.spans[FIELDS.member_id, :, row]
            found.add((frame.buffer[g : g + n].tobytes().decode(), frame.buffer[m : m + k].tobytes().decode()))
        return sorted(found)
