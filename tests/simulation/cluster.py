"""Kafka and ClickHouse as a schedule sees them: messages on any way, a consumer group, a store with bad answers.

Everything that crosses the network is a step of its own: a request, its effect, its answer. Choices come from one
seeded `random.Random`.
"""

import math
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from schemas.errors import BackpressureError
from schemas.frame import Records
from sinks.contract import Chain, Checkpoint, Cut, Epoch, Head, Origin
from streams.dead_letters.letter import Letter
from streams.kafka.records import read_records
from tests.memory import ORIGIN, MemoryStore, record_batch
from tests.oracle.worlds import World
from tests.simulation.loop import Process

Action = Callable[[], None]


@dataclass
class Network:
    """What is on its way: `soon` in any order, `later` after so many more steps."""

    random: random.Random
    soon: list[Action] = field(default_factory=list)
    later: list[tuple[int, Action]] = field(default_factory=list)
    step: int = 0

    def send(self, action: Action) -> None:
        """It arrives at some time."""
        self.soon.append(action)

    def delay(self, action: Action, steps: int) -> None:
        """It arrives at some time after so many more steps."""
        self.later.append((self.step + steps, action))

    def tick(self) -> None:
        """One more step is taken."""
        self.step += 1
        due = [one for one in self.later if one[0] <= self.step]
        self.later = [one for one in self.later if one[0] > self.step]
        self.soon += [action for _, action in due]


class Log:
    """One partition of the topic: record batches, of which a fetch gives any number; they come by and by."""

    def __init__(self, world: World, sizes: Sequence[int]) -> None:
        self.begin, self.end = world.records[0].offset, world.records[-1].offset + 1
        self.batches: list[tuple[int, bytes]] = []
        rest, at = list(world.records), 0
        while rest:
            taken, rest = rest[: sizes[at % len(sizes)]], rest[sizes[at % len(sizes)] :]
            last = rest[0].offset - 1 if rest else self.end - 1
            batch = record_batch([(r.offset, r.kafka_ts_ms, b"k", r.value) for r in taken], 0, last)
            self.batches.append((last, batch))
            at += 1

    def ready(self, position: int, share: float) -> list[bytes]:
        """The batches from a position on when so large a share of all has come; the first may begin before it."""
        come = self.batches[: math.ceil(len(self.batches) * min(share, 1.0))]
        return [batch for last, batch in come if last >= position]

    def fetch(self, position: int, share: float, most: int) -> Records:
        """The records of the next batches."""
        return read_records(b"".join(self.ready(position, share)[:most]), position)


@dataclass
class Group:
    """The consumer group: who is in it, in which generation, and what was committed."""

    partitions: int
    members: list[Any] = field(default_factory=list)
    generation: int = 0
    committed: dict[int, tuple[int, int]] = field(default_factory=dict)
    #: By partition, all checkpoints whose commits were taken.
    accepted: dict[int, set[Cut]] = field(default_factory=lambda: defaultdict(set))

    def change(self, network: Network, join: Any = None, leave: Any = None) -> None:
        """Somebody joins or leaves: a new generation, of which every member hears in its own time."""
        self.members = [member for member in self.members if member is not leave and member is not join]
        if join is not None:
            self.members.append(join)
        self.generation += 1
        for place, member in enumerate(self.members):
            share = [p for p in range(self.partitions) if p % len(self.members) == place]
            network.send(lambda member=member, now=self.generation, share=share: member.hear(now, share))  # type: ignore[misc]


