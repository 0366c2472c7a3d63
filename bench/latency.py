"""Event to queryable row: a producer at a steady rate, a running worker, a reader who asks ClickHouse what landed.

`python -m bench.latency [--rate N] [--seconds S]` prints p50, p99 and the longest, and writes
`bench/results/latency.json`. An event's time runs from when it was due at the producer to the end of the first query
that finds the checkpoint covering its rows. The reader asks every 0.1 s: what it finds is up to that much too
long, never too short.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bench import report, topic
from bench.events import events_file
from bench.job import Job
from bench.peers import groupvitals
from bench.report import write_result
from bench.services import servers
from bench.solo import job_of
from bench.steady import PARTITIONS, FollowingWorker, Seen, Sent, Watch, produce
from groupvitals.settings import load_settings

WARM_S = 5
DRAIN_S = 60.0


def latencies(sent: Sent, seen: Seen, after: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Seconds from hand-over to queryable, one value per event handed over at `after` or later."""
    found, weights = [], []
    previous = dict.fromkeys(range(PARTITIONS), 0)
    times = np.array([moment for moment, _ in seen])
    rows = {p: np.maximum.accumulate([landed.get(p, 0) for _, landed in seen]) for p in range(PARTITIONS)}
    for partition, count, began in sent:
        at = np.searchsorted(rows[partition], count)
        if at == len(times):
            raise RuntimeError(
                f"{count - rows[partition][-1]:,} events of partition {partition} had not landed at the end"
            )
        if began >= after:
            found.append(times[at] - began)
            weights.append(count - previous[partition])
        previous[partition] = count
    return np.repeat(found, weights)


def measure(job: Job, file: Path, rate: int, seconds: int) -> dict[str, Any]:
    """Run worker, producer and reader; the first seconds warm up and are not counted."""
    groupvitals.prepare(job, groupvitals.variables(job))
    worker = FollowingWorker(job)
    counts, sent = [0] * PARTITIONS, Sent()
    try:
        with Watch(job) as watch:
            events = topic.partitioned(file, PARTITIONS)
            asyncio.run(produce(job.servers, job.topic, events, rate, 1, counts, []))
            watch.wait(sum(counts), [worker], DRAIN_S)
            asyncio.run(produce(job.servers, job.topic, events, rate, WARM_S + seconds, counts, sent))
            watch.wait(sum(counts), [worker], DRAIN_S)
    finally:
        worker.stop()
    return _summary(latencies(sent, watch.seen, sent[0][2] + WARM_S), rate, seconds)


def _summary(found: np.ndarray[Any, np.dtype[np.float64]], rate: int, seconds: int) -> dict[str, Any]:
    p50, p99, longest = (round(float(value), 3) for value in (*np.percentile(found, (50, 99)), found.max()))
    return {
        "name": "event_to_queryable_row", "events": len(found), "events_per_s": round(len(found) / seconds),
        "asked_events_per_s": rate, "p50_s": p50, "p99_s": p99, "max_s": longest,
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement on a topic and a database of its own."""
    parser = argparse.ArgumentParser(prog="bench.latency", description="Event to queryable row.")
    parser.add_argument("--rate", type=int, default=20_000, help="events per second (default 20,000)")
    parser.add_argument("--seconds", type=int, default=60, help="how long to measure (default 60)")
    options = parser.parse_args(arguments)
    console, settings = report.console(), load_settings()
    where, home = servers(settings, console), settings.home / "bench"
    with console.status(f"Latency at {options.rate:,} events/s for {options.seconds} s"):
        file = events_file(home / "events", "realistic", options.rate * (1 + WARM_S + options.seconds))
        with job_of("latency", where, home, PARTITIONS) as job:
            found = measure(job, file, options.rate, options.seconds)
    write_result("latency", found)
    console.print(f"Event to queryable row at {found['events_per_s']:,} events/s: p50 {found['p50_s']:.2f} s, "
                  f"p99 {found['p99_s']:.2f} s, longest {found['max_s']:.2f} s")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
