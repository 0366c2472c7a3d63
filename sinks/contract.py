"""What a store of results and state must do: take rows, keep checkpoints, return a cut.

`sinks.clickhouse.store` is the real one; tests have doubles with the same semantics.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

EPOCH_SHIFT, TERM_SHIFT, SEQUENCE_SHIFT = 56, 32, 1
TERM_MASK, SEQUENCE_MASK = (1 << 24) - 1, (1 << 31) - 1
#: Lowest bit of a version: the row was corrected, and replaces what its cut and those before it wrote.
CORRECTED = 1


@dataclass(frozen=True, order=True)
class Cut:
    """A place on a task's chain of checkpoints."""

    term: int
    sequence: int

    def version(self, epoch: int = 0) -> int:
        """The version that rows of this cut carry."""
        return epoch << EPOCH_SHIFT | self.term << TERM_SHIFT | self.sequence << SEQUENCE_SHIFT

    @classmethod
    def of(cls, version: int) -> "Cut":
        """The cut that wrote a row of this version."""
        return cls(version >> TERM_SHIFT & TERM_MASK, version >> SEQUENCE_SHIFT & SEQUENCE_MASK)


@dataclass(frozen=True)
class Origin:
    """The topic that events come from; `cluster` and `topic_id` are Kafka's own ids, new for a recreated topic."""

    cluster: str
    topic: str
    topic_id: str
    partitions: int


@dataclass(frozen=True)
class Epoch:
    """A complete set of an agent's numbers and what they depend on: a topic and settings.

    `contract` names the topic in the contract, whatever prefix it has on its broker. Rows of different epochs are
    stored side by side and never mix.
    """

    number: int
    settings: str
    origin: Origin
    contract: str


@dataclass(frozen=True)
class Checkpoint:
    """All rows of `cut` and before belong to exactly these next offsets.

    `parent` is the cut from which the term went on (only for sequence 0; None: from nothing). `clock_ms` is the
    partition's clock there; 0: no record has come.
    """

    topic: str
    partition: int
    cut: Cut
    offsets: dict[str, int]
    parent: Cut | None = None
    epoch: int = 0
    worker: str = ""
    clock_ms: int = 0


@dataclass(frozen=True)
class Head:
    """A checkpoint of which Kafka has taken the commit: nothing can make it void any more.

    `next_offset` is that of its task, `begin_offset` the one at which its term began; `clock_ms` is the partition's
    clock at `next_offset` (0: no record has come). Rows landed after a restored backup belong to a newer term.
    """

    topic: str
    partition: int
    epoch: int
    cut: Cut
    next_offset: int
    begin_offset: int
    clock_ms: int = 0
    worker: str = ""

    @property
    def version(self) -> int:
        """The version that rows of its checkpoint carry."""
        return self.cut.version(self.epoch)


@dataclass(frozen=True)
class Chain:
    """The valid checkpoints of a task: its head, and for every term on the way back the last sequence that counts."""

    head: Checkpoint | None
    last: dict[int, int]
    epoch: int = 0


#: Nothing was written before.
NO_CHAIN = Chain(None, {})


def chain(checkpoints: list[Checkpoint]) -> Chain:
    """Follow one task's checkpoints in an epoch from the newest back along the parents; the others are void."""
    by_cut = {checkpoint.cut: checkpoint for checkpoint in checkpoints}
    if not by_cut:
        return Chain(None, {})
    head = max(by_cut)
    last: dict[int, int] = {}
    cut: Cut | None = head
    while cut is not None and cut.term not in last:
        last[cut.term] = cut.sequence
        first = by_cut.get(Cut(cut.term, 0))
        cut = first.parent if first else None
    return Chain(by_cut[head], last, by_cut[head].epoch)


class Store(Protocol):
    """Where rows and checkpoints are kept.

    Every call blocks until it is done, so a worker makes them in threads of its own, several at a time: implementations
    must be safe to share. Transient faults (a server that is unreachable or busy) raise `BackpressureError`, and the
    caller tries again; anything else ends the worker. The order of calls is what makes numbers exact:

    - In a take-over: `epoch` (and `claim` in an empty database), `checkpoints`, `load` and `event_ids` for the cut of
      the chain's head, `write_checkpoints` for the first one of the term.
    - In a flush: `insert` for every table, in any order and at once; when all have returned, `write_checkpoints`. Once
      Kafka has taken the commit: `vouch`, for which nothing waits.
    - While frames are applied: `load` with `keys`, for rows that are not in memory; the frame waits.
    """

    def insert(self, table: str, rows: pa.Table) -> None:
        """Land rows; all of them are on disk when the call returns. The same rows may be landed twice."""

    def write_checkpoints(self, checkpoints: list[Checkpoint]) -> None:
        """Land checkpoints; called after everything that they cover has landed."""

    def vouch(self, heads: list[Head]) -> None:
        """Land heads, whose checkpoints are committed. The newest version counts of a task in an epoch."""

    def checkpoints(self, topic: str, partition: int, epoch: int) -> list[Checkpoint]:
        """All checkpoints of a task in an epoch."""

    def load(
        self, table: str, topic: str, partition: int, valid: Chain, columns: tuple[str, ...],
        keys: Sequence[tuple[str, ...]] | None = None,
    ) -> pa.Table:  # fmt: skip
        """Each key's newest row on the chain; of a key's two slots, one. Only these keys, if given.

        Rows of hours and days that are closed may be left out.
        """

    def event_ids(self, table: str, topic: str, partition: int, first: int, end: int) -> pa.Table:
        """`event_hash` and `offset` of the records in a table from offset `first` up to `end`, in offset order."""

    def epoch(self, contract: str) -> Epoch | None:
        """The epoch of a contract topic that is read and written now; None: nothing has been written yet."""

    def claim(self, epoch: Epoch) -> None:
        """Make an epoch the one that is read and written; of several claims to one number, the first wins."""
