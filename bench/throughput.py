"""The throughput bench: one topic, the same events, the same result, all contestants side by side, ours in between.

`python -m bench.throughput [--events N] [--quick]` prints a table, draws `bench/results/throughput.png` and writes
`bench/results/throughput.json`. It uses its own topics and databases, and removes them.
"""

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from statistics import median
from typing import Any

from rich.console import Console

from bench import oracle, report, topic
from bench.contest import Contestant, Run, run
from bench.events import events_file
from bench.job import Job, Servers
from bench.measure import ContestantError
from bench.services import servers
from groupvitals.settings import load_settings
from schemas.topics import CHAT

PARTITIONS = 4
TIMEOUT_S = 600.0

OURS = Contestant("groupvitals", ("groupvitals", "faust-streaming", "numba", "pyarrow"), lands=True)
WORST = Contestant("groupvitals_worst_case", OURS.packages, traffic="worst_case", lands=True)
TABLE = Contestant("faust_table", ("faust-streaming", "aiokafka"), share=0.06)
TAKE = Contestant("faust_take", TABLE.packages, share=0.1)
QUIX = Contestant("quix_state", ("quixstreams", "confluent-kafka"))
ENGINE = Contestant("clickhouse_kafka_engine", lands=True)
#: Ours runs before and after every other, to expose a drifting machine; the nearest peer runs often enough for a
#: median.
ORDER = (OURS, TABLE, OURS, ENGINE, OURS, TAKE, OURS, ENGINE, OURS, QUIX, OURS, ENGINE, OURS, WORST, WORST, WORST)
QUICK = (OURS, TABLE, TAKE, QUIX, ENGINE, OURS, WORST)


@dataclass(frozen=True)
class Traffic:
    """An events file, the topic that holds it, and how many events there are."""

    file: Path
    topic: str
    events: int


def fill(where: Servers, folder: Path, kind: str, events: int, console: Console) -> Traffic:
    """Create the file, unless it exists, and a topic that holds it."""
    with console.status(f"Writing {events:,} {kind.replace('_', ' ')} events to a topic of {PARTITIONS} partitions"):
        file = events_file(folder, kind, events)
        name = f"bench.{kind}-{time.time_ns() // 1_000_000}.{CHAT.name}"
        topic.create(where.bootstrap, name, PARTITIONS)
        asyncio.run(topic.fill(where.bootstrap, name, file, PARTITIONS))
    return Traffic(file, name, events)


def contest(
    where: Servers, home: Path, order: tuple[Contestant, ...], events: int, console: Console
) -> dict[str, list[Run]]:
    """Run all in order; returns the runs by name."""
    runs: dict[str, list[Run]] = {}
    traffics: dict[str, Traffic] = {}
    try:
        for kind in dict.fromkeys(contestant.traffic for contestant in order):
            traffics[kind] = fill(where, home / "events", kind, events, console)
        for number, contestant in enumerate(order, 1):
            traffic = traffics[contestant.traffic]
            name = f"{traffic.topic.removesuffix(CHAT.name)}{contestant.name}-{number}"
            job = Job(
                name, where, traffic.topic, PARTITIONS, round(traffic.events * contestant.share),
                f"bench_{contestant.name}", home / "runs" / contestant.name,
            )  # fmt: skip
            with console.status(f"{number} of {len(order)}: {contestant.name}, {job.events:,} events"):
                done = run(contestant, job, partial(oracle.message_counts, traffic.file), TIMEOUT_S)
            runs.setdefault(contestant.name, []).append(done)
            verdict = "equal" if done.equal else "NOT equal"
            console.print(f"{contestant.name}: {done.events / done.seconds:,.0f} events/s, {verdict} to the oracle")
    finally:
        for traffic in traffics.values():
            topic.remove(where.bootstrap, traffic.topic.removesuffix(CHAT.name))
    return runs


def rows(runs: dict[str, list[Run]], order: tuple[Contestant, ...], where: Servers) -> list[dict[str, Any]]:
    """One JSON object per contestant: medians over its runs, the highest memory, and whatever else is worth knowing."""
    contestants = {contestant.name: contestant for contestant in order}
    ours = median(_rates(runs[OURS.name]))
    server = where.clickhouse().execute("SELECT version()")[0][0]
    return [_row(contestants[name], found, ours, server) for name, found in runs.items()]


def _rates(runs: list[Run]) -> list[float]:
    return [run.events / run.seconds for run in runs]


def _per_million(runs: list[Run], *parts: str) -> float:
    return round(median(float(sum(getattr(run, part) for part in parts)) / run.events * 1e6 for run in runs), 2)


def _row(contestant: Contestant, runs: list[Run], ours: float, server: str) -> dict[str, Any]:
    rates = _rates(runs)
    versions = {"python": python_version()} | {package: version(package) for package in contestant.packages}
    return {
        "name": contestant.name,
        "events": runs[0].events,
        "events_per_s": round(median(rates)),
        "cpu_s_per_million": _per_million(runs, "cpu_s", "clickhouse_cpu_s"),
        "peak_rss_mb": round(max(run.peak_rss_mb for run in runs), 1),
        "equal": all(run.equal for run in runs),
        "events_per_s_min": round(min(rates)),
        "events_per_s_max": round(max(rates)),
        "runs": len(runs),
        "ratio_to_groupvitals": round(median(rates) / ours, 4),
        "lands_raw_rows": contestant.lands,
        "cpu_parts_s_per_million": {
            "own": _per_million(runs, "cpu_s"),
            "clickhouse": _per_million(runs, "clickhouse_cpu_s"),
            "kafka": _per_million(runs, "kafka_cpu_s"),
        },
        "stages": {stage: round(median(run.stages[stage] for run in runs), 3) for stage in runs[0].stages},
        "versions": versions | ({"clickhouse": server} if contestant.lands else {}),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the bench; exit code 1 when a contestant failed or an answer was wrong."""
    parser = argparse.ArgumentParser(prog="bench.throughput", description="Groupvitals and its peers on one topic.")
    parser.add_argument("--events", type=int, default=1_000_000, help="events in the topic (default 1,000,000)")
    parser.add_argument("--quick", action="store_true", help="fewer events and runs, to see whether everything works")
    options = parser.parse_args(arguments)
    events, order = (min(options.events, 100_000), QUICK) if options.quick else (options.events, ORDER)
    console, settings = report.console(), load_settings()
    where = servers(settings, console)
    try:
        found = rows(contest(where, settings.home / "bench", order, events, console), order, where)
    except ContestantError as error:
        console.print(f"[red]{error}", markup=True, highlight=False)
        return 1
    report.table(found, console)
    if not options.quick:
        report.write_result("throughput", found)
        report.picture(found, report.RESULTS / "throughput.png")
        console.print("Written: bench/results/throughput.json and bench/results/throughput.png")
    return 0 if all(row["equal"] for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
