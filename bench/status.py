"""Event to changed status: a member speaks for the first time, and `member_status` says so.

`python -m bench.status [--rate N] [--changes N] [--memberships N]` lands memberships, runs a worker of chat and one of
people under a steady load, prints p50, p99 and the longest, and writes `bench/results/status.json`. A change's time
runs from handing the event to Kafka to the end of the query that shows the member as active; it is asked every 50 ms,
since asking takes CPU, too. Event time goes on as fast as events are sent, as in a deployment; the load begins when all
days before it are closed.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from clickhouse_driver import Client
from kafka import KafkaProducer

from bench import report, topic
from bench.events import events_file
from bench.job import Job
from bench.peers import groupvitals
from bench.services import servers
from bench.solo import job_of
from bench.steady import PARTITIONS, FollowingWorker, Load, Watch, endless, event_ms, wait_for_days
from groupvitals.settings import load_settings
from schemas.agents import COMMUNITY, PEOPLE

GROUP = "telegram:-:asked"
WAIT_S, POLL_S = 300.0, 0.05
#: Changes that warm up and are not counted.
_WARM = 5


def changes(job: Job, numbers: range, now_ms: Callable[[], int]) -> tuple[list[float], list[float]]:
    """Seconds from event to status, and of the question alone."""
    client = job.servers.clickhouse()
    producer = KafkaProducer(bootstrap_servers=job.servers.bootstrap, acks="all", linger_ms=0)
    found, asked = [], []
    try:
        for number in numbers:
            began = time.perf_counter()
            producer.send(job.topic, _message(number, now_ms()), GROUP.encode()).get(WAIT_S)
            asked.append(_wait(client, job.database, f"asked-{number}", began))
            found.append(time.perf_counter() - began)
    finally:
        producer.close(timeout=5)
    return found, asked


def _message(number: int, ts_ms: int) -> bytes:
    name = f"asked-{number}"
    event = {
        "event_id": name, "type": "message", "ts_ms": ts_ms, "platform": "telegram", "group_id": GROUP,
        "member_id": name, "message_id": name, "kind": "text", "text_len": 3,
    }  # fmt: skip
    return json.dumps(event).encode()


def _wait(client: Client, database: str, member: str, began: float) -> float:
    """Ask for the state of a member until it is active; returns how long the last question took."""
    who = {"group": GROUP, "member": member}
    asked = f"SELECT state FROM {database}.member_status WHERE group_id = %(group)s AND member_id = %(member)s"
    while True:
        start = time.perf_counter()
        found = client.execute(asked, who)
        if found == [("active",)]:
            return time.perf_counter() - start
        if time.perf_counter() - began > WAIT_S:
            raise RuntimeError(f"{member} has spoken, and after {WAIT_S:.0f} s is {found}: see the workers' logs")
        time.sleep(POLL_S)


def measure(job: Job, load: Load, seeds: Path, memberships: int, rate: int, count: int) -> dict[str, Any]:
    """Land memberships, run the workers, the load and the questions; the first changes warm up and are not counted."""
    groupvitals.prepare(job, groupvitals.variables(job))
    load.counts[:] = asyncio.run(topic.fill(job.servers.bootstrap, job.topic, seeds, PARTITIONS))
    now_ms: Callable[[], int] = lambda: event_ms(load.total - memberships, rate)  # noqa: E731
    workers = [FollowingWorker(job, name=agent, agent=agent) for agent in (COMMUNITY.name, PEOPLE.name)]
    try:
        with Watch(job, people=True) as watch:
            watch.wait(memberships, workers, WAIT_S)
        wait_for_days(job, WAIT_S)
        with load:
            changes(job, range(_WARM), now_ms)
            began, before = time.perf_counter(), load.total
            found, asked = changes(job, range(_WARM, _WARM + count), now_ms)
            took, sent = time.perf_counter() - began, load.total - before
        memory = workers[1].rss()
    finally:
        for worker in workers:
            worker.stop()
    p50, p99, longest = (round(float(value), 2) for value in (*np.percentile(found, (50, 99)), max(found)))
    return {
        "name": "event_to_changed_status", "changes": count, "asked_events_per_s": rate,
        "events_per_s": round(sent / took), "p50_s": p50, "p99_s": p99, "max_s": longest,
        "question_p50_s": round(float(np.median(asked)), 2),
        "memberships": memberships, "people_rss_mb": round(memory / 2**20),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement on a topic and a database of its own."""
    parser = argparse.ArgumentParser(prog="bench.status", description="Event to changed status.")
    parser.add_argument("--rate", type=int, default=20_000, help="events per second of load (default 20,000)")
    parser.add_argument("--memberships", type=int, default=1_000_000, help="in memory (default 1,000,000)")
    parser.add_argument("--changes", type=int, default=100, help="how many to measure (default 100)")
    options = parser.parse_args(arguments)
    console, settings = report.console(), load_settings()
    where, home = servers(settings, console), settings.home / "bench"
    with console.status(f"{options.changes} changes at {options.rate:,} events/s"):
        seeds = events_file(home / "events", "worst_case", options.memberships)
        file = events_file(home / "events", "realistic", 1_000_000)
        with job_of("status", where, home, PARTITIONS) as job:
            load = Load(job, endless(file, first=1, at_ms=lambda number: event_ms(number, options.rate)), options.rate)
            found = measure(job, load, seeds, options.memberships, options.rate, options.changes)
    report.write_result("status", found)
    console.print(f"Event to changed status at {found['events_per_s']:,} events/s: p50 {found['p50_s']:.2f} s, "
                  f"p99 {found['p99_s']:.2f} s, longest {found['max_s']:.2f} s; "
                  f"of that the question {found['question_p50_s']:.2f} s")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
