"""The whole way of a task in memory, frames to rows, against the oracle: any framing, flush, crash and take-over."""

from dataclasses import dataclass, field, replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.chat.state import ARENA, GROUPS, LABELS, MEMBER_DAYS, MEMBERS, PANES
from streams.checkpoint.task import Task
from streams.kafka.records import read_records
from tests.memory import TOPIC, MemoryBroker, MemoryStore, land, new_task, own, record_batch
from tests.oracle.closed_days import Tables
from tests.oracle.community import Community, community
from tests.oracle.landed import expected, found
from tests.oracle.worlds import World, displaced, encode, worlds

_ARRAYS = {
    "groups": GROUPS, "members": MEMBERS, "panes": PANES, "arena": ARENA, "labels": LABELS,
    "member_days": MEMBER_DAYS,
}  # fmt: skip


def steady(examples: int) -> settings:
    """The same examples every time."""
    return settings(
        max_examples=examples, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )


#: What happens after a frame; `lost` and `doubt`: the commit of a flush was refused, or its answer never came.
ACTIONS = ("go on", "go on", "flush", "begin", "lost", "doubt", "rebalance", "crash")


def oracle_of(world: World) -> Community:
    return community(list(world.records), world.zone, world.lateness_h, world.horizon)


@dataclass
class Run:
    """A worker on one partition, its broker and its store, and what goes wrong with them."""

    world: World
    sizes: list[int]
    store_text: bool = False
    memberships: int = 1_000
    topic: str = TOPIC
    excluded: frozenset[int] = frozenset()
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        records = self.world.records
        self.end = records[-1].offset + 1
        self.broker = MemoryBroker(records[0].offset, self.end, topic=self.topic)
        self.batches = self._batches()
        self._start()

    def _batches(self) -> list[tuple[int, bytes]]:
        """(last offset, bytes) a batch; a batch spans the offsets up to the next one, records in them or not."""
        found, rest, at = [], list(self.world.records), 0
        while rest:
            size = self.sizes[at % len(self.sizes)]
            taken, rest, at = rest[:size], rest[size:], at + 1
            last = rest[0].offset - 1 if rest else self.end - 1
            found.append((last, record_batch([(r.offset, r.kafka_ts_ms, b"k", r.value) for r in taken], 0, last)))
        return found

    def _start(self) -> None:
        self.task: Task = new_task(self.world.zone, self.world.lateness_h, self.world.horizon, self.topic)
        self.task.store_text, self.task.max_rows = self.store_text, self.memberships
        left_out = np.array(sorted(self.excluded), np.int64)
        self.task.excluded = lambda _, offsets: np.flatnonzero(np.isin(offsets, left_out))
        own(self.task, self.broker, self.store)

    @property
    def done(self) -> bool:
        return self.task.next_offset >= self.end

    def fetch(self, frames: int, back: int) -> None:
        """Apply the next batches as one frame, which may begin with batches that were already applied."""
        first = next(i for i, (last, _) in enumerate(self.batches) if last >= self.task.next_offset)
        data = b"".join(batch for _, batch in self.batches[max(first - back, 0) : first + frames])
        assert self.task.apply(
            read_records(data, self.task.next_offset if not back else self.world.records[0].offset, True)
        )

    def flush(self, tables: int, checkpointed: bool) -> None:
        """Land some tables of a flush (a bit each); nobody learns whether it was committed."""
        flush = self.task.flushing or self.task.begin_flush()
        if flush is None:
            return
        for place, (name, rows) in enumerate(flush.tables.items()):
            if checkpointed or tables >> place & 1:
                self.store.insert(name, rows)
        if checkpointed:
            self.store.write_checkpoints([flush.checkpoint])

    def act(self, action: str, tables: int) -> None:
        if action == "begin":
            self.task.begin_flush()
        elif action == "flush":
            self.confirm()
        elif action != "go on":
            if action in ("lost", "doubt"):
                self.flush(tables, action == "doubt")
            if action in ("rebalance", "lost", "doubt") and tables % 3:
                own(self.task, self.broker, self.store)
            else:
                self._start()

    def confirm(self) -> None:
        if self.task.flushing is None:
            land(self.task, self.store, self.broker)
            return
        self.flush(0, True)
        self.broker.kept = self.task.flushing.checkpoint.offsets[self.task.topic], self.task.cut.term
        self.task.confirm()

    def finish(self) -> MemoryStore:
        """Apply and land the rest."""
        while not self.done:
            self.fetch(3, 0)
        self.confirm()
        land(self.task, self.store, self.broker)
        return self.store


