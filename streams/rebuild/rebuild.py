"""Rebuilds all numbers from the landed records, alongside those in use, up to the same record.

`rebuild` builds a new epoch and switches to it; `verify` builds one only to compare. Workers may continue meanwhile.
What is computed belongs to a checkpoint that can no longer become void: one that was committed to Kafka.
"""

import logging
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial

from schemas.errors import BackpressureError, ConfigError
from sinks.clickhouse.epochs import drop_epoch, epochs_with_rows
from sinks.clickhouse.guard import check as check_tables
from sinks.clickhouse.guard import written_by
from sinks.clickhouse.readers.compare import Compared, Comparison
from sinks.clickhouse.readers.raw import RawRecords
from sinks.clickhouse.store import ClickHouseStore, quote
from sinks.clickhouse.views import make_views
from sinks.contract import Chain, Epoch, Origin, chain
from streams.checkpoint.epochs import check, check_rules
from streams.config import WorkerConfig
from streams.kafka.broker import topic_origin
from streams.kafka.lag import committed_offsets
from streams.operations.exclusions import Exclusions, read_exclusions
from streams.operations.settling import Settling
from streams.rebuild.outcomes import Rebuilt, Verified
from streams.rebuild.replay import Replay, landed_frames, new_task
from streams.retry import wait_for

log = logging.getLogger(__name__)
#: Number of the scratch epoch, computed only for comparison or correction; views and workers never read it.
SCRATCH = 255
#: How many times to catch up with what landed meanwhile.
_ROUNDS = 5

Report = Callable[[int, int], None]


