"""The people agent in simulated trouble: its own processor, task, take-over and terms; its sources go on meanwhile.

What it works out is simple on purpose: of every key how often it came, by rows of state and by facts.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from schemas.agents import PEOPLE
from schemas.topics import CHAT, PRODUCT
from sinks.clickhouse.readers import marks as marks_module
from sinks.clickhouse.readers.marks import Marks
from sinks.contract import TERM_SHIFT, Cut
from streams.checkpoint.epochs import numbers_settings
from streams.checkpoint.flush import Flush
from streams.checkpoint.processor import Processor
from streams.people.processor import PeopleProcessor
from streams.people.task import PeopleTask
from streams.state.arrays import Collected
from streams.state.base import PartitionState
from tests.simulation.cluster import Rows
from tests.simulation.people_sources import Source
from tests.simulation.schedule import FAULTS, Fault, Run, Schedule
from tests.simulation.worker import Worker

#: What befalls sources beside what befalls workers of people: another owner, a record is excluded, numbers are rebuilt
#: or corrected.
OF_SOURCES = ("moves", "exclude", "exclude", "rebuild", "correct")
#: What befalls the whole database.
OF_BACKUPS = ("backup", "restore")
_NAMES, _MEMBERS = ("a", "b", "c", "d"), "people_members"
#: Of a key: its count by rows of state, and by facts.
Found = dict[str, tuple[int, int]]


class _None(NamedTuple):
    nothing: Any = np.zeros(1, np.int64)


def follows(rows: dict[Any, dict[str, int]], facts: dict[Any, dict[int, str]]) -> Found:
    """What follows from rows and facts of all sources: the rule that people's rows are held against."""
    counts, said = Counter[str](), Counter[str]()
    for place in rows:
        counts.update(rows[place])
        said.update(facts[place].values())
    return {key: (counts[key], said[key]) for key in counts | said}


class _NoDays:
    """No day closes."""

    in_use = published = number = 0
    due, unread = False, None
    fit = SimpleNamespace(score=None)

    def belongs_to(self, marks: Marks) -> bool:
        return True

    def load(self, reader: Any, marks: Marks) -> Any:
        return SimpleNamespace(fit=self.fit)

    def read(self, reader: Any) -> None: ...
    def seen(self, marks: Marks, now: Any) -> None: ...


class Counts(PartitionState):
    """Stands in for `PeopleState`: reads the sources' rows and facts beyond marks, and lands what differs."""

    agent, rows, tables, loaded = PEOPLE, {}, (), {}
    wanted = None

    def __init__(self) -> None:
        self.horizon, self.state, self.marks, self.now = 0, _None(), Marks(), None
        self.days = _NoDays()
        self._rows, self._facts = {}, {}  # type: ignore[var-annotated]
        self.landed, self._waiting = Found(), dict[str, tuple[int, int] | None]()

    def empty(self) -> "Counts":
        return Counts()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def settled(self, now: Any) -> bool:
        return now is not None

    def read(self, reader: Any, since: Marks, now: Marks) -> dict[str, Any]:
        """What is new, source by source, while they go on."""
        found = {}
        for source in reader.store.sources:
            reader.store.meanwhile()
            place, landed = (source.contract, 0), source.landed
            version, offset = since.versions.get(place, 0), since.offsets.get(place, 0)
            found[source.contract] = (
                {k: n for (epoch, k), (v, n) in landed.rows.items() if epoch == landed.epoch and v > version},
                {at: key for at, key in landed.facts.items() if at >= offset},
            )
        reader.store.meanwhile()
        return found

    def take(self, changed: dict[str, Any], marks: Marks, now: Any, loaded: Any = None) -> None:
        for contract, (rows, facts) in changed.items():
            self._rows.setdefault(contract, {}).update(rows)
            self._facts.setdefault(contract, {}).update(facts)
        self.marks, self.now = marks, now
        for key, value in follows(self._rows, self._facts).items():
            if self.landed.get(key) != value:
                self.landed[key] = self._waiting[key] = value

    def collect(self) -> Collected:
        found, (waiting, self._waiting) = Collected(), (self._waiting, {})
        keys, values = list(waiting), np.array(list(waiting.values()), np.int64).reshape(-1, 2)
        columns = {"group_id": pa.array(keys), "joined_ms": pa.array(values[:, 0]), "spoke_ms": pa.array(values[:, 1])}
        found.add(_MEMBERS, partial(pa.table, columns))
        return found

    def confirmed(self, found: Collected) -> None: ...
    def put_back(self, found: Collected) -> None: ...
    def close(self) -> None: ...
    def evict(self, limit: int) -> int:
        return 0