steps = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 2), st.sampled_from(ACTIONS), st.integers(0, 255)),
    min_size=1,
    max_size=12,
)
sizes = st.lists(st.sampled_from((1, 2, 3, 5, 9, 50)), min_size=1, max_size=4)


def same(rows: Tables, wanted: Tables) -> None:
    """Table by table and key by key, so that a failure shows the one row."""
    for table, keyed in wanted.items():
        assert rows[table].keys() == keyed.keys(), table
        for key, row in keyed.items():
            assert rows[table][key] == row, (table, key)


@steady(150)
@given(worlds(), sizes, steps, st.booleans(), st.sampled_from((2, 1_000)))
def test_rows_are_the_oracles_whatever_happens(
    world: World, sizes: list[int], steps: list[tuple[int, int, str, int]], text: bool, memberships: int
) -> None:
    run = Run(world, sizes, text, memberships)
    for frames, back, action, tables in steps:
        if not run.done:
            run.fetch(frames, back)
        run.act(action, tables)
    same(found(run.finish()), expected(oracle_of(world), text))


@steady(80)
@given(worlds(), sizes, steps, st.sets(st.integers(0, 60), max_size=12), st.booleans())
def test_excluded_records_land_and_count_nowhere(
    world: World, sizes: list[int], steps: list[tuple[int, int, str, int]], places: set[int], text: bool
) -> None:
    """As if they had never come: also a repeat of one counts, and a group of which nothing else is known is unknown."""
    records = world.records
    excluded = frozenset(records[place].offset for place in places if place < len(records))
    run = Run(world, sizes, text, excluded=excluded)
    for frames, back, action, tables in steps:
        if not run.done:
            run.fetch(frames, back)
        run.act(action, tables)
    rows, marked = found(run.finish()), {row["offset"] for row in run.store.live("events") if row.get("excluded")}
    everything, rest = (
        expected(oracle_of(replace(world, records=some)), text)
        for some in (records, tuple(record for record in records if record.offset not in excluded))
    )
    assert marked == excluded & everything["events"].keys()
    as_they_came = ("duplicate", "late")
    for offset in marked:
        row, wanted = (dict(one["events"].pop(offset)) for one in (rows, everything))
        for name in as_they_came:
            del row[name], wanted[name]
        assert row == wanted
    letters = {offset: row for offset, row in everything["dead_letters"].items() if offset in excluded}
    same(rows, rest | {"dead_letters": rest["dead_letters"] | letters})


def applied(world: World, sizes: list[int]) -> Task:
    run = Run(world, sizes)
    while not run.done:
        run.fetch(1, 0)
    return run.task


@steady(60)
@given(worlds(), sizes, sizes)
def test_framing_does_not_change_a_byte_of_the_state(world: World, one: list[int], other: list[int]) -> None:
    first, second = (applied(world, sizes).state.state for sizes in (one, other))
    assert (first.counts == second.counts).all()
    for name, count in _ARRAYS.items():
        rows = [getattr(state, name)[: state.counts[count]] for state in (first, second)]
        for column in rows[0].dtype.names or [...]:
            np.testing.assert_array_equal(rows[0][column], rows[1][column], f"{name}.{column}")


@steady(60)
@given(displaced(), sizes)
def test_delays_within_the_lateness_change_nothing(order: tuple[World, World], sizes: list[int]) -> None:
    in_time, delayed = (found(Run(world, sizes).finish()) for world in order)
    assert not any(row["late"] for row in delayed["events"].values())
    for where_they_stood in ("events", "day_closings"):
        in_time[where_they_stood] = delayed[where_they_stood] = {}
    for rows in (in_time, delayed):
        for fact in rows["facts"].values():
            del fact["offset"]
    same(delayed, in_time)


def test_a_flush_that_was_given_up_is_flushed_again() -> None:
    store, broker, task = MemoryStore(), MemoryBroker(0, 1), new_task()
    own(task, broker, store)
    event = {"type": "message", "message_id": "m", "kind": "text", "group_id": "g", "member_id": "a"}
    value = encode(event | {"event_id": "e", "ts_ms": 1_735_693_200_000})
    task.apply(read_records(record_batch([(0, 1_735_693_200_000, None, value)]), 0))
    assert task.begin_flush() is not None
    own(task, broker, store)
    assert task.next_offset == 1, "its memory is kept"
    land(task, store, broker)
    assert task.flushed_offset == 1
    assert len(store.live("events")) == len(store.live("membership_states")) == 1
