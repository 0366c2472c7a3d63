"""One run of one contestant: a fresh database and folder, the run, its usage, its answer compared with the oracle's."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field

from bench import measure
from bench.job import Job, Outcome
from bench.oracle import Counts
from bench.peers import groupvitals

#: Answers the oracle's counts for the events before these offsets.
Oracle = Callable[[tuple[int, ...]], Counts]


@dataclass(frozen=True)
class Contestant:
    """A row of the table; `events` and `seconds` bound one run."""

    name: str
    packages: tuple[str, ...] = ()
    """Packages whose versions are reported."""
    traffic: str = "realistic"
    share: float = 1.0
    """Share of the topic's events that it gets; slow contestants get fewer."""
    lands: bool = False
    """It writes raw rows and counts to ClickHouse."""
    entry: str = "groupvitals"
    """The module to run, if it is one of ours."""

    @property
    def is_ours(self) -> bool:
        return self.name.startswith("groupvitals")


@dataclass(frozen=True)
class Run:
    """What one run used. CPU seconds of the contestant's processes, of ClickHouse and of Kafka; memory in MiB."""

    events: int
    seconds: float
    cpu_s: float
    clickhouse_cpu_s: float
    kafka_cpu_s: float
    peak_rss_mb: float
    equal: bool
    stages: dict[str, float] = field(default_factory=dict)


def run(contestant: Contestant, job: Job, oracle: Oracle, timeout_s: float) -> Run:
    """Run once. Raises `ContestantError`."""
    client = job.servers.clickhouse()
    client.execute(f"DROP DATABASE IF EXISTS {job.database} SYNC")
    client.execute(f"CREATE DATABASE {job.database}")
    shutil.rmtree(job.folder, ignore_errors=True)
    job.folder.mkdir(parents=True)
    variables, command = dict(os.environ), measure.module(f"bench.peers.{contestant.name}")
    if contestant.is_ours:
        variables |= groupvitals.environment(job)
        groupvitals.prepare(job, variables)
        command = groupvitals.command(job, contestant.entry)
    with _watched(job.servers.tcp_port) as clickhouse, _watched(int(job.servers.bootstrap.rpartition(":")[2])) as kafka:
        own = measure.run(command, job.text(), job.folder, timeout_s, variables)
    outcome = groupvitals.outcome(job) if contestant.is_ours else Outcome.load(job.folder)
    client.execute(f"DROP DATABASE {job.database} SYNC")
    return _result(contestant, job, outcome, oracle, (own, clickhouse, kafka))


def _watched(port: int) -> measure.Sampler:
    process = measure.server(port)
    if process is None:
        raise measure.ContestantError(
            f"No process of this user listens on port {port}: the bench needs servers on this machine."
        )
    return measure.Sampler(process)


def _result(
    contestant: Contestant, job: Job, outcome: Outcome, oracle: Oracle,
    samplers: tuple[measure.Sampler, measure.Sampler, measure.Sampler],
) -> Run:  # fmt: skip
    own, clickhouse, kafka = (sampler.usage(outcome.first, outcome.done) for sampler in samplers)
    if contestant.name == "clickhouse_kafka_engine":  # its process only starts the engine and waits
        own = measure.Usage(0.0, clickhouse.peak_rss_mb)
    events = sum(outcome.next_offsets)
    complete = events >= job.events and outcome.landed == (events if contestant.lands else None)
    return Run(
        events,
        outcome.done - outcome.first,
        own.cpu_s,
        clickhouse.cpu_s if contestant.lands else 0.0,
        kafka.cpu_s,
        own.peak_rss_mb,
        complete and outcome.counts == oracle(tuple(outcome.next_offsets)),
        outcome.stages,
    )