@dataclass
class Task(PeopleTask):
    """`PeopleTask` with the simulated time; remembers for the judge what is complete behind each flush."""

    def _now(self, reader: Any, found: Marks, fit: Any) -> Any:
        return SimpleNamespace(score=fit.score)

    def begin_flush(self) -> Flush | None:
        flush = super().begin_flush()
        if flush is not None:
            COMPLETE[self.worker, flush.version] = dict(self.state.landed)  # type: ignore[arg-type]
        return flush


#: By worker and version of a flush: all rows of the term that are there once it has landed. Of the run under way.
COMPLETE: dict[tuple[str, int], Found] = {}


@dataclass
class PeopleRows(Rows):
    """ClickHouse with the tables of people and of their sources."""

    sources: list[Source] = field(default_factory=list)
    #: By term, every row that has landed: version, key, value.
    people: dict[int, list[tuple[int, str, tuple[int, int]]]] = field(default_factory=dict)
    published: int = 0
    #: A backup: rows of people, what is published, checkpoints, and what each source has landed.
    kept: Any = None
    address: Any = field(default_factory=lambda: SimpleNamespace(database="d", cluster=""))

    @property
    def native(self) -> Any:
        return self

    def backup(self) -> None:
        """Keep all that there is."""
        self.kept = deepcopy((self.people, self.published, self.store, [one.landed for one in self.sources]))

    def restore(self) -> None:
        """What has landed since the backup is gone, and workers of sources begin again."""
        self.people, self.published, self.store, landed = deepcopy(self.kept)
        for source, one in zip(self.sources, landed, strict=True):
            source.landed = one
            source.taken_over()

    def time_zones(self, default: str) -> tuple[str, str]:
        """No source has another than the default."""
        return default, default

    def meanwhile(self) -> None:
        """Sources go on while somebody reads."""
        for _ in range(self.network.random.choice((0, 0, 1, 5))):
            self.network.random.choice(self.sources).step()

    def execute(self, query: str, *given: Any) -> Any:
        """Answers the statements of `marks`, `published`, and of dropping terms."""
        if "DROP PARTITION" in query:
            term = int(re.search(r",(\d+)\)", query)[1])  # type: ignore[index]
            return self._write(lambda: self.people.pop(term, None))  # type: ignore[func-returns-value]
        self._read()
        if "system.parts" in query:
            ours = any(table.name == given[-1]["table"] for table in PEOPLE.states)
            return [(f"(0,{term})",) for term in self.people if ours]
        if "people_terms" in query:
            return [(self.published,)]
        if "corrections" in query:
            return [(sum(source.landed.corrections for source in self.sources), 0)]
        if "min(offsets" in query:
            epoch, term = (int(re.search(rf"{name} (?:=|>) (\d+)", query)[1]) for name in ("epoch", "term"))  # type: ignore[index]
            topic = re.search("topic = '([^']+)'", query)[1]  # type: ignore[index]
            return [(next(one.least_begin(epoch, term) for one in self.sources if one.contract == topic),)]
        return [(0, 0)]

    def insert(self, table: str, rows: pa.Table) -> None:
        if table == "people_terms":
            (version,) = rows["version"].to_pylist()
            self._write(lambda: self._publish(version))
        else:
            self._write(lambda: self._land(rows.to_pylist()))

    def _land(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            found = row["version"], row["group_id"], (row["joined_ms"], row["spoke_ms"])
            self.people.setdefault(row["version"] >> TERM_SHIFT, []).append(found)

    def _publish(self, version: int) -> None:
        if version <= self.published:
            return
        assert Cut.of(version) in self.accepted[0], f"{Cut.of(version)} is read before Kafka has taken its commit"
        complete = [rows for (_, of), rows in COMPLETE.items() if of == version]
        assert self.newest([version >> TERM_SHIFT], version) in complete, f"not all of {Cut.of(version)} is there"
        self.published = version

    def newest(self, terms: list[int], up_to: int = 1 << 62) -> Found:
        """The newest row of every key in these terms."""
        rows = sorted(row for term in terms for row in self.people.get(term, []) if row[0] <= up_to)
        return {key: value for _, key, value in rows}

    def view(self) -> Found:
        """What is asked."""
        return self.newest([self.published >> TERM_SHIFT])

    def follows(self) -> Found:
        """What should be: all that follows from what the sources have landed."""
        return follows(
            {one.contract: one.landed.counts() for one in self.sources},
            {one.contract: one.landed.facts for one in self.sources},
        )


class PeopleWorker(Worker):
    """One process with a processor of people."""

    def _new(self) -> type[Processor]:
        return PeopleProcessor

    def _task(self, partition: int) -> Task:
        settings = numbers_settings("UTC", 48, 4_000_000, PEOPLE.rules)
        return Task(PEOPLE.contract, partition, Counts(), settings, worker=self.name)  # type: ignore[arg-type]


class _NoRecords:
    """The log of a topic without records."""

    begin = end = 0

    def ready(self, position: int, share: float) -> list[bytes]:
        return []


@st.composite
def people_schedules(draw: st.DrawFn, kinds: tuple[str, ...] = (*FAULTS, *OF_SOURCES, *OF_BACKUPS)) -> Schedule:
    """Deployments of people in trouble of these kinds."""
    fault = st.builds(
        Fault, st.sampled_from((0, 5, 20, 50, 120)), st.sampled_from(kinds), st.integers(0, 3),
        st.sampled_from((5, 40, 200, 600)),
    )  # fmt: skip
    faults = draw(st.lists(fault, min_size=draw(st.sampled_from((0, 5, 12))), max_size=20))
    seed, unreliable = draw(st.integers(0, 1 << 32)), draw(st.sampled_from((0.0, 0.1, 0.4)))
    return Schedule(PEOPLE.contract, (), (), tuple(faults), seed, unreliable, draw(st.integers(1, 3)), 1, 1)


@dataclass
class PeopleRun(Run):
    """One run: workers of people, and two sources that go on beside them."""

    rows: PeopleRows = field(init=False)

    def _logs(self) -> list[Any]:
        return [_NoRecords()]

    def _rows(self) -> PeopleRows:
        COMPLETE.clear()
        rows = PeopleRows(
            self.network, self.schedule.unreliable, lambda: self.boundary(self.acting), self.group.accepted
        )
        for contract in (CHAT.name, PRODUCT.name):
            records = [self.random.choice(_NAMES) for _ in range(40)]
            rows.sources.append(Source(contract, records, self.random))
        return rows

    def _worker(self, name: str) -> PeopleWorker:
        return PeopleWorker(self, name)

    def _befall(self, fault: Fault) -> None:
        if fault.kind in OF_BACKUPS:
            return self._back_up(fault.kind)
        if fault.kind not in OF_SOURCES:
            return super()._befall(fault)
        self.befallen[fault.kind] += 1
        source = self.rows.sources[fault.worker % len(self.rows.sources)]
        if fault.kind == "moves":
            source.taken_over()
        else:
            getattr(source, fault.kind)()
        return None

    def _back_up(self, kind: str) -> None:
        """Keep or restore the database; not while a flush is under way, whose rows nobody would miss."""
        if kind == "backup":
            self.befallen[kind] += 1
            self.rows.backup()
        elif self.rows.kept is not None and all(self._has_landed(worker) for worker in self.alive):
            self.befallen[kind] += 1
            self.rows.restore()

    def _has_landed(self, worker: Any) -> bool:
        """Whether a worker has taken over what it owns, and all that it has begun to land is published."""
        tasks, running = worker.processor.tasks, worker.processor.running
        return tasks.keys() == set(running) and all(
            task.flushing is None and (not task.cut.sequence or self.rows.published >= task.cut.version(task.epoch))
            for task in tasks.values()
        )

    def step(self) -> bool:
        """One thing happens to a source, or somewhere else."""
        if self.random.random() < 0.1:
            self.random.choice(self.rows.sources).step()
        return super().step()

    def finished(self) -> bool:
        """All has landed, a worker has found nothing more to work out, and nothing is on its way."""
        if self.network.later or self.network.soon or not all(source.done for source in self.rows.sources):
            return False
        owners = [worker.processor for worker in self.alive if worker.processor.running and not worker.process.frozen]
        return any(self._idle(processor.tasks[0]) for processor in owners)

    def _idle(self, task: Any) -> bool:
        """Whether a task has landed, and published, all that the sources have."""
        newest = {(one.contract, 0): one.landed.heads[one.landed.epoch].version for one in self.rows.sources}
        mine = task.state.marks.versions == newest and task.flushing is None and not task.state.waiting
        return bool(mine and self.rows.published >= task.cut.version(task.epoch) and task.cut.sequence)


@contextmanager
def people_world() -> Iterator[None]:
    """Heads are those of the simulated sources, and owners have no jobs."""

    def read(store: Any) -> Any:
        return {source.contract: source.vouched() for source in store.sources}

    with (
        mock.patch.object(marks_module, "read_heads", read),
        mock.patch.object(PeopleProcessor, "new_jobs", staticmethod(lambda store: [])),
    ):
        yield
