"""The people agent in simulated trouble: its own processor, task, take-over and terms; its sources go on meanwhile.

What it works out is simple on purpose: of every key how often it came, by rows of state and by facts.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
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
from sinks.clickhouse.readers.closed_days import TABLES
from sinks.clickhouse.readers.marks import Marks
from sinks.contract import TERM_SHIFT, Checkpoint, Cut, Head
from streams.checkpoint.epochs import numbers_settings
from streams.checkpoint.flush import Flush
from streams.checkpoint.processor import Processor
from streams.people.closed_days.day_rows import CUTS
from streams.people.closed_days.days import Days
from streams.people.processor import PeopleProcessor
from streams.people.task import PeopleTask
from streams.state.arrays import Collected
from streams.state.base import PartitionState
from tests.simulation.cluster import Rows
from tests.simulation.people_days import Histories, closing, key_of, undisturbed
from tests.simulation.people_sources import DAY_MS, FIRST_DAY, PRESENT_DAY, Source
from tests.simulation.schedule import FAULTS, Fault, Run, Schedule
from tests.simulation.worker import Worker

#: What befalls sources beside what befalls workers of people: another owner, a record is excluded, numbers are rebuilt
#: or corrected.
OF_SOURCES = ("moves", "exclude", "exclude", "rebuild", "correct")
#: What befalls the whole database.
OF_BACKUPS = ("backup", "restore", "restore_midway")
_NAMES, _MEMBERS = ("a", "b", "c", "d"), "people_members"
#: Of a key: its count by rows of state, and by facts, and the score of the newest closed day.
Found = dict[str, tuple[int, int, float]]


class _None(NamedTuple):
    nothing: Any = np.zeros(1, np.int64)


def follows(rows: dict[Any, dict[str, int]], facts: dict[Any, dict[int, str]], score: float) -> Found:
    """What follows from rows and facts of all sources: the rule that people's rows are held against."""
    counts, said = Counter[str](), Counter[str]()
    for place in rows:
        counts.update(rows[place])
        said.update(facts[place].values())
    return {key: (counts[key], said[key], score) for key in counts | said}


class _Everybody:
    """Nobody follows what members were on a closed day."""

    def follow(self, *_: Any) -> None: ...


class Counts(PartitionState):
    """Stands in for `PeopleState`: reads the sources' rows and facts beyond marks, and lands what differs."""

    agent, rows, tables, loaded = PEOPLE, {}, (), {}
    wanted = None

    def __init__(self) -> None:
        self.horizon, self.state, self.marks, self.now = 0, _None(), Marks(), None
        self.days = Days(_Everybody(), 0.0)  # type: ignore[arg-type]
        self._rows, self._facts = {}, {}  # type: ignore[var-annotated]
        self.landed, self._waiting = Found(), Found()

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
        if loaded is not None:
            self.days.begin(loaded)
        self.marks, self.now = marks, now
        for key, value in follows(self._rows, self._facts, float(now.score.mean[0])).items():
            if self.landed.get(key) != value:
                self.landed[key] = self._waiting[key] = value

    def collect(self) -> Collected:
        found, (waiting, self._waiting) = Collected(), (self._waiting, {})
        counts, said, scores = zip(*waiting.values(), strict=True) if waiting else ((), (), ())
        columns = {"group_id": list(waiting), "joined_ms": counts, "spoke_ms": said, "score": scores}
        found.add(_MEMBERS, partial(pa.table, columns))
        return found

    def confirmed(self, found: Collected) -> None: ...
    def put_back(self, found: Collected) -> None: ...
    def close(self) -> None: ...
    def evict(self, limit: int) -> int:
        return 0


@dataclass
class Task(PeopleTask):
    """`PeopleTask` with the simulated time; remembers for the judge what is complete behind each flush, and what its
    term should know to have been published."""

    known: int = 0

    def resume(self, *args: Any, **more: Any) -> None:
        super().resume(*args, **more)
        self.known = 0

    def look(self, store: Any) -> Any:
        newest = store.published
        found = super().look(store)
        self.known = max(self.known, newest)
        return found

    def publish(self, store: Any, heads: list[Head]) -> None:
        super().publish(store, heads)
        ours = (head.version for head in heads if head.cut.term == self.cut.term and head.cut.sequence)
        self.known = max(self.known, *ours, 0)

    def _now(self, reader: Any, found: Marks, fit: Any) -> Any:
        return SimpleNamespace(score=fit.score, ms=min(max(found.clocks.values(), default=0), found.present_ms))

    def begin_flush(self) -> Flush | None:
        flush = super().begin_flush()
        if flush is not None:
            COMPLETE[self.worker, flush.version] = dict(self.state.landed)  # type: ignore[arg-type]
        return flush


#: By worker and version of a flush: all rows of the term that are there once it has landed. Of the run under way.
COMPLETE: dict[tuple[str, int], Found] = {}


