"""Every metric of a worker, declared once, and read from its counts and arrays when Prometheus asks.

Nothing is counted for metrics alone, so frames cost the same with and without them. Labels are agents, partitions,
tables, stages and classes of errors; never members or groups.
"""

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from streams.checkpoint.task import Task
from streams.observability.probe import Look
from streams.observability.watched import Watched
from streams.retry import retries

if TYPE_CHECKING:
    from prometheus_client import Metric as Family

Samples = Iterable[tuple[tuple[str, ...], float]]
_SERVERS = ("clickhouse", "kafka")


@dataclass(frozen=True)
class Metric:
    """Name (its end says the kind: `_total` is a counter, all others are gauges), meaning, labels, how it is read.

    `by` are its labels beside the agent; `read` gives the samples of one worker. `once`: it is about the process, and
    has no agent.
    """

    name: str
    meaning: str
    by: tuple[str, ...]
    read: Callable[[Watched, Look], Samples]
    once: bool = False

    @property
    def kind(self) -> str:
        """`counter` or `gauge`."""
        return "counter" if self.name.endswith("_total") else "gauge"

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its samples."""
        return self.by if self.once else ("agent", *self.by)

    def family(self, workers: Sequence[Watched], look: Look) -> "Family":
        """All its samples now."""
        make = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        family = make(self.name, self.meaning, labels=self.labels)
        for worker in workers[:1] if self.once else workers:
            agent = () if self.once else (worker.config.agent.name,)
            for labels, value in self.read(worker, look):
                family.add_metric((*agent, *labels), value)
        return family


def _progress(name: str) -> Callable[[Watched, Look], Samples]:
    return lambda worker, look: [((), getattr(worker.processor.progress, name))]


def _tasks(value: Callable[[Task], float]) -> Callable[[Watched, Look], Samples]:
    def read(worker: Watched, look: Look) -> Samples:
        tasks = worker.processor.tasks
        return [((str(partition),), value(tasks[partition])) for partition in sorted(tasks)]

    return read


def _counts(what: str) -> Callable[[Watched, Look], Samples]:
    """What a state counts under this name; nothing where it does not."""

    def read(worker: Watched, look: Look) -> Samples:
        for partition, task in sorted(worker.processor.tasks.items()):
            if what in task.state.watched:
                yield (str(partition),), task.state.count(task.state.watched[what])

    return read


def _seconds(prefix: str) -> Callable[[Watched, Look], Samples]:
    """Seconds of the stages that are tables, or of those that are not."""

    def read(worker: Watched, look: Look) -> Samples:
        seconds = worker.processor.progress.seconds.copy()
        tables = {name: value for name, value in seconds.items() if name.startswith("land ")}
        chosen = tables if prefix else {name: value for name, value in seconds.items() if name not in tables}
        return [((name.removeprefix(prefix),), value) for name, value in chosen.items()]

    return read


def _partitions(worker: Watched, look: Look) -> Samples:
    processor = worker.processor
    yield ("assigned",), len(worker.assigned or ())
    yield ("running",), len(processor.running - processor.stopped.keys())
    yield ("stopped",), len(processor.stopped)


def _lag(worker: Watched, look: Look) -> Samples:
    tasks, ends = worker.processor.tasks, look.topics[worker.config.topic].ends
    for partition in sorted(worker.processor.running & ends.keys()):
        yield (str(partition),), max(ends[partition] - tasks[partition].flushed_offset, 0)


def _held_back(worker: Watched, look: Look) -> Samples:
    held_back = look.topics[worker.config.topic].held_back
    for partition in sorted(worker.processor.running & held_back.keys()):
        yield (str(partition),), max(held_back[partition], 0)


def _open_transactions(worker: Watched, look: Look) -> Samples:
    for one in look.topics[worker.config.topic].open:
        if one.partition in worker.processor.running:
            yield (str(one.partition), str(one.producer_id), one.transactional_id), one.since_ms / 1000


def _checkpoints(worker: Watched, look: Look) -> Samples:
    at = worker.processor.progress.checkpointed_at
    return [((str(partition),), at[partition]) for partition in sorted(worker.processor.running & at.keys())]


def _rows(worker: Watched, look: Look) -> Samples:
    return [((table,), rows) for table, rows in worker.processor.progress.rows.copy().items()]


def _counted(worker: Watched, look: Look) -> Samples:
    progress = worker.processor.progress
    if worker.config.agent.records is None and worker.processor.running:
        yield (), progress.counted_at or progress.reading_since


def _newest_event(worker: Watched, look: Look) -> Samples:
    for partition, task in sorted(worker.processor.tasks.items()):
        if worker.config.agent.ticks and task.state.clock_ms:
            yield (str(partition),), task.state.clock_ms / 1000


def _build(worker: Watched, look: Look) -> Samples:
    return [((version("groupvitals"), version("faust-streaming"), platform.python_version()), 1)]


#: In the order in which people look at them.
METRICS = (
    Metric("groupvitals_build_info", "1; the labels say what is running", ("version", "faust", "python"), _build,
           once=True),
    Metric("groupvitals_server_up", "1: the server answers within two seconds", ("server",),
           lambda worker, look: [((server,), server not in look.away) for server in _SERVERS], once=True),
    Metric("groupvitals_topic_partitions", "Partitions of the topic; 0: not known yet", (),
           lambda worker, look: [((), len(look.topics[worker.config.topic].ends))]),
    Metric("groupvitals_partitions", "Partitions of this worker: assigned, running (taken over and processed), or "
           "stopped (too many dead letters)", ("state",), _partitions),
    Metric("groupvitals_lag_records", "Committed records in Kafka that no checkpoint vouches for yet", ("partition",),
           _lag),
    Metric("groupvitals_held_back_records", "Offsets that are not read yet because a transaction is open",
           ("partition",), _held_back),
    Metric("groupvitals_open_transaction_timestamp_seconds", "When the open transaction that holds the partition "
           "back began, Unix time; absent when none does", ("partition", "producer_id", "transactional_id"),
           _open_transactions),
    Metric("groupvitals_checkpoint_timestamp_seconds", "When the newest checkpoint was written, Unix time",
           ("partition",), _checkpoints),
    Metric("groupvitals_newest_event_timestamp_seconds", "The partition's clock: highest event time seen, ticks "
           "included, never beyond Kafka's stamp, Unix time; absent for agents without ticks", ("partition",),
           _newest_event),
    Metric("groupvitals_counted_timestamp_seconds", "Up to when rows count all that other agents have landed, Unix "
           "time; at first, when the share was taken over; absent for agents with records", (), _counted),
    Metric("groupvitals_heads_waiting", "Committed checkpoints that wait to be vouched for in ClickHouse", (),
           lambda worker, look: [((), len(worker.processor.vouching))]),
    Metric("groupvitals_records_waiting", "Applied records that no flush has taken yet", (),
           lambda worker, look: [((), worker.processor.waiting)]),
    Metric("groupvitals_frames_total", "Frames decoded", (), _progress("frames")),
    Metric("groupvitals_records_applied_total", "Records applied to the state", (), _progress("events")),
    Metric("groupvitals_records_landed_total", "Records whose checkpoint is committed, dead letters included", (),
           _progress("landed")),
    Metric("groupvitals_dead_letters_total", "Dead letters landed, by class of error", ("error",),
           lambda worker, look: [((error,), n) for error, n in worker.processor.progress.letters.copy().items()]),
    Metric("groupvitals_duplicates_total", "Records whose event_id had come before", ("partition",),
           _counts("duplicates")),
    Metric("groupvitals_late_total", "Records whose hour or day was already closed", ("partition",),
           _counts("late")),
    Metric("groupvitals_flushes_total", "Flushes committed", (), _progress("flushes")),
    Metric("groupvitals_stage_seconds_total", "Seconds spent, by stage: decode and apply frames; of people, read and "
           "work out what has landed; collect, land and commit flushes", ("stage",), _seconds("")),
    Metric("groupvitals_landing_seconds_total", "Seconds spent making and inserting rows; tables land at the same time",
           ("table",), _seconds("land ")),
    Metric("groupvitals_rows_landed_total", "Rows inserted, those of flushes that were not committed included",
           ("table",), _rows),
    Metric("groupvitals_retries_total", "Attempts that were repeated because a server was away or busy", ("doing",),
           lambda worker, look: [((doing,), n) for doing, n in retries.copy().items()], once=True),
    Metric("groupvitals_refused_commits_total", "Commits that Kafka refused because another worker owned the "
           "partitions", (), _progress("refused_commits")),
    Metric("groupvitals_take_overs_total", "Partitions taken over; of people, terms begun", (),
           _progress("take_overs")),
    Metric("groupvitals_memberships", "Memberships in memory", ("partition",), _counts("memberships")),
    Metric("groupvitals_users", "Product users in memory", ("partition",), _counts("users")),
    Metric("groupvitals_groups", "Groups in memory", ("partition",), _counts("groups")),
    Metric("groupvitals_panes", "Hour and day panes in memory", ("partition",), _counts("panes")),
    Metric("groupvitals_state_bytes", "Bytes reserved for the state's arrays; untouched pages are not resident",
           ("partition",), _tasks(lambda task: sum(array.nbytes for array in task.state.state))),
    Metric("groupvitals_evicted_memberships_total", "Cold memberships evicted from memory", ("partition",),
           _tasks(lambda task: task.evicted)),
    Metric("groupvitals_woken_memberships_total", "Cold memberships read back", ("partition",),
           _tasks(lambda task: task.woken)),
)  # fmt: skip


class _WorkersCollector(Collector):
    def __init__(self, workers: Sequence[Watched], look: Look) -> None:
        self._workers, self._look = workers, look

    def collect(self) -> "Iterator[Family]":
        for metric in METRICS:
            yield metric.family(self._workers, self._look)


def exposition(workers: Sequence[Watched], look: Look) -> bytes:
    """All metrics of the workers of a process, and those of the process itself, in Prometheus' text format."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_WorkersCollector(workers, look))
    return generate_latest(registry)


def table() -> str:
    """The metrics as a Markdown table."""
    head = "| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n"
    rows = (f"| `{m.name}` | {m.kind} | {', '.join(m.labels) or '–'} | {m.meaning} |" for m in METRICS)
    return head + "\n".join(rows) + "\n"
