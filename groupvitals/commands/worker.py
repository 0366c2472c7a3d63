"""`groupvitals worker`: process an input topic into ClickHouse."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from groupvitals.progress import JsonProgress, WorkerProgress
    from groupvitals.settings import Settings
    from schemas.agents import AgentSpec
    from streams.config import WorkerConfig
    from streams.worker.worker import Worker
    from streams.worker.workers import Workers


#: Help of `--agent`; names are looked up when the command runs, so `--help` imports nothing heavy.
AGENT_HELP = "Which agent; community is the one for chat. docs/operations.md lists the others."
#: What `groupvitals worker` takes as an agent's name for all of them.
ALL = "all"


def find_agent(name: str) -> "AgentSpec":
    """The agent of this name. Raises `ConfigError` when there is none."""
    from schemas.agents import AGENTS
    from schemas.errors import ConfigError

    if name not in AGENTS:
        raise ConfigError(f"There is no agent {name!r}: use one of {', '.join(AGENTS)}.")
    return AGENTS[name]


def worker_config(settings: "Settings", agent: str = "community") -> "WorkerConfig":
    """The settings in the form a worker takes. Raises `ConfigError` for an unknown agent."""
    from groupvitals.connections import clickhouse, kafka_address
    from streams.config import WorkerConfig

    spec, worker = find_agent(agent), settings.worker
    return WorkerConfig(
        kafka=kafka_address(settings),
        address=clickhouse(settings),
        data=settings.home / "faust",
        topic_prefix=settings.kafka.topic_prefix,
        time_zone=worker.time_zone,
        lateness_h=worker.lateness_h,
        duplicate_horizon=worker.duplicate_horizon,
        flush_interval_s=worker.flush_interval_s,
        flush_events=worker.flush_events,
        buffered_frames=worker.buffered_frames,
        max_memberships=worker.max_memberships,
        tick_s=worker.tick_s,
        dead_letter_ratio=worker.dead_letter_ratio,
        dead_letter_run=worker.dead_letter_run,
        store_text=worker.store_text,
        store_names=worker.store_names,
        session_timeout_s=settings.kafka.session_timeout_s,
        max_fetch_mb=settings.kafka.max_fetch_mb,
        stop_timeout_s=worker.stop_timeout_s,
        web_host=worker.web_host,
        web_port=worker.web_port,
        agent=spec,
        nickname=settings.people.nickname,
        zombie_chance=settings.people.zombie_chance,
        credit=settings.credit.rules,
    )


def worker(
    agent: Annotated[str, typer.Option(help=f"{AGENT_HELP} {ALL}: every agent, in this process.")] = "community",
    until_caught_up: Annotated[
        bool, typer.Option("--until-caught-up", help="Stop once everything in the agent's topic has landed.")
    ] = False,
    stats: Annotated[
        Path | None, typer.Option("--stats", help="Write what was done, and where the time went, to this file (JSON).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Show progress as JSON lines on standard output, for programs.")
    ] = False,
    follow_input: Annotated[
        bool, typer.Option("--follow-input", help="Do not stop before standard input has ended.", hidden=True)
    ] = False,
    close_days: Annotated[
        bool,
        typer.Option(
            "--close-days",
            help="With --agent all and --until-caught-up: once all has landed, append ticks to partitions whose time "
            "is behind that of others, so that days close.",
        ),
    ] = False,
) -> None:
    """Process an agent's events until stopped (Ctrl-C) or, with --until-caught-up, until all have landed."""
    from groupvitals.settings import load_settings

    run_worker(load_settings(), until_caught_up, stats, as_json, follow_input, agent, close_days)


def run_worker(
    settings: "Settings",
    until_caught_up: bool,
    stats: Path | None = None,
    as_json: bool = False,
    follow_input: bool = False,
    agent: str = "community",
    close_days: bool = False,
) -> None:
    """Run the workers of one agent, or of all, in this process until they have stopped."""
    import asyncio
    import json

    from groupvitals.cli import INTERRUPTED
    from groupvitals.interrupts import ending_at_once
    from groupvitals.logs import last_words, log_to_stderr
    from groupvitals.progress import JsonProgress, LogProgress, WorkerProgress
    from schemas.errors import ConfigError
    from streams.allocator import keep_freed_memory
    from streams.worker.loop import WorkerLoop

    if close_days and not (until_caught_up and agent == ALL):
        raise ConfigError("--close-days is for a worker of all agents that ends: add --agent all --until-caught-up.")
    log_to_stderr(settings.logs)
    keep_freed_memory()
    shown = JsonProgress() if as_json else LogProgress() if settings.logs == "json" else WorkerProgress()
    with last_words(settings.logs), shown as progress:
        stopped = "Stopped before the kernels were ready: no record was taken."
        with ending_at_once(progress.say, stopped, INTERRUPTED if until_caught_up else 0):
            process = _ready(settings, agent, progress)
        complete = _input_ended() if follow_input else lambda: True
        with asyncio.Runner(loop_factory=WorkerLoop) as runner:
            report = lambda: progress.update(process.workers)  # noqa: E731
            runner.run(process.run(until_caught_up, report, complete, close_days))
        progress.done(process.workers)
        if until_caught_up and not process.caught_up:
            progress.say("Interrupted before everything had landed: run it again to continue from there.")
            raise typer.Exit(INTERRUPTED)
    if stats is not None:
        done = {worker.config.agent.name: summary(worker) for worker in process.workers}
        stats.write_text(json.dumps(done if agent == ALL else done[agent], indent=1))


def _ready(settings: "Settings", agent: str, progress: "JsonProgress | WorkerProgress") -> "Workers":
    """Workers whose kernels are compiled."""
    import time

    from schemas.agents import AGENTS

    began = time.perf_counter()
    configs = [worker_config(settings, name) for name in (AGENTS if agent == ALL else [agent])]
    progress.say("Loading kernels")
    from analytics.kernels.compiled import NOT_KEPT
    from streams.worker.warmup import warm_up
    from streams.worker.workers import Workers

    kept = "cached for next time"
    if NOT_KEPT:
        kept = f"not cached, since the cache cannot be used ({NOT_KEPT}): set GROUPVITALS_CACHE"
    warm_up([config.agent for config in configs], lambda: progress.say(f"Compiling kernels ({kept})"))
    progress.say(f"Kernels ready after {time.perf_counter() - began:.0f} s")
    return Workers(configs)


def _input_ended() -> Callable[[], bool]:
    """A function that returns True once standard input has ended."""
    import os
    import sys
    import threading

    ended = threading.Event()

    def read() -> None:
        while os.read(sys.stdin.fileno(), 4096):  # a buffered read would hold a lock that Python needs at exit
            pass
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    return ended.is_set


def summary(worker: "Worker") -> dict[str, Any]:
    """What a worker did, as one JSON object."""
    from groupvitals.progress import counted

    p = worker.processor.progress
    seconds = max(p.last_flush_at - p.reading_since, 1e-9)
    return {
        "events": p.landed,
        "dead_letters": p.dead_letters,
        "late": counted(worker, "late"),
        "flushes": p.flushes,
        "seconds": seconds if p.landed else 0.0,
        "events_per_s": p.landed / seconds if p.landed else 0.0,
        "reading_since": p.reading_since,
        "last_flush_at": p.last_flush_at,
        "stages_s": dict(p.seconds),
    }
