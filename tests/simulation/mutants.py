"""The project with one rule broken, a function each: what the schedules must find, or they prove nothing.

A mutant is a context manager; inside it the rule is broken everywhere.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np

from analytics.chat.fields import FIELDS
from analytics.chat.state import DIRTY_MEMBERS, MEMBER_DAYS, MEMBERS
from analytics.kernels.calendar import HOUR_MS
from schemas.errors import BackpressureError
from schemas.frame import Frame
from sinks.contract import Chain, Checkpoint, Cut, Head
from streams.checkpoint import processor, takeover
from streams.checkpoint.task import Task
from streams.landing.event_rows import Applied
from streams.state.base import PartitionState
from streams.state.chat.cold import coldest
from streams.state.chat.load import load_groups
from streams.state.chat.state import CommunityState
from tests.memory import MemoryStore
from tests.simulation.cluster import Broker, Rows

Patches = tuple[AbstractContextManager[Any], ...]


def commit_before_checkpoint() -> Patches:
    """The commit does not wait until the checkpoint row is there."""
    write = MemoryStore.write_checkpoints

    def send(self: Rows, checkpoints: list[Checkpoint]) -> None:
        if any(checkpoint.cut.sequence == 0 for checkpoint in checkpoints):
            write(self.store, checkpoints)
        else:
            self.network.delay(lambda: write(self.store, checkpoints), self.network.random.choice((1, 10, 100, 400)))

    return (mock.patch.object(Rows, "write_checkpoints", send),)


def refused_commit_ignored() -> Patches:
    """Whoever is refused goes on as if nothing had been said."""
    commit = Broker.commit

    async def always(self: Broker, cuts: dict[int, tuple[int, int]]) -> bool:
        await commit(self, cuts)
        return True

    return (mock.patch.object(Broker, "commit", always),)


def vouched_without_commit() -> Patches:
    """A checkpoint is vouched for as soon as it is written."""
    write = Rows.write_checkpoints

    def vouch(self: Rows, checkpoints: list[Checkpoint]) -> None:
        write(self, checkpoints)
        self.vouch([Head(c.topic, c.partition, c.epoch, c.cut, c.offsets[c.topic], 0) for c in checkpoints])

    return (mock.patch.object(Rows, "write_checkpoints", vouch),)


class _OneCommit:
    """A broker that really commits the first time only."""

    def __init__(self, broker: Broker) -> None:
        self._broker, self._commits = broker, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def commit(self, cuts: dict[int, tuple[int, int]]) -> bool:
        self._commits += 1
        return await self._broker.commit(cuts) if self._commits == 1 else True


def one_commit_a_take_over() -> Patches:
    """The second commit of a take-over, behind its checkpoint, is left out."""
    take_over = takeover.take_over

    async def once(task: Task, broker: Broker, *args: Any) -> bool:
        return await take_over(task, _OneCommit(broker), *args)

    return (mock.patch.object(processor, "take_over", once),)


def dirty_rows_evicted() -> Patches:
    """Memberships leave memory whether checkpointed or not."""
    evict = CommunityState.evict

    def any_row(self: CommunityState, limit: int) -> int:
        state, n = self.state, self.count(MEMBERS)
        if n > limit:
            dirty = state.members["dirty"][:n].copy()
            state.members["dirty"][:n] = 0
            going = coldest(state, self.clock.day_starts, n - limit * 4 // 5)
            going = np.setdiff1d(going, state.member_days["membership"][: state.counts[MEMBER_DAYS]])
            dirty[going] = 0
            state.members["dirty"][:n] = dirty
            rows = np.flatnonzero(dirty).astype(np.int32)
            state.dirty_members[: len(rows)] = rows
            state.counts[DIRTY_MEMBERS] = len(rows)
        return evict(self, limit)

    return (mock.patch.object(CommunityState, "evict", any_row),)


def watermark_forgotten() -> Patches:
    """A loaded group begins with the time of the next record."""

    def load(state: CommunityState, table: Any) -> None:
        load_groups(state, table)
        state.state.groups["max_ms"] = 0

    return (
        mock.patch.dict(CommunityState.loaded, group_states=replace(CommunityState.loaded["group_states"], load=load)),
    )


def clock_forgotten() -> Patches:
    """A loaded partition has no clock before its next record."""
    fill = takeover.fill

    def forget(task: Task, *args: Any) -> None:
        fill(task, *args)
        task.state.clock_ms = 0

    return (mock.patch.object(takeover, "fill", forget),)


def days_closed_after_frames() -> Patches:
    """What closed days held is taken when the whole frame has been applied."""

    def apply(self: PartitionState, frame: Frame) -> Applied:
        applied, end = self.nothing_applied(len(frame.offsets)), len(frame.offsets)
        self.clock_ms, closings = self._clock.advance(self.clock_ms, frame)
        self.apply_rows(frame, 0, end, applied)
        for closing in closings:
            self._close(closing)
        return applied

    return (mock.patch.object(PartitionState, "apply", apply),)


def time_moved_by_frames() -> Patches:
    """A frame's highest time counts from its first record on."""
    apply = CommunityState.apply

    def early(self: CommunityState, frame: Any) -> Any:
        ok = frame.ok.astype(bool)
        if ok.any():
            groups = self.state.groups[: self.state.counts[0]]
            newest = np.minimum(frame.words[FIELDS.ts_ms], frame.timestamps)[ok].max()
            groups["closed_hour"] = np.maximum(groups["closed_hour"], (newest - self.clock.lateness_ms) // HOUR_MS)
        return apply(self, frame)

    return (mock.patch.object(CommunityState, "apply", early),)


def slots_never_change() -> Patches:
    """Every flush overwrites the row that the last checkpoint vouches for."""
    confirm = Task.confirm

    def keep(self: Task) -> None:
        assert self.flushing is not None
        for array, changed in self.flushing.found.changed.items():
            getattr(self.state.state, array)["slot"][changed] ^= 1
        confirm(self)

    return (mock.patch.object(Task, "confirm", keep),)


def void_terms_loaded() -> Patches:
    """Every checkpoint counts, on the chain or not."""

    def all_of_them(checkpoints: list[Checkpoint]) -> Chain:
        if not checkpoints:
            return Chain(None, {})
        head = max(checkpoints, key=lambda checkpoint: checkpoint.cut)
        last = {c.cut.term: max(o.cut.sequence for o in checkpoints if o.cut.term == c.cut.term) for c in checkpoints}
        return Chain(head, last)

    return (mock.patch.object(takeover, "chain", all_of_them),)


def memory_kept_always() -> Patches:
    """A worker that gets a partition back trusts its memory."""
    fill = takeover.fill

    def trust(task: Task, *args: Any) -> None:
        if task.cut == Cut(0, 0):
            fill(task, *args)

    return (mock.patch.object(takeover, "fill", trust),)


def ids_forgotten() -> Patches:
    """A worker that loads its state does not know which events came before."""
    return (mock.patch.object(takeover, "load_ids", lambda state, table: None),)


def unacknowledged_rows_checkpointed() -> Patches:
    """A table whose insert failed is not tried again."""
    insert = Rows.insert

    def once(self: Rows, table: str, rows: Any) -> None:
        with suppress(BackpressureError):
            insert(self, table, rows)

    return (mock.patch.object(Rows, "insert", once),)


#: A broken rule, and the trouble that shows it soonest.
MUTANTS: dict[Callable[[], Patches], tuple[str, ...]] = {
    commit_before_checkpoint: ("freeze_midway", "crash_midway", "usurp"),
    refused_commit_ignored: ("kick", "crash_midway", "away"),
    one_commit_a_take_over: ("freeze_midway", "kick"),
    dirty_rows_evicted: ("join",),
    watermark_forgotten: ("crash_midway",),
    clock_forgotten: ("crash_midway",),
    days_closed_after_frames: ("crash",),
    time_moved_by_frames: ("crash",),
    slots_never_change: ("crash_midway",),
    void_terms_loaded: ("freeze_midway", "crash_midway", "usurp"),
    memory_kept_always: ("kick", "freeze"),
    ids_forgotten: ("crash",),
    unacknowledged_rows_checkpointed: ("crash",),
    vouched_without_commit: ("kick", "freeze_midway"),
}
#: Those that the product's rows show, too. Nothing in them closes or leaves memory; and what a void term or a refused
#: worker wrote does no harm there, or seldom: the same records set the same minima, maxima and days again.
IN_PRODUCT = (
    one_commit_a_take_over,
    slots_never_change,
    memory_kept_always,
    ids_forgotten,
    unacknowledged_rows_checkpointed,
    clock_forgotten,
    days_closed_after_frames,
)
#: Links keep no state but the clock: what can be lost is records, and that.
IN_LINKS = (one_commit_a_take_over, unacknowledged_rows_checkpointed, clock_forgotten)


@contextmanager
def broken(mutant: Callable[[], Patches]) -> Iterator[None]:
    """The project with a rule broken."""
    with ExitStack() as stack:
        for patch in mutant():
            stack.enter_context(patch)
        yield