class Rebuild:
    """One deployment, its numbers in use, and where others are computed.

    `committed` gives the offsets committed to Kafka; `report(done, all)` counts offsets; `exclusions` are the
    operators'.
    """

    def __init__(
        self, config: WorkerConfig, origin: Origin, committed: Callable[[], dict[int, int]],
        report: Report = lambda done, all_: None, jobs: int = 2, exclusions: Exclusions | None = None,
    ) -> None:  # fmt: skip
        self.config, self.store = config, ClickHouseStore(config.address)
        self.worker = f"rebuild:{socket.gethostname()}:{os.getpid()}"
        self._committed, self._report, self._jobs = committed, report, jobs
        self.exclusions = exclusions or Exclusions(config.agent.contract)
        self.settling = Settling(self.store, config.agent, config.topic, self.exclusions)
        found = self.store.epoch(config.agent.contract)
        if found is None:
            raise ConfigError(
                f"The database {config.address.database} has no numbers of {config.agent.contract} yet: run its worker."
            )
        check(found, origin, found.settings)
        self.current, self._replays = found, dict[int, Replay]()

    @classmethod
    def of(cls, config: WorkerConfig, report: Report) -> "Rebuild":
        """The deployment to which a worker of this configuration belongs."""
        check_tables(config.address, written_by(config.agent))
        committed = partial(committed_offsets, config.kafka, config.group, config.topic)
        decided = read_exclusions(config.kafka, config.topic_prefix, config.agent.contract)
        return cls(config, topic_origin(config.kafka, config.topic), committed, report, exclusions=decided)

    # --- where to

    def frozen(self) -> dict[int, Chain]:
        """The chain of every partition that has one, up to its newest checkpoint that cannot become void."""
        committed, topic, found = self._committed(), self.config.topic, {}
        for partition in range(self.current.origin.partitions):
            valid = chain(self.store.checkpoints(topic, partition, self.current.number))
            at = self.store.chain_at(topic, partition, valid, committed.get(partition))
            if at.head is not None and at.head.offsets[topic]:
                found[partition] = at
        return found

    def replay(self, epoch: Epoch, cuts: dict[int, Chain]) -> int:
        """Bring the partitions of an unfinished epoch to these cuts. Returns the number of records replayed."""
        ends = ends_of(cuts, self.config.topic)
        for partition in ends.keys() - self._replays.keys():
            task = new_task(epoch, self.config.agent, partition, self.worker, self.config.max_memberships)
            self._replays[partition] = Replay(self.store, task)
            self._replays[partition].begin()
        done, whole = sum(self._replays[p].task.next_offset for p in ends), sum(ends.values())
        self._report(done, whole)

        def forward(partition: int) -> int:
            def moved(offsets: int) -> None:
                nonlocal done
                done += offsets
                self._report(done, whole)

            replay = self._replays[partition]
            return replay.run(
                landed_frames(self._raw(partition, epoch.number), replay.task.next_offset, ends[partition]), moved
            )

        with ThreadPoolExecutor(self._jobs, "rebuild") as pool:
            return sum(pool.map(forward, sorted(ends)))

    def missing(self, cuts: dict[int, Chain]) -> int:
        """Offsets before the cuts, from the first landed one on, that are neither an event nor a dead letter."""
        return sum(self._raw(partition).missing(end) for partition, end in ends_of(cuts, self.config.topic).items())

    def _raw(self, partition: int, epoch: int = SCRATCH) -> RawRecords:
        """The records for an epoch: one that will be used leaves out what is excluded now."""
        excluded = None if epoch == SCRATCH else frozenset(self.exclusions.offsets(partition).tolist())
        return RawRecords(self.store, self.config.topic, partition, self.config.agent, excluded)

    def _drop(self, number: int) -> None:
        drop_epoch(self.store.address, number, self.config.agent)

    # --- rebuilding

    def target(self) -> Epoch:
        """The epoch to make: an unfinished one with the present settings, or the next."""
        known = self.store.epochs(self.config.agent.contract)
        wanted = replace(self.current, settings=self.config.numbers)
        for epoch, ready in known:
            if not ready and epoch.number > self.current.number:
                # what was excluded when it was begun is no longer known
                if epoch == replace(wanted, number=epoch.number) and not self.exclusions.decided:
                    log.info("Continuing the unfinished epoch %d.", epoch.number)
                    return epoch
                self._drop(epoch.number)
        return replace(wanted, number=next_number(known))

    def was_corrected(self) -> bool:
        """Whether closed hours and days in use have been corrected; then rebuilt ones must be too."""
        ours = f"topic = {quote(self.config.topic)} AND epoch = {self.current.number}"
        table = f"{self.store.address.database}.corrections"
        return bool(self.store.native.execute(f"SELECT count() FROM {table} WHERE {ours}")[0][0])

    def rebuild(self, drop_old: bool = False) -> Rebuilt:
        """Build the new epoch, catch up with what landed meanwhile, and switch to it, vouched for.

        The epoch before it is kept, unless `drop_old`; older ones are dropped.
        """
        epoch = self.target()
        self.store.claim(epoch, ready=False)
        cuts = self.frozen()
        result = Rebuilt(epoch.number, self.replay(epoch, cuts), self.missing(cuts))
        for _ in range(_ROUNDS):
            newer = self.frozen()
            if newer == cuts:
                break
            cuts = newer
            result.records += self.replay(epoch, cuts)
        wait_for(lambda: self.store.vouch([one.task.head for one in self._replays.values()]), "vouching for the epoch")
        if not self.config.agent.states:  # whoever reads its records begins anew with the epoch: mark them before
            self.settling.settle(ends_of(cuts, self.config.topic))
        self.store.claim(epoch)
        self.settling.settle(ends_of(cuts, self.config.topic))
        result.excluded = [f"{one.subject} ({one.reason})" for one in self.exclusions.in_force]
        make_views(self.store.address, self.config.time_zone)
        below = epoch.number if drop_old else self.current.number
        result.dropped = [n for n in epochs_with_rows(self.store.address, self.config.agent) if n < below]
        for number in result.dropped:
            self._drop(number)
        return result

    # --- verifying

    def verify(self) -> Verified:
        """Recompute everything with the settings in use, and compare row by row. Leaves nothing behind.

        Rows that workers overwrite meanwhile are compared again a little later; those that keep changing stay open.
        """
        check_rules(self.current, self.config.agent)
        self._drop(SCRATCH)
        scratch = replace(self.current, number=SCRATCH)
        result = Verified({table.name: Compared() for table in self.config.agent.computed})
        try:
            for number, cuts in enumerate(self._rounds()):
                result.records += self.replay(scratch, cuts)
                result.missing, result.partitions = self.missing(cuts), len(cuts)
                ends = ends_of(cuts, self.config.topic)
                result.excluded = self.settling.passed_over(ends)
                result.unsettled = len(self.settling.counted(ends)) + len(self.settling.left_out(ends))
                self._compare(cuts, result, number == 0)
                if not any(found.open for found in result.tables.values()):
                    break
        finally:
            with suppress(BackpressureError):
                self._drop(SCRATCH)
        return result

    def _rounds(self) -> Iterator[dict[int, Chain]]:
        cuts: dict[int, Chain] = {}
        for _ in range(_ROUNDS):
            newer = self.frozen()
            if newer == cuts:
                return
            cuts = newer
            yield cuts

    def _compare(self, cuts: dict[int, Chain], result: Verified, first: bool) -> None:
        for table, total in result.tables.items():
            found = [
                Comparison(self.store, self.config.topic, partition, cut, SCRATCH).table(table)
                for partition, cut in cuts.items()
            ]
            total.keys, total.corrected = sum(one.keys for one in found), sum(one.corrected for one in found)
            still_open = set[int]().union(*(one.open for one in found))
            total.open = still_open if first else total.open & still_open
            total.different = total.different.union(*(one.different for one in found))
            total.examples = total.examples or [example for one in found for example in one.examples]


def next_number(known: list[tuple[Epoch, bool]]) -> int:
    """The number of an agent's next epoch. Raises `ConfigError` when there are no more."""
    number = max(epoch.number for epoch, _ in known) + 1
    if number >= SCRATCH:
        raise ConfigError(f"The database has had {number} epochs, the maximum: land the events in a new database.")
    return number


def ends_of(cuts: dict[int, Chain], topic: str) -> dict[int, int]:
    """By partition, the offset up to which a cut goes."""
    return {partition: cut.head.offsets[topic] for partition, cut in cuts.items() if cut.head is not None}
