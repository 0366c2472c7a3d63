"""The state of identity.links: none. Who an account belongs to is read from the landed records themselves.

The newest record of an account decides (`ts_ms`, then unlinking, then `event_id`), so neither order nor repetition
matters, and there is nothing to keep in memory.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.frame import Frame
from schemas.topics import LINKS
from streams.landing.event_rows import event_rows
from streams.state.base import PartitionState, RawRows


class _Nothing(NamedTuple):
    counts: NDArray[np.int64]


class LinkState(PartitionState):
    """One partition of identity.links."""

    contract = LINKS.name
    raw_table = "link_events"
    rows = {}  # noqa: RUF012
    tables = ()
    loaded = {}  # noqa: RUF012

    def __init__(self, time_zone: str = "UTC", lateness_h: int = 48, horizon: int = 4_000_000) -> None:
        self.horizon, self.state = 0, _Nothing(np.zeros(1, np.int64))

    def empty(self) -> "LinkState":
        """Another one."""
        return LinkState()

    def take(self, frame: Frame, store_text: bool) -> RawRows:
        """The rows of a frame."""
        return partial(event_rows, self.contract, frame, np.zeros(len(frame.offsets), np.uint8), None, store_text)

    def remember(self, hashes: NDArray[np.uint64], offsets: NDArray[np.int64]) -> None:
        """Repeated records need not be told from new ones."""
