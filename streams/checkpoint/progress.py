"""What a worker has done so far: counts, times of the last checkpoints, seconds per stage. Plain numbers, no I/O."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.checkpoint.flush import Flush


@dataclass
class Progress:
    """Counts since the process began, for people, benches and metrics.

    `events` are offsets applied; `landed` and `letters` (dead letters by error) count what is committed;
    `checkpointed_at` holds the Unix time of the newest checkpoint of each partition that is or was ours; `counted_at`
    that of the newest look at what other agents have landed of which all has landed in turn (0: none); `rows` counts
    inserted rows by table.
    """

    events: int = 0
    landed: int = 0
    frames: int = 0
    flushes: int = 0
    refused_commits: int = 0
    take_overs: int = 0
    reading_since: float = 0.0
    last_flush_at: float = 0.0
    counted_at: float = 0.0
    letters: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    checkpointed_at: dict[int, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def dead_letters(self) -> int:
        """Dead letters landed."""
        return self.letters.total()

    def taken_over(self, partition: int) -> None:
        """Count a take-over: a partition became ours with a checkpoint of our own."""
        self.take_overs += 1
        self.checkpointed_at[partition] = time.time()
        self.reading_since = self.reading_since or time.time()

    def flushed(self, flushes: Iterable[Flush]) -> None:
        """Count flushes that were landed, checkpointed and committed together."""
        self.flushes += 1
        self.last_flush_at = time.time()
        for flush in flushes:
            self.landed += flush.events
            self.letters.update(letter.error for letter in flush.letters)
            self.checkpointed_at[flush.checkpoint.partition] = self.last_flush_at
