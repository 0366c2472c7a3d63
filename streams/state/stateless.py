"""The state of an agent that keeps none but the partition's clock: its records land, and questions read these.

That is enough where neither order nor repetition of records matters, as for `identity.links`: the newest record of an
account decides (`ts_ms`, then unlinking, then `event_id`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.agents import AgentSpec
from schemas.frame import Frame
from streams.landing.event_rows import Applied
from streams.state.base import PartitionState


class _Nothing(NamedTuple):
    counts: NDArray[np.int64]


class Stateless(PartitionState):
    """One partition of an agent that keeps nothing."""

    rows = {}  # noqa: RUF012
    tables = ()
    loaded = {}  # noqa: RUF012

    def __init__(self, agent: AgentSpec, time_zone: str = "UTC", lateness_h: int = 48) -> None:
        self.agent, self.state = agent, _Nothing(np.zeros(1, np.int64))
        super().__init__(time_zone, lateness_h, horizon=0)

    def empty(self) -> "Stateless":
        """Another one."""
        return Stateless(self.agent, *self._settings[:2])

    def apply_rows(self, frame: Frame, first: int, until: int, applied: Applied) -> None:
        """Nothing counts here."""

    def remember(self, hashes: NDArray[np.uint64], offsets: NDArray[np.int64]) -> None:
        """Remember nothing: repeated records need not be told from new ones."""