class _Write(partial[None]):
    """The effect of a write, which may be on its way."""


@dataclass
class PeopleRows(Rows):
    """ClickHouse with the tables of people and of their sources."""

    sources: list[Source] = field(default_factory=list)
    #: By term, every row that has landed: version, key, value.
    people: dict[int, list[tuple[int, str, tuple[int, int, float]]]] = field(default_factory=dict)
    #: Closed days, and what was told of them, by event id.
    histories: Histories = field(default_factory=dict)
    told: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    #: The numbers of all histories of which anything has landed.
    numbers: set[int] = field(default_factory=set)
    #: The newest version that is read, and the history.
    published: int = 0
    history: int = 0
    #: A backup: rows of people, what is published, checkpoints, and what each source has landed.
    kept: Any = None
    #: Checkpoints that had been written before a restore.
    lost: list[Checkpoint] = field(default_factory=list)
    address: Any = field(default_factory=lambda: SimpleNamespace(database="d", cluster=""))

    @property
    def native(self) -> Any:
        return self

    def backup(self) -> None:
        """Keep all that there is."""
        landed = [one.landed for one in self.sources]
        self.kept = deepcopy((self.published, self.history, self.people, self.histories, self.store, landed))

    def restore(self) -> None:
        """What landed since the backup is gone, what is on its way never lands, and workers of sources begin again."""
        self.lost += self.store.kept
        way = self.network
        way.soon = [action for action in way.soon if not isinstance(action, _Write)]
        way.later = [one for one in way.later if not isinstance(one[1], _Write)]
        self.published, self.history, self.people, self.histories, self.store, landed = deepcopy(self.kept)
        for source, one in zip(self.sources, landed, strict=True):
            source.landed = one
            source.taken_over()

    def write(self, effect: Callable[[], object]) -> None:
        """A write to the database that there is when it arrives."""
        super()._write(_Write(effect))

    _write = write

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
            return self.write(lambda: self.people.pop(term, None))  # type: ignore[func-returns-value]
        if "INSERT INTO d.people_terms" in query:
            version, history, known = map(int, re.search(r"0, (\d+), (\d+) FROM .* >= (\d+)", query).groups())  # type: ignore[union-attr]
            return self.write(lambda: self._publish(version, history) if self.published >= known else None)  # type: ignore[func-returns-value]
        self._read()
        if "system.parts" in query:
            ours = any(table.name == given[-1]["table"] for table in PEOPLE.states)
            return [(f"(0,{term})",) for term in self.people if ours]
        if "people_terms" in query:
            return [(self.published,)]
        if "corrections" in query:
            return [(sum(source.landed.corrections for source in self.sources), PRESENT_DAY * DAY_MS)]
        if "min(offsets" in query:
            epoch, term = (int(re.search(rf"{name} (?:=|>) (\d+)", query)[1]) for name in ("epoch", "term"))  # type: ignore[index]
            topic = re.search("topic = '([^']+)'", query)[1]  # type: ignore[index]
            return [(next(one.least_begin(epoch, term) for one in self.sources if one.contract == topic),)]
        return [(0, 0)]

    def insert(self, table: str, rows: pa.Table) -> None:
        land = partial(self.land_days, table) if table in TABLES else self._land
        self.write(lambda: land(rows.to_pylist()))

    def _land(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            found = row["version"], row["group_id"], (row["joined_ms"], row["spoke_ms"], row["score"])
            self.people.setdefault(row["version"] >> TERM_SHIFT, []).append(found)

    def land_days(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Rows of closed days replace those that have their keys."""
        for row in rows:
            self.numbers.add(history := row["history"])
            told = {name: value for name, value in row.items() if name != "history"}
            self.histories.setdefault(history, {}).setdefault(table, {})[key_of(told)] = told

    def drop_days(self, history: int, table: str) -> None:
        """Nothing of a history is left in a table."""
        self.histories.get(history, {}).pop(table, None)

    def tell(self, changes: list[dict[str, Any]]) -> None:
        """Changes of members on closed days reach their topic."""
        super()._write(lambda: [self.told.setdefault(one["event_id"], []).append(one) for one in changes])  # type: ignore[arg-type, return-value]

    def _publish(self, version: int, history: int) -> None:
        if version <= self.published:
            return
        assert Cut.of(version) in self.accepted[0], f"{Cut.of(version)} is read before Kafka has taken its commit"
        complete = [rows for (_, of), rows in COMPLETE.items() if of == version]
        assert self.newest([version >> TERM_SHIFT], version) in complete, f"not all of {Cut.of(version)} is there"
        self._switch(history)
        self.published = version

    def _switch(self, history: int) -> None:
        """Another history is read: one that tells of all days of the one before."""
        if history != self.history:
            before, after = (self.histories.get(one, {}).get(CUTS, {}) for one in (self.history, history))
            days = {row["day"] for row in before.values()} - {row["day"] for row in after.values()}
            assert not days, f"days that are no longer there: {days}"
        self.history = history

    def newest(self, terms: list[int], up_to: int = 1 << 62) -> Found:
        """The newest row of every key in these terms."""
        rows = sorted(row for term in terms for row in self.people.get(term, []) if row[0] <= up_to)
        return {key: value for _, key, value in rows}

    def assert_told(self) -> None:
        """Every change of the only history has been told, however often, in the same words."""
        rows = self.days()["people_transitions"].values()
        known = {(row["member_id"], str(row["day"])): row["state"] for row in rows if row["previous"]}
        told = {(one["member_id"], one["day"]): one["state"] for many in self.told.values() for one in many}
        assert told == known
        assert all(one == many[0] for many in self.told.values() for one in many)

    def view(self) -> Found:
        """What is asked."""
        return self.newest([self.published >> TERM_SHIFT])

    def follows(self) -> Found:
        """What should be: all that follows from what the sources have landed, and from the newest closed day."""
        scores = undisturbed(self.sources)["people_scores"].values()
        return follows(
            {one.contract: one.landed.counts() for one in self.sources},
            {one.contract: one.landed.facts for one in self.sources},
            max(((row["day"], row["mean"][0]) for row in scores), default=(None, 0.0))[1],
        )

    def days(self) -> dict[str, Any]:
        """Closed days of the history that is read."""
        found = self.histories.get(self.history, {})
        return {name: found.get(name, {}) for name in TABLES if name != CUTS}


class PeopleWorker(Worker):
    """One process with a processor of people."""

    def __init__(self, run: Any, name: str) -> None:
        super().__init__(run, name)
        self.processor.tell = run.rows.tell  # type: ignore[attr-defined]

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
        Fault, st.sampled_from((0, 5, 20, 50, 120, 300)), st.sampled_from(kinds), st.integers(0, 3),
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
            days = [self._day(at // 5) for at in range(39)]
            rows.sources.append(Source(contract, records, [*days, PRESENT_DAY], self.random))
        for _ in range(self.random.choice((0, 0, 100, 200))):  # days are due from the beginning
            self.random.choice(rows.sources).step()
        return rows

    def written(self, partition: int) -> list[Checkpoint]:
        return [*self.rows.lost, *super().written(partition)]

    def _day(self, on: int) -> int:
        """The day of a record: some are late, a few have a wrong clock."""
        chance = self.random.random()
        late = self.random.choice((1, 2, 4)) if chance < 0.2 else 0
        return FIRST_DAY + (on + 20 if chance > 0.995 else max(on - late, 0))

    def _worker(self, name: str) -> PeopleWorker:
        return PeopleWorker(self, name)

    def _befall(self, fault: Fault) -> None:
        if fault.kind in ("backup", "restore"):
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

    def _trouble(self, fault: Fault, worker: Any, midway: str = "") -> None:
        if fault.kind in OF_BACKUPS:
            return self._back_up(fault.kind, midway)
        return super()._trouble(fault, worker, midway)

    def _back_up(self, kind: str, midway: str = "") -> None:
        """Keep or restore the database; not where nothing has been published since the backup but a flush is under way,
        whose rows nobody would miss."""
        if kind == "backup":
            if self.rows.published:
                self.befallen[kind] += 1
                self.rows.backup()
        elif self.rows.kept is not None and all(self._notices(worker) for worker in self.alive):
            self.befallen[kind + midway] += 1
            self.rows.restore()

    def _notices(self, worker: Any) -> bool:
        """Whether a worker owns nothing yet, knows of more that was published than the backup, or has landed all; or
        still lands days, each of which needs the one before."""
        return all(
            task.state.now is None
            or task.known > self.rows.kept[0]
            or (
                task.flushing is None
                and task.known >= task.cut.version(task.epoch)
                and (not task.state.days.settled or self.rows.histories == self.rows.kept[3])
            )
            for task in worker.processor.tasks.values()
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
        state, days = task.state, task.state.days
        mine = state.marks.versions == newest and task.flushing is None and not state.waiting and days.settled
        mine = mine and state.marks.corrections == sum(one.landed.corrections for one in self.rows.sources)
        mine = mine and self.rows.history == days.in_use == days.number and state.now.score is days.fit.score
        return bool(mine and self.rows.published >= task.cut.version(task.epoch) and task.cut.sequence)


@contextmanager
def people_world() -> Iterator[None]:
    """Heads are those of the simulated sources, and owners have no jobs."""

    def read(store: Any) -> Any:
        return {source.contract: source.vouched() for source in store.sources}

    with (
        closing(),
        mock.patch.object(marks_module, "read_heads", read),
        mock.patch.object(PeopleProcessor, "new_jobs", staticmethod(lambda store: [])),
    ):
        yield
