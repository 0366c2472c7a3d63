"""A schedule: workers, worlds and faults, run step by step until all has landed. The same schedule, the same run.

The project's own processor, tasks and take-over run in every simulated worker; only Kafka, ClickHouse, threads and time
are doubles (`tests.simulation.cluster`, `tests.simulation.loop`).
"""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from unittest import mock

from hypothesis import strategies as st

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.contract import Checkpoint, chain
from streams import retry
from tests.oracle.product_worlds import LINK_EVENTS, USERS, product_worlds, topic_worlds
from tests.oracle.worlds import GROUPS, ZONES, World, worlds
from tests.simulation.cluster import Group, Letters, Log, Network, Rows
from tests.simulation.loop import Clock
from tests.simulation.worker import Worker

#: What may befall a deployment. `kick`: the session times out while the worker goes on; `freeze`: so it does when it
#: stands still, and later it goes on with its memory; `usurp`: it is kicked, and who took over is killed soon after;
#: `crash_midway`, `freeze_midway`: at one of the next writes or commits, whoever makes it; `leave`: as one is asked
#: to stop; `away`: ClickHouse is.
FAULTS = (
    "crash", "crash_midway", "crash_midway", "freeze", "freeze_midway", "freeze_midway", "kick", "kick", "usurp",
    "usurp", "join", "leave", "away",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """After so many steps something befalls one of the workers, for so many steps."""

    after: int
    kind: str
    worker: int
    steps: int


@dataclass(frozen=True)
class Schedule:
    """All that a run depends on; `contract` names the topic."""

    contract: str
    worlds: tuple[World, ...]
    sizes: tuple[int, ...]
    faults: tuple[Fault, ...]
    seed: int
    unreliable: float
    workers: int
    flush_events: int
    memberships: int


def _chat(size: int, number: int, zones: tuple[str, ...], least: int) -> st.SearchStrategy[World]:
    return worlds(size, zones, tuple(f"{number}{name}" for name in GROUPS), least)


def _product(size: int, number: int, zones: tuple[str, ...], least: int) -> st.SearchStrategy[World]:
    return product_worlds(size, zones, tuple(f"{number}{name}" for name in USERS), least)


def _links(size: int, _: int, zones: tuple[str, ...], least: int) -> st.SearchStrategy[World]:
    return topic_worlds(LINK_EVENTS, size, zones, least)


#: Worlds of one partition by topic: of so many records at most, keys with its number before them.
_WORLDS = {CHAT.name: _chat, PRODUCT.name: _product, LINKS.name: _links}


@st.composite
def schedules(draw: st.DrawFn, kinds: tuple[str, ...] = FAULTS, contract: str = CHAT.name) -> Schedule:
    """Small deployments in trouble of these kinds."""
    large, of = st.sampled_from((1, 12, 25)), _WORLDS[contract]
    first = draw(of(40, 0, tuple(sorted(ZONES)), draw(large)))
    found = [first]
    for number in range(1, draw(st.integers(1, 3))):
        other = draw(of(30, number, (first.zone,), draw(large)))
        found.append(replace(other, lateness_h=first.lateness_h, horizon=first.horizon))
    fault = st.builds(
        Fault,
        st.sampled_from((0, 5, 20, 50, 120)),
        st.sampled_from(kinds),
        st.integers(0, 3),
        st.sampled_from((5, 40, 200, 600)),
    )
    return Schedule(
        contract,
        tuple(found),
        tuple(draw(st.lists(st.sampled_from((1, 2, 5)), min_size=1, max_size=3))),
        tuple(draw(st.lists(fault, min_size=draw(st.sampled_from((0, 5, 12))), max_size=20))),
        draw(st.integers(0, 1 << 32)),
        draw(st.sampled_from((0.0, 0.1, 0.4))),
        draw(st.integers(1, 3)),
        draw(st.sampled_from((1, 4, 12))),
        draw(st.sampled_from((2, 1_000))),
    )


@dataclass
class Run:
    """One run of a schedule."""

    schedule: Schedule
    workers: list[Worker] = field(default_factory=list)
    befallen: Counter[str] = field(default_factory=Counter)
    usurped: list[tuple[Worker, int]] = field(default_factory=list)
    traps: list[list[Any]] = field(default_factory=list)
    acting: Worker | None = None

    def __post_init__(self) -> None:
        schedule, self.clock = self.schedule, Clock()
        self.random = random.Random(schedule.seed)
        self.network = Network(self.random)
        self.logs = self._logs()
        self.group, self.letters = Group(len(self.logs)), Letters()
        self.rows = self._rows()
        for _ in range(schedule.workers):
            self._join()

    def _logs(self) -> list[Log]:
        return [Log(world, self.schedule.sizes) for world in self.schedule.worlds]

    def _rows(self) -> Rows:
        return Rows(self.network, self.schedule.unreliable, lambda: self.boundary(self.acting), self.group.accepted)

    def _worker(self, name: str) -> Worker:
        return Worker(self, name)

    def _join(self) -> None:
        worker = self._worker(f"w{len(self.workers)}")
        self.workers.append(worker)
        self.network.send(lambda: None if worker.process.dead else self.group.change(self.network, join=worker))

    @property
    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if not worker.process.dead]

    def _befall(self, fault: Fault) -> None:
        if fault.kind.endswith("midway"):
            steps = self.random.randrange(self.random.choice((12, 80)))
            self.traps.append([steps, replace(fault, kind=fault.kind.removesuffix("_midway"))])
        elif fault.kind == "join":
            self.befallen["join"] += 1
            self._join()
        elif fault.kind == "away":
            self.befallen["away"] += 1
            self.rows.away = True
            self.network.delay(self._back, fault.steps)
        elif self.alive:
            self._trouble(fault, self.alive[fault.worker % len(self.alive)])

    def _trouble(self, fault: Fault, worker: Worker, midway: str = "") -> None:
        self.befallen[fault.kind + midway] += 1
        gone = lambda: self.group.change(self.network, leave=worker)  # noqa: E731
        if fault.kind == "leave":
            worker.leave()
        elif fault.kind == "crash":
            self._kill(worker, fault.steps)
        else:
            worker.process.frozen = fault.kind == "freeze"
            if len(self.alive) == 1:
                self._join()
            self.network.delay(gone, 0 if fault.kind == "usurp" else fault.steps // 5)
            self.network.delay(lambda: self._return(worker), fault.steps)
            if fault.kind == "usurp":
                self.usurped.append((worker, self.group.generation))

    def boundary(self, worker: Worker | None) -> None:
        """A worker has come to a step of a flush or of a take-over that the world sees."""
        if not self.traps or worker is None or worker.process.dead:
            return
        if self.traps[0][0] > 0:
            self.traps[0][0] -= 1
        else:
            self._trouble(self.traps.pop(0)[1], worker, " midway")

    def accepted(self, cuts: dict[int, tuple[int, int]]) -> None:
        """Kafka has taken a commit: the checkpoints that it belongs to count for good."""
        for partition, (offset, term) in cuts.items():
            self.group.accepted[partition] |= {
                checkpoint.cut
                for checkpoint in self.written(partition)
                if (checkpoint.cut.term, checkpoint.offsets[self.schedule.contract]) == (term, offset)
            }

    def written(self, partition: int) -> list[Checkpoint]:
        """The checkpoints that have been written of a partition."""
        return self.rows.store.checkpoints(self.schedule.contract, partition, 0)

    def _kill(self, worker: Worker, steps: int) -> None:
        worker.process.kill()
        self.network.delay(lambda: self.group.change(self.network, leave=worker), steps // 5)
        self.network.delay(self._join, steps // 2)

    def _avenge(self) -> None:
        """Kill who has just taken over from a worker that does not know it."""
        for worker, generation in self.usurped:
            heirs = [w for w in self.alive if w is not worker and w.generation > generation and w.processor.running]
            if heirs:
                self.usurped = [one for one in self.usurped if one[0] is not worker]
                self.network.delay(lambda heir=heirs[0]: self._kill(heir, 0), self.random.choice((1, 10, 30)))  # type: ignore[misc]

    def _back(self) -> None:
        self.rows.away = False

    def _return(self, worker: Worker) -> None:
        """A worker that was out of the group goes on, and in its own time hears that it has to join again."""
        worker.process.frozen = False
        if not worker.process.dead:
            self.network.delay(lambda: self._rejoin(worker), self.random.choice((1, 30, 200)))

    def _rejoin(self, worker: Worker) -> None:
        if not worker.process.dead and worker not in self.group.members:
            self.group.change(self.network, join=worker)

    @cached_property
    def _span(self) -> int:
        return sum(fault.after for fault in self.schedule.faults) + 150

    @property
    def come(self) -> float:
        """Share of all records that the topic has by now: they come while the faults do, and a little longer."""
        return self.network.step / self._span

    # --- steps

    def step(self) -> bool:
        """One thing happens somewhere; False when nothing can."""
        self.network.tick()
        self._avenge()
        choices: list[tuple[Worker | None, Any]] = [(worker, step) for worker in self.alive for step in worker.steps]
        if self.network.soon:
            choices += [(None, self._arrive)] * min(3, len(self.network.soon))
        if not choices or self.random.random() < 0.01:
            return self._wait() or bool(choices)
        self.acting, step = choices[self.random.randrange(len(choices))]
        step(self.random.randrange(1 << 16))
        return True

    def _arrive(self, choice: int) -> None:
        self.network.soon.pop(choice % len(self.network.soon))()

    def _wait(self) -> bool:
        """Time passes until the next timer is due."""
        due = [at for worker in self.workers if (at := worker.process.next_timer) is not None]
        self.clock.now = max(self.clock.now, min(due, default=self.clock.now))
        return bool(due) or bool(self.network.later)

    def finished(self) -> bool:
        """Everything is checkpointed, committed and vouched for, and nothing is on its way."""
        if self.network.later or self.network.soon:
            return False
        contract, store = self.schedule.contract, self.rows.store
        for partition, log in enumerate(self.logs):
            head = chain(store.checkpoints(contract, partition, 0)).head
            vouched = store.heads.get((contract, partition, 0))
            committed, _ = self.group.committed.get(partition, (0, 0))
            if head is None or vouched is None or not committed == head.offsets[contract] == log.end:
                return False
            if (vouched.cut, vouched.next_offset) != (head.cut, log.end):
                return False
        return True

    def go(self, limit: int = 10_000) -> None:
        """Run to the end: the faults first, then as long as it takes without any."""
        with mock.patch.object(retry, "random", self.random):
            self._go(limit)

    def _go(self, limit: int) -> None:
        for fault in self.schedule.faults:
            for _ in range(fault.after):
                self.step()
            self._check()
            self._befall(fault)
        for count in range(limit):
            self.step()
            if count % 25 == 0:
                self._check()
                if not self.alive:
                    self._join()
                if self.finished():
                    return
        raise AssertionError(f"not done after {limit} more steps")

    def _check(self) -> None:
        for worker in self.workers:
            worker.check()