@dataclass
class Broker:
    """`streams.checkpoint.takeover.Broker` of one worker in one generation."""

    group: Group
    logs: list[Log]
    network: Network
    process: Process
    worker: Any
    generation: int
    unreliable: float
    topic: str

    async def _ask(self, effect: Callable[[], Any], lossy: bool = False) -> Any:
        """One request: it arrives, has its effect, and the answer comes back, or nothing does and it is sent again."""
        answered = self.process.create_future()
        chance = self.network.random.random() if lossy else 1.0

        def answer(result: Any) -> None:
            if not answered.done() and not self.process.dead:
                answered.set_result(result)

        def arrive() -> None:
            result = effect() if chance >= self.unreliable / 2 else None
            lost = chance < self.unreliable
            self.network.send(lambda: answer((lost, result)))

        self.network.send(arrive)
        lost, result = await answered
        return await self._ask(effect, lossy) if lost else result

    async def committed(self, partition: int) -> tuple[int, int]:
        found: tuple[int, int] = await self._ask(lambda: self.group.committed.get(partition, (0, 0)))
        return found

    async def commit(self, cuts: dict[int, tuple[int, int]]) -> bool:
        def effect() -> bool:
            self.worker.run.boundary(self.worker)
            if self.group.generation != self.generation or self.worker not in self.group.members:
                return False
            self.group.committed |= cuts
            self.worker.run.accepted(cuts)
            self.worker.run.boundary(self.worker)
            return True

        return bool(await self._ask(effect, lossy=True))

    async def bounds(self, partition: int) -> tuple[int, int]:
        log = self.logs[partition]
        return log.begin, log.end

    async def all_bounds(self, partitions: list[int]) -> tuple[dict[int, int], dict[int, int]]:
        return {p: self.logs[p].begin for p in partitions}, {p: self.logs[p].end for p in partitions}

    async def stable_ends(self, partitions: list[int]) -> dict[int, int]:
        return {p: self.logs[p].end for p in partitions}

    async def origin(self) -> Origin:
        return replace(ORIGIN, topic=self.topic)

    async def seek(self, positions: dict[int, int]) -> None:
        if self.worker.generation == self.generation:
            self.worker.positions |= positions


@dataclass
class Letters:
    """Dead letters that Kafka has taken."""

    sent: set[tuple[int, int]] = field(default_factory=set)

    async def send(self, letters: list[Letter], ended: Callable[[], bool]) -> None:
        self.sent |= {(letter.partition, letter.offset) for letter in letters}


@dataclass
class Rows:
    """One ClickHouse, shared by all workers; `away`: it takes nothing and answers nothing."""

    network: Network
    unreliable: float
    boundary: Action
    accepted: dict[int, set[Cut]] = field(default_factory=dict)
    store: MemoryStore = field(default_factory=MemoryStore)
    away: bool = False

    def _write(self, effect: Action) -> None:
        """A write may work, fail, fail with its effect there, there later, or there twice."""
        self.boundary()
        chance = self.network.random.random() / self.unreliable if self.unreliable else 9.0
        if self.away or chance < 0.2:
            raise BackpressureError("refused")
        if chance < 0.5:
            self.network.delay(effect, self.network.random.choice((1, 10, 100, 400)))
            raise BackpressureError("no answer yet")
        effect()
        self.boundary()
        if chance < 0.8:
            raise BackpressureError("answer lost")
        if chance < 1:
            self.network.delay(effect, self.network.random.choice((1, 10, 100, 400)))

    def _read(self) -> None:
        if self.away or self.network.random.random() < self.unreliable / 4:
            raise BackpressureError("no answer")

    def insert(self, table: str, rows: pa.Table) -> None:
        self._write(lambda: self.store.insert(table, rows))

    def write_checkpoints(self, checkpoints: list[Checkpoint]) -> None:
        self._write(lambda: self.store.write_checkpoints(checkpoints))

    def vouch(self, heads: list[Head]) -> None:
        for head in heads:
            assert head.cut in self.accepted[head.partition], f"{head} was never committed"
        self._write(lambda: self.store.vouch(heads))

    def checkpoints(self, topic: str, partition: int, epoch: int) -> list[Checkpoint]:
        self._read()
        return self.store.checkpoints(topic, partition, epoch)

    def epoch(self, contract: str) -> Epoch | None:
        self._read()
        return self.store.epoch(contract)

    def claim(self, epoch: Epoch) -> None:
        self._write(lambda: self.store.claim(epoch))

    def load(
        self, table: str, topic: str, partition: int, valid: Chain, columns: tuple[str, ...],
        keys: Sequence[tuple[str, ...]] | None = None,
    ) -> pa.Table:  # fmt: skip
        if keys is None:  # a read-back waits in its thread, in real time
            self._read()
        return self.store.load(table, topic, partition, valid, columns, keys)

    def event_ids(self, table: str, topic: str, partition: int, first: int, end: int) -> pa.Table:
        self._read()
        return self.store.event_ids(table, topic, partition, first, end)
