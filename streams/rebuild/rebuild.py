"""All numbers made anew from the landed records, beside those in use, up to the very record these have come to.

`rebuild` makes a new epoch and switches to it; `verify` makes one only to compare. Workers may go on meanwhile. What is
computed belongs to a checkpoint that can no longer become void: one that was committed to Kafka.
"""

import logging
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

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
from streams.rebuild.replay import Replay, landed_frames, new_task

log = logging.getLogger(__name__)
#: Number of the epoch that is computed only to be compared or picked from; never read by views or workers.
SCRATCH = 255
#: How often what was landed meanwhile is caught up with.
_ROUNDS = 5

Report = Callable[[int, int], None]


@dataclass
class Rebuilt:
    """What a rebuild did: records replayed, offsets at which nothing is landed, epochs that were dropped."""

    epoch: int
    records: int = 0
    missing: int = 0
    dropped: list[int] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """What was done, for people and programs."""
        return asdict(self)


@dataclass
class Verified:
    """What a comparison found, by table; `partitions` have rows."""

    tables: dict[str, Compared]
    records: int = 0
    missing: int = 0
    partitions: int = 0

    @property
    def different(self) -> int:
        """Keys whose rows differ."""
        return sum(len(found.different) for found in self.tables.values())

    def summary(self) -> dict[str, Any]:
        """What was found, for people and programs."""
        counts = {table: {"keys": f.keys, "different": len(f.different)} for table, f in self.tables.items()}
        return {
            "records": self.records, "missing": self.missing, "partitions": self.partitions,
            "different": self.different, "not_compared": self.open,
            "corrected": sum(found.corrected for found in self.tables.values()), "tables": counts,
            "examples": [asdict(example) for found in self.tables.values() for example in found.examples],
        }  # fmt: skip

    @property
    def open(self) -> int:
        """Keys that could not be compared: workers overwrote them all the time."""
        return sum(len(found.open - found.different) for found in self.tables.values())


class Rebuild:
    """One deployment, its numbers in use, and where others are computed.

    `committed` gives the offsets committed to Kafka; `report(done, all)` counts offsets.
    """

    def __init__(
        self, config: WorkerConfig, origin: Origin, committed: Callable[[], dict[int, int]],
        report: Report = lambda done, all_: None, jobs: int = 2,
    ) -> None:  # fmt: skip
        self.config, self.store = config, ClickHouseStore(config.address)
        self.worker = f"rebuild:{socket.gethostname()}:{os.getpid()}"
        self._committed, self._report, self._jobs = committed, report, jobs
        found = self.store.epoch(config.agent.contract)
        if found is None:
            raise ConfigError(
                f"The database {config.address.database} has no numbers of {config.agent.contract} yet: run its worker."
            )
        check(found, origin, found.settings)
        self.current, self._replays = found, dict[int, Replay]()

    @classmethod
    def of(cls, config: WorkerConfig, report: Report) -> "Rebuild":
        """The deployment that a worker of this configuration belongs to."""
        check_tables(config.address, written_by(config.agent))
        committed = partial(committed_offsets, config.kafka, config.group, config.topic)
        return cls(config, topic_origin(config.kafka, config.topic), committed, report)

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
        """Bring the partitions of an epoch in the making to these cuts. Returns how many records that took."""
        ends = {p: cut.head.offsets[self.config.topic] for p, cut in cuts.items() if cut.head is not None}
        for partition in ends.keys() - self._replays.keys():
            task = new_task(epoch, self.config.agent, partition, self.worker, self.config.max_memberships)
            self._replays[partition] = Replay(self.store, task)
            self._replays[partition].begin()
        done, whole = sum(self._replays[p].task.next_offset for p in ends), sum(ends.values())
        self._report(done, whole)

        def forward(partition: int) -> int:
            def said(offsets: int) -> None:
                nonlocal done
                done += offsets
                self._report(done, whole)

            replay = self._replays[partition]
            return replay.run(landed_frames(self._raw(partition), replay.task.next_offset, ends[partition]), said)

        with ThreadPoolExecutor(self._jobs, "rebuild") as pool:
            return sum(pool.map(forward, sorted(ends)))

    def missing(self, cuts: dict[int, Chain]) -> int:
        """Offsets before the cuts, from the first landed one on, that are neither an event nor a dead letter."""
        return sum(
            self._raw(partition).missing(cut.head.offsets[self.config.topic])
            for partition, cut in cuts.items()
            if cut.head is not None
        )

    def _raw(self, partition: int) -> RawRecords:
        return RawRecords(self.store, self.config.topic, partition, self.config.agent)

    def _drop(self, number: int) -> None:
        drop_epoch(self.store.address, number, self.config.agent)

    # --- anew

    def target(self) -> Epoch:
        """The epoch to make: one that was begun with the present settings, or the next."""
        known = self.store.epochs(self.config.agent.contract)
        wanted = replace(self.current, settings=self.config.numbers)
        for epoch, ready in known:
            if not ready and epoch.number > self.current.number:
                if epoch == replace(wanted, number=epoch.number):
                    log.info("Going on with epoch %d, which was begun before.", epoch.number)
                    return epoch
                self._drop(epoch.number)
        number = max(epoch.number for epoch, _ in known) + 1
        if number >= SCRATCH:
            raise ConfigError(f"The database has had {number} epochs, the most there can be: land it in a new one.")
        return replace(wanted, number=number)

    def was_corrected(self) -> bool:
        """Whether closed hours and days in use have been corrected; then those made anew are to be, too."""
        ours = f"topic = {quote(self.config.topic)} AND epoch = {self.current.number}"
        table = f"{self.store.address.database}.corrections"
        return bool(self.store.native.execute(f"SELECT count() FROM {table} WHERE {ours}")[0][0])

    def rebuild(self, drop_old: bool = False) -> Rebuilt:
        """Make the new epoch, catch up with what was landed meanwhile, and switch to it.

        The epoch before it is kept, unless `drop_old`, and those before that are dropped.
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
        self.store.claim(epoch)
        make_views(self.store.address, self.config.time_zone, self.config.nickname)
        below = epoch.number if drop_old else self.current.number
        result.dropped = [n for n in epochs_with_rows(self.store.address, self.config.agent) if n < below]
        for number in result.dropped:
            self._drop(number)
        return result

    # --- beside

    def verify(self) -> Verified:
        """Compute everything once more with the settings in use, and compare row by row. Leaves nothing behind.

        Rows that workers overwrite meanwhile are compared again a little later; those that never stand still stay open.
        """
        check_rules(self.current, self.config.agent)
        self._drop(SCRATCH)
        scratch = replace(self.current, number=SCRATCH)
        result = Verified({table.name: Compared() for table in self.config.agent.computed})
        try:
            for number, cuts in enumerate(self._rounds()):
                result.records += self.replay(scratch, cuts)
                result.missing, result.partitions = self.missing(cuts), len(cuts)
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
