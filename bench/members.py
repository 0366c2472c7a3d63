"""A million memberships in ClickHouse: how long the score's fit, all states, one group's states and a closed day take.

`python -m bench.members [--memberships N] [--runs N]` writes `bench/results/members.json`. The rows are made by SQL
(`members.sql`): groups of 500, most members silent, a fifth of the accounts linked to users. Before every turn a day's
rows land (`members_day.sql`). A closed day is read, evaluated, written and published to Kafka by an evaluator that
keeps everybody in memory from the day before (`closed_day`), or has to read everything first (`first_day`). Planning is
the time that ClickHouse takes before it reads a row; it is included in the questions' times.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from string import Template
from typing import Any

from pydantic import SecretStr

from bench import report
from bench.job import Job
from bench.peers import groupvitals
from bench.services import servers
from bench.solo import job_of
from groupvitals.settings import load_settings
from schemas.kafka import Kafka
from schemas.topics import CHAT
from sinks.clickhouse.connection import Address
from sinks.clickhouse.store import ClickHouseStore
from streams.jobs.member_days import MemberDays, due, sender
from streams.jobs.refit import refit

PARTITIONS, GROUP = 8, 500
_ROWS, _DAY = Path(__file__).with_suffix(".sql"), Path(__file__).with_name("members_day.sql")
#: 2026-02-25T06:13:20Z, milliseconds: fixed, so that every run has the same days.
_MADE = {"now": 1_772_000_000_000, "day": 86_400_000, "version": 1 << 32, "partitions": PARTITIONS}


def statements(file: Path, job: Job, memberships: int, **more: int) -> list[str]:
    """Parameters of the queries that create rows."""
    sizes = {
        "groups": max(2, memberships // GROUP // 2 * 2),
        "people": memberships * 7 // 10,
        "memberships": memberships,
    }
    return Template(file.read_text()).substitute(_MADE, database=job.database, **sizes, **more).split(";\n")


def fill(job: Job, memberships: int) -> int:
    """Create the rows; returns how many memberships there are (some random numbers coincide)."""
    client = job.servers.clickhouse()
    checkpoint = statements(_DAY, job, memberships, number=0)[-1]
    for rows in [*statements(_ROWS, job, memberships), checkpoint]:
        client.execute(rows)
    found: int = client.execute(f"SELECT count() FROM {job.database}.memberships")[0][0]
    return found


def land_day(job: Job, memberships: int, number: int) -> None:
    """Land one day's rows."""
    client = job.servers.clickhouse()
    for rows in statements(_DAY, job, memberships, number=number):
        client.execute(rows)


class Closing:
    """Closes a day, with a new evaluator or with the previous one."""

    def __init__(self, store: ClickHouseStore, job: Job) -> None:
        self.store, self._tell = store, sender(Kafka(job.servers.bootstrap), job.topic.removesuffix(CHAT.name))
        self._days, self.changed = MemberDays(store), list[int]()

    def first(self) -> None:
        """With an evaluator that knows nobody yet."""
        self._days = MemberDays(self.store)
        self.next()

    def next(self) -> None:
        """With the previous evaluator."""
        self.changed.append(self._days.evaluate(due(self.store)[0], self._tell).changed)


def measure(job: Job, memberships: int, runs: int) -> dict[str, Any]:
    """Seconds by measurement, taken in turns; the first turn is a warm-up and does not count."""
    groupvitals.prepare(job, groupvitals.variables(job))
    known, d, where = fill(job, memberships), job.database, job.servers
    address = Address(where.host, where.tcp_port, where.http_port, where.user, SecretStr(where.password), d)
    store = ClickHouseStore(address)
    closing, states = Closing(store, job), f"SELECT state, count() FROM {d}.member_states"
    work: dict[str, Callable[[], object]] = {
        "refit": lambda: refit(store),
        "plan_states": lambda: store.native.execute(f"EXPLAIN {states} GROUP BY state"),
        "states": lambda: store.native.execute(f"{states} GROUP BY state"),
        "one_group": lambda: store.native.execute(f"{states} WHERE group_id = 'wecom:-:g0' GROUP BY state"),
        "effective_members": lambda: store.native.execute(f"SELECT * FROM {d}.effective_members"),
        "first_day": closing.first,
        "closed_day": closing.next,
    }
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(1 + runs):
        for name, one in work.items():
            if name == "closed_day":
                land_day(job, memberships, 1 + turn)
            began = time.perf_counter()
            one()
            seconds[name].append(round(time.perf_counter() - began, 2))
    return {
        "name": "members", "memberships": known, "runs": runs,
        "median_s": {name: median(found[1:]) for name, found in seconds.items()},
        "seconds": {name: found[1:] for name, found in seconds.items()}, "changed": closing.changed[2:],
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement in its own database."""
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
