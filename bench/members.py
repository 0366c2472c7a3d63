"""A million memberships in ClickHouse: how long the score's fit, everybody's state, one group's and a closed day take.

`python -m bench.members [--memberships N] [--runs N]` writes `bench/results/members.json`. The rows are made by SQL
(`members.sql`): groups of 500, most members silent, a fifth of the accounts linked to users. Planning is what
ClickHouse takes before it reads a row, and is part of the questions' times.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from string import Template
from typing import Any

from bench import report
from bench.job import Job
from bench.peers import groupvitals
from bench.services import servers
from bench.solo import job_of
from groupvitals.settings import load_settings
from sinks.clickhouse.connection import Address
from sinks.clickhouse.store import ClickHouseStore
from streams.member_days import due, evaluate
from streams.refit import refit

PARTITIONS, GROUP = 8, 500
_ROWS = Path(__file__).with_suffix(".sql")
#: 2026-02-25T06:13:20Z, milliseconds: fixed, so that every run has the same days.
_MADE = {"now": 1_772_000_000_000, "day": 86_400_000, "version": 1 << 32, "partitions": PARTITIONS}


def fill(job: Job, memberships: int) -> int:
    """Make the rows; returns how many memberships there are (some numbers draw the same one)."""
    client = job.servers.clickhouse()
    sizes = {
        "groups": max(2, memberships // GROUP // 2 * 2),
        "people": memberships * 7 // 10,
        "memberships": memberships,
    }
    for rows in Template(_ROWS.read_text()).substitute(_MADE, database=job.database, **sizes).split(";\n"):
        client.execute(rows)
    found: int = client.execute(f"SELECT count() FROM {job.database}.memberships")[0][0]
    return found


def measure(job: Job, memberships: int, runs: int) -> dict[str, Any]:
    """Seconds, in turns; the first turn warms up and is not counted."""
    groupvitals.prepare(job, groupvitals.variables(job))
    known, d, where = fill(job, memberships), job.database, job.servers
    address = Address(where.host, where.tcp_port, where.http_port, where.user, where.password, d)
    store = ClickHouseStore(address)
    states = f"SELECT state, count() FROM {d}.member_states"
    work: dict[str, Callable[[], object]] = {
        "refit": lambda: refit(store),
        "plan_states": lambda: store.native.execute(f"EXPLAIN {states} GROUP BY state"),
        "states": lambda: store.native.execute(f"{states} GROUP BY state"),
        "one_group": lambda: store.native.execute(f"{states} WHERE group_id = 'wecom:-:g0' GROUP BY state"),
        "effective_members": lambda: store.native.execute(f"SELECT * FROM {d}.effective_members"),
        "closed_day": lambda: evaluate(store, due(store)[0]),
    }
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(1 + runs):
        for name, one in work.items():
            began = time.perf_counter()
            one()
            seconds[name].append(round(time.perf_counter() - began, 2))
    return {
        "name": "members", "memberships": known, "runs": runs,
        "median_s": {name: median(found[1:]) for name, found in seconds.items()},
        "seconds": {name: found[1:] for name, found in seconds.items()},
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement in a database of its own."""
    parser = argparse.ArgumentParser(prog="bench.members", description="What a million memberships take in ClickHouse.")
    parser.add_argument("--memberships", type=int, default=1_000_000, help="how many (default 1,000,000)")
    parser.add_argument("--runs", type=int, default=5, help="how often (default 5)")
    options = parser.parse_args(arguments)
    console, settings = report.console(), load_settings()
    where = servers(settings, console)
    with (
        console.status(f"{options.memberships:,} memberships"),
        job_of("members", where, settings.home / "bench", PARTITIONS) as job,
    ):
        found = measure(job, options.memberships, options.runs)
    report.write_result("members", found)
    times = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found["median_s"].items())
    console.print(f"{found['memberships']:,} memberships: {times}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
