"""Event to changed status: a member speaks for the first time, and `member_status` says so.

`python -m bench.status [--rate N] [--changes N]` runs a worker under a steady load, prints p50, p99 and the longest,
and writes `bench/results/status.json`. A change's time runs from handing the event to Kafka to the end of the query
that shows the member as active. The question is asked once the membership's row is there, which is polled every 20 ms:
a question asked earlier would be answered earlier, with the previous status.
"""

import argparse
import json
import sys
import time
from typing import Any

import numpy as np
from clickhouse_driver import Client
from kafka import KafkaProducer

from bench import report
from bench.events import DAY_MS, DAYS, START_MS, events_file
from bench.job import Job
from bench.peers import groupvitals
from bench.services import servers
from bench.solo import job_of
from bench.steady import PARTITIONS, FollowingWorker, Load, endless
from groupvitals.settings import load_settings

GROUP = "telegram:-:asked"
WAIT_S, POLL_S = 60.0, 0.02
#: Changes that warm up and are not counted.
_WARM = 5


def changes(job: Job, numbers: range) -> tuple[list[float], list[float]]:
    """Seconds from event to status, and of the question alone."""
    client = job.servers.clickhouse()
    producer = KafkaProducer(bootstrap_servers=job.servers.bootstrap, acks="all", linger_ms=0)
    found, asked = [], []
    try:
        for number in numbers:
            began = time.perf_counter()
            producer.send(job.topic, _message(number), GROUP.encode()).get(WAIT_S)
            asked.append(_wait(client, job.database, f"asked-{number}", began))
            found.append(time.perf_counter() - began)
    finally:
        producer.close(timeout=5)
    return found, asked


def _message(number: int) -> bytes:
    # a year later than every other event, so that the load's own time does not move what "now" is
    name, ts_ms = f"asked-{number}", START_MS + 12 * DAYS * DAY_MS
    event = {
        "event_id": name, "type": "message", "ts_ms": ts_ms, "platform": "telegram", "group_id": GROUP,
        "member_id": name, "message_id": name, "kind": "text", "text_len": 3,
    }  # fmt: skip
    return json.dumps(event).encode()


def _wait(client: Client, database: str, member: str, began: float) -> float:
    """Once the member is known, ask for their state, which must be active; returns how long the question took."""
    who = {"group": GROUP, "member": member}
    mine = "WHERE group_id = %(group)s AND member_id = %(member)s"
    while not client.execute(f"SELECT 1 FROM {database}.membership_states {mine} LIMIT 1", who):
        if time.perf_counter() - began > WAIT_S:
            raise RuntimeError(f"{member} was not there within {WAIT_S:.0f} s: see the worker's log")
        time.sleep(POLL_S)
    start = time.perf_counter()
    found = client.execute(f"SELECT state FROM {database}.member_status {mine}", who)
    if found != [("active",)]:
        raise RuntimeError(f"{member} has spoken and is {found}")
    return time.perf_counter() - start


def measure(job: Job, load: Load, rate: int, count: int) -> dict[str, Any]:
    """Run the worker, the load and the questions; the first changes warm up and are not counted."""
    groupvitals.prepare(job, groupvitals.variables(job))
    worker = FollowingWorker(job)
    try:
        with load:
            changes(job, range(_WARM))
            began, before = time.perf_counter(), load.total
            found, asked = changes(job, range(_WARM, _WARM + count))
            took, sent = time.perf_counter() - began, load.total - before
    finally:
        worker.stop()
    p50, p99, longest = (round(float(value), 2) for value in (*np.percentile(found, (50, 99)), max(found)))
    return {
        "name": "event_to_changed_status", "changes": count, "asked_events_per_s": rate,
        "events_per_s": round(sent / took), "p50_s": p50, "p99_s": p99, "max_s": longest,
        "question_p50_s": round(float(np.median(asked)), 2),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement on a topic and a database of its own."""
    parser = argparse.ArgumentParser(prog="bench.status", description="Event to changed status.")
    parser.add_argument("--rate", type=int, default=5_000, help="events per second of load (default 5,000)")
    parser.add_argument("--changes", type=int, default=100, help="how many to measure (default 100)")
    options = parser.parse_args(arguments)
    console, settings = report.console(), load_settings()
    where, home = servers(settings, console), settings.home / "bench"
    with console.status(f"{options.changes} changes at {options.rate:,} events/s"):
        file = events_file(home / "events", "realistic", 1_000_000)
        with job_of("status", where, home, PARTITIONS) as job:
            found = measure(job, Load(job, endless(file), options.rate), options.rate, options.changes)
    report.write_result("status", found)
    console.print(f"Event to changed status at {found['events_per_s']:,} events/s: p50 {found['p50_s']:.2f} s, "
                  f"p99 {found['p99_s']:.2f} s, longest {found['max_s']:.2f} s; "
                  f"of that the question {found['question_p50_s']:.2f} s")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
