"""What a store of results and state must do: take rows, keep checkpoints, give a cut back.

`sinks.clickhouse.store` is the real one; tests have doubles with the same semantics.
"""

from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

EPOCH_SHIFT, TERM_SHIFT = 56, 32
TERM_MASK, SEQUENCE_MASK = (1 << 24) - 1, (1 << 32) - 1


@dataclass(frozen=True, order=True)
class Cut:
    """A place on a task's chain of checkpoints."""

    term: int
    sequence: int

    def version(self, epoch: int = 0) -> int:
        """The version that rows of this cut carry."""
        return epoch << EPOCH_SHIFT | self.term << TERM_SHIFT | self.sequence


@dataclass(frozen=True)
class Checkpoint:
    """All rows of `cut` and before belong to exactly these next offsets.

    `parent` is the cut from which the term went on (only for sequence 0; None: from nothing). `settings` are those the
    numbers were made with; `topic_ids` tell a recreated topic from the old one.
    """

    topic: str
    partition: int
    cut: Cut
    offsets: dict[str, int]
    parent: Cut | None = None
    topic_ids: dict[str, str] = field(default_factory=dict)
    settings: str = ""
    worker: str = ""


@dataclass(frozen=True)
class Chain:
    """The valid checkpoints of a task: its head, and of every term on the way back the last sequence that counts."""

    head: Checkpoint | None
    last: dict[int, int]


def chain(checkpoints: list[Checkpoint]) -> Chain:
    """Follow the checkpoints of one task from the newest back along the parents; what is not on the way is void."""
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
    return Chain(by_cut[head], last)


class Store(Protocol):
    """Where rows and checkpoints stand. All calls block; a passing fault raises `BackpressureError`."""

    def insert(self, table: str, rows: pa.Table) -> None:
        """Land rows; they are there, to the last one, when the call returns."""

    def write_checkpoints(self, checkpoints: list[Checkpoint]) -> None:
        """Land checkpoints, after everything they vouch for."""

    def checkpoints(self, topic: str, partition: int) -> list[Checkpoint]:
        """All checkpoints of a task."""

    def load(
        self, table: str, topic: str, partition: int, valid: Chain, columns: tuple[str, ...],
        keys: list[tuple[str, str]] | None = None,
    ) -> pa.Table:  # fmt: skip
        """Each key's newest row on the chain; with the two slots of a key, one of them. Only these keys, if given."""

    def event_ids(self, topic: str, partition: int, first: int, end: int) -> pa.Table:
        """`event_hash` and `offset` of the records landed from offset `first` up to `end`, in offset order."""
