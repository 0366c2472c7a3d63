"""Recovery: a worker with a million memberships is killed and restarted while events keep arriving.

`python -m bench.recovery [--people] [--memberships N] [--rate N] [--kills N]` prints seconds from the kill until
everything that was handed over more than a second before has landed, says where they went, and writes
`bench/results/recovery.json`. With `--people`, a worker of people is killed while one of chat goes on, two seconds
count as steady, event time goes on as fast as events are sent, and the file is `recovery_people.json`. The new worker
is started at once by the same command; its start, the loading of compiled kernels, the removal of the dead member from
the consumer group, and the loading of state and event ids all count.
"""

import argparse
import asyncio
import sys
import time
from functools import partial
from typing import Any

from bench import report, topic
from bench.events import events_file
from bench.job import Job
from bench.peers import groupvitals
from bench.services import servers
from bench.solo import job_of
from bench.steady import PARTITIONS, POLL_S, FollowingWorker, Load, Watch, endless, event_ms, wait_for_days
from groupvitals.settings import load_settings
from schemas.agents import COMMUNITY, PEOPLE

STEADY_S = 10.0
#: A lag up to this many seconds of load counts as steady: a running worker always has that much.
BEHIND_S = {COMMUNITY.name: 1.0, PEOPLE.name: 2.0}
LONGEST_S = 300.0
#: What a worker logs, in order; a stage lasts from the end of the one before to the last of its own lines.
_STAGES = {
    "start of the process": "Loading kernels",
    "load compiled kernels": "Kernels ready",
    "join the consumer group": "taking over",
    "load state and event ids": "taken over",
}


def one(job: Job, load: Load, watch: Watch, old: FollowingWorker) -> tuple[dict[str, Any], FollowingWorker]:
    """Kill the worker, start another, and wait until it has caught up with the old one."""
    killed, behind = old.kill(), BEHIND_S[old.agent]
    new = FollowingWorker(job, agent=old.agent, name=old.name)
    while not _steady(load, watch, killed, behind):
        if new.process.poll() is not None or time.time() > killed + LONGEST_S:
            raise RuntimeError(f"The worker did not come back; see its log in {job.folder}.")
        time.sleep(POLL_S)
    steady = watch.seen[-1][0]
    stages, before = {}, new.started
    for stage, words in _STAGES.items():
        said = new.said(words) or before
        stages[stage] = round(said - before, 2)
        before = said
    stages["work off what came meanwhile"] = round(steady - before, 2)
    return {"from_kill_s": round(steady - killed, 2), "from_start_s": round(steady - new.started, 2), **stages}, new


def _steady(load: Load, watch: Watch, killed: float, behind: float) -> bool:
    when = watch.seen[-1][0]
    return when > killed + behind and watch.landed >= load.handed_over(when - behind)


def measure(job: Job, memberships: int, rate: int, kills: int, home: Any, people: bool) -> dict[str, Any]:
    """Fill the state, then kill the worker repeatedly under load; with `people`, that of people, while chat goes on."""
    groupvitals.prepare(job, groupvitals.variables(job))
    seeds = events_file(home / "events", "worst_case", memberships)
    filled = asyncio.run(topic.fill(job.servers.bootstrap, job.topic, seeds, PARTITIONS))
    at_ms = partial(event_ms, rate=rate) if people else None
    events = endless(events_file(home / "events", "realistic", 1_000_000), first=1, at_ms=at_ms)
    load = Load(job, events, rate)
    load.counts[:] = filled
    agents = [COMMUNITY.name, *([PEOPLE.name] if people else [])]
    workers = [FollowingWorker(job, name=agent, agent=agent) for agent in agents]
    found = []
    try:
        with Watch(job, people=people) as watch:
            watch.wait(memberships, workers, LONGEST_S)
            if people:
                wait_for_days(job, LONGEST_S)
            with load:
                for _ in range(kills):
                    time.sleep(STEADY_S)
                    recovery, workers[-1] = one(job, load, watch, workers[-1])
                    found.append(recovery)
            watch.wait(load.total, workers, LONGEST_S)
    finally:
        for worker in workers:
            worker.stop()
    return _summary(job, found, memberships, rate, load.total)


def _summary(job: Job, found: list[dict[str, Any]], memberships: int, rate: int, sent: int) -> dict[str, Any]:
    client, db = job.servers.clickhouse(), job.database
    once = client.execute(f"SELECT count() FROM {db}.events FINAL")[0][0] == sent
    known = client.execute(f"SELECT count() FROM {db}.memberships")[0][0]
    return {
        "name": "recovery", "memberships": known, "events_per_s": rate, "each_event_landed_once": once,
        "longest_from_kill_s": max(one["from_kill_s"] for one in found), "kills": found,
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement; exit code 1 when rows are missing."""
    parser = argparse.ArgumentParser(prog="bench.recovery", description="From a kill to steady state.")
    parser.add_argument("--memberships", type=int, default=1_000_000, help="in state (default 1,000,000)")
    parser.add_argument("--people", action="store_true", help="kill the worker of people, while chat goes on")
    parser.add_argument("--rate", type=int, default=5_000, help="events per second meanwhile (default 5,000)")
    parser.add_argument("--kills", type=int, default=3, help="how often (default 3)")
    options = parser.parse_args(arguments)
    console, settings = report.console(), load_settings()
    where, home = servers(settings, console), settings.home / "bench"
    with (
        console.status(f"{options.memberships:,} memberships, {options.kills} kills"),
        job_of("recovery", where, home, PARTITIONS) as job,
    ):
        found = measure(job, options.memberships, options.rate, options.kills, home, options.people)
    report.write_result("recovery_people" if options.people else "recovery", found)
    for kill in found["kills"]:
        stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in kill.items() if not name.startswith("from_"))
        console.print(f"From the kill to steady state {kill['from_kill_s']:.1f} s: {stages}.", highlight=False)
    return 0 if found["each_event_landed_once"] else 1


if __name__ == "__main__":
    sys.exit(main())
