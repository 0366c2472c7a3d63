"""What a simulated world is to be like: sizes, shares, faults, and the random streams that make it repeatable."""

import hashlib
import time
from dataclasses import asdict, dataclass, field
from functools import cached_property
from zlib import crc32

import numpy as np
import orjson

from schemas.errors import ConfigError
from schemas.fields import MIN_TS_MS

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
#: A time that never comes, milliseconds.
NEVER = 2**62


def current_hour_ms() -> int:
    """The beginning of the present hour, milliseconds."""
    return int(time.time()) * 1000 // HOUR_MS * HOUR_MS


@dataclass(frozen=True)
class Plan:
    """A world to simulate. The same plan gives the same bytes.

    `members` counts memberships (a person in two groups counts twice). `days` are UTC days, the last one ends at
    `end_ms`. `events` is the approximate number of `chat.events` without repeated and broken ones (None: what the
    members' habits produce), `use` how much users do in the product, relative to the usual. `broadcasts` are links that
    operators post in hundreds of groups. With `calls_only`, operators' everyday messages are no implicit calls. Shares
    and fault fractions lie in 0..1.
    """

    seed: int = 0
    groups: int = 20
    members: int = 1_000
    days: int = 30
    end_ms: int = field(default_factory=current_hour_ms)
    events: int | None = None
    late: float = 0.01
    repeated: float = 0.005
    broken: float = 0.001
    replies: float = 0.25
    mentions: float = 0.1
    questions: float = 0.12
    links: float = 0.05
    text: bool = False
    heartbeat_h: int = 6
    roster_days: int = 28
    call_days: int = 7
    campaigns: int = 6
    broadcasts: int = 0
    use: float = 1.0
    calls_only: bool = False
    worst_case: bool = False

    def __post_init__(self) -> None:
        for name in ("late", "repeated", "broken", "replies", "mentions", "questions", "links"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} = {getattr(self, name)}: give a fraction between 0 and 1.")
        for name in ("groups", "members", "days", "heartbeat_h", "roster_days", "call_days"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} = {getattr(self, name)}: give 1 or more.")
        if min(self.seed, self.campaigns, self.broadcasts, self.use, self.events or 0) < 0:
            raise ConfigError("seed, campaigns, broadcasts, use and events cannot be negative.")
        if self.members < 5 * self.groups and not self.worst_case:
            raise ConfigError(f"{self.groups} groups need at least {5 * self.groups} members, not {self.members}.")
        if self.start_ms < MIN_TS_MS:
            raise ConfigError("The simulated time begins before the year 2000: choose a later end or fewer days.")

    @property
    def start_ms(self) -> int:
        """Midnight (UTC) at which the first day begins, milliseconds."""
        return (self.end_ms - 1) // DAY_MS * DAY_MS - (self.days - 1) * DAY_MS

    @cached_property
    def run(self) -> str:
        """Eight characters that differ between plans; event ids begin with them."""
        return hashlib.blake2b(orjson.dumps(asdict(self)), digest_size=4).hexdigest()

    @property
    def workspace(self) -> str:
        """The middle of every group id: worlds of different seeds share no group."""
        return f"s{self.seed}"

    def rng(self, name: str, number: int = 0) -> np.random.Generator:
        """The random stream of one part of the simulation; parts do not disturb each other."""
        return np.random.default_rng([self.seed, crc32(name.encode()), number])
