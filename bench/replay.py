"""A long replay: events from a file to landed rows by `groupvitals replay`, with its memory over time.

`python -m bench.replay [--events N]` prints events per second and the memory in the middle and at the end, draws
`bench/results/replay.png` and writes `bench/results/replay.json`. The clock runs from the start of the command until
all is landed: starting, loading the compiled kernels, importing beside the worker. What the command does afterwards,
for late events and closed days, is in `seconds_until_days_closed`. Memory is that of all its processes.
"""

import argparse
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from bench import report
from bench.events import events_file
from bench.job import Job
from bench.measure import ContestantError, Sampler, run
from bench.peers import groupvitals
from bench.services import servers
from bench.solo import job_of
from groupvitals.settings import load_settings

PARTITIONS = 4
POLL_S = 1.0
TIMEOUT_S = 1_800.0
#: (Unix seconds, events landed)
Landed = list[tuple[float, int]]


def measure(job: Job, file: Path, events: int) -> tuple[dict[str, Any], Sampler, Landed]:
    """Run the command; meanwhile ask regularly how much has landed."""
    variables = groupvitals.variables(job)
    groupvitals.prepare(job, variables)
    landed: Landed = []
    stop = threading.Event()
    reader = threading.Thread(target=_watch, args=(job, landed, stop))
    reader.start()
    began = time.time()
    try:
        sampler = run([*groupvitals.COMMAND, "replay", "--json", str(file)], "", job.folder, TIMEOUT_S, variables)
    finally:
        stop.set()
        reader.join()
    ended = time.time()
    summary = json.loads((job.folder / "stdout").read_text())
    rows = job.servers.clickhouse().execute(f"SELECT count() FROM {job.database}.events FINAL")[0][0]
    middle, whole = sampler.usage(began, (began + ended) / 2), sampler.usage(began, ended)
    done = next((moment for moment, count in landed if count >= events), ended)
    found = {
        "name": "replay",
        "events": events,
        "equal": rows == events,
        "seconds": round(done - began, 1),
        "seconds_until_days_closed": round(ended - began, 1),
        "events_per_s": round(events / (done - began)),
        "worker_events_per_s": round(summary["events_per_s"]),
        "cpu_s_per_million": round(whole.cpu_s / events * 1e6, 2),
        "peak_rss_mb": round(whole.peak_rss_mb, 1),
        "peak_rss_mb_first_half": round(middle.peak_rss_mb, 1),
    }
    return found, sampler, landed


def _watch(job: Job, landed: Landed, stop: threading.Event) -> None:
    client = job.servers.clickhouse()
    while not stop.wait(POLL_S):
        landed.append((time.time(), client.execute(f"SELECT count() FROM {job.database}.events")[0][0]))


def picture(sampler: Sampler, landed: Landed, path: Path) -> None:
    """Draw memory and landed events over time."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    samples = sampler.samples
    start = samples[0][0]
    figure, memory = plt.subplots(figsize=(9, 4), layout="constrained")
    memory.plot([moment - start for moment, _, _ in samples], [rss for _, _, rss in samples], color="#1b6e53")
    memory.set_ylim(bottom=0)
    memory.set_xlabel("seconds")
    memory.set_ylabel("resident memory, MiB", color="#1b6e53")
    events = memory.twinx()
    events.plot([moment - start for moment, _ in landed], [count / 1e6 for _, count in landed], color="#8a939b")
    events.set_ylim(bottom=0)
    events.set_ylabel("events landed, millions", color="#6a737b")
    memory.set_title("A replay from a file: memory and landed events", loc="left", fontsize=11)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement on a topic and a database of its own; exit code 1 when rows are missing."""
    parser = argparse.ArgumentParser(prog="bench.replay", description="A long replay from a file.")
    parser.add_argument("--events", type=int, default=10_000_000, help="events in the file (default 10,000,000)")
    options = parser.parse_args(arguments)
    console, settings = report.console(), load_settings()
    where, home = servers(settings, console), settings.home / "bench"
    with console.status(f"Writing a file of {options.events:,} events"):
        file = events_file(home / "events", "realistic", options.events)
    try:
        with console.status(f"Replaying {options.events:,} events"), job_of("replay", where, home, PARTITIONS) as job:
            found, sampler, landed = measure(job, file.resolve(), options.events)
    except ContestantError as error:
        console.print(str(error), highlight=False)
        return 1
    report.write_result("replay", found)
    picture(sampler, landed, report.RESULTS / "replay.png")
    half, whole = found["peak_rss_mb_first_half"], found["peak_rss_mb"]
    console.print(
        f"{options.events:,} events from file to landed in {found['seconds']} s, {found['events_per_s']:,} per second; "
        f"memory at most {half:,.0f} MiB in the first half, {whole:,.0f} in all."
    )
    return 0 if found["equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
