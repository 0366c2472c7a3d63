"""The price of exactness: the worker with and without checkpoints and commits, in pairs.

`python -m bench.bookkeeping [--events N] [--pairs N]` writes `bench/results/bookkeeping.json`. Runs are long enough
that what happens once, such as the last flush, does not count for much.
"""

import argparse
import sys
from statistics import median
from typing import Any

from bench import report
from bench.contest import Contestant, Run
from bench.measure import ContestantError
from bench.services import servers
from bench.throughput import OURS, contest
from groupvitals.settings import load_settings

UNFENCED = Contestant("groupvitals_unfenced", OURS.packages, lands=True, entry="bench.peers.unfenced_worker")


def summary(ours: list[Run], unfenced: list[Run]) -> dict[str, Any]:
    """Shares are of the worker's own time and CPU, medians over the pairs."""
    pairs = list(zip(ours, unfenced, strict=True))
    cpu = [(a.cpu_s + a.clickhouse_cpu_s, b.cpu_s + b.clickhouse_cpu_s) for a, b in pairs]
    return {
        "name": "bookkeeping",
        "events": ours[0].events,
        "share_of_throughput": round(1 - median(b.seconds / a.seconds for a, b in pairs), 4),
        "share_of_cpu": round(1 - median(b / a for a, b in cpu), 4),
        "share_of_throughput_by_pair": [round(1 - b.seconds / a.seconds, 4) for a, b in pairs],
        "share_of_cpu_by_pair": [round(1 - b / a, 4) for a, b in cpu],
        "events_per_s": [round(run.events / run.seconds) for run in ours],
        "events_per_s_unfenced": [round(run.events / run.seconds) for run in unfenced],
        "equal": all(run.equal for run in [*ours, *unfenced]),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the pairs; exit code 1 when one failed or an answer was wrong."""
    parser = argparse.ArgumentParser(prog="bench.bookkeeping", description="What checkpoints and commits cost.")
    parser.add_argument("--events", type=int, default=4_000_000, help="events per run (default 4,000,000)")
    parser.add_argument("--pairs", type=int, default=6, help="how many (default 6)")
    options = parser.parse_args(arguments)
    console, settings = report.console(), load_settings()
    where = servers(settings, console)
    order = [(OURS, UNFENCED) if pair % 2 else (UNFENCED, OURS) for pair in range(options.pairs)]
    flat = tuple(contestant for pair in order for contestant in pair)
    try:
        runs = contest(where, settings.home / "bench", flat, options.events, console)
    except ContestantError as error:
        console.print(f"[red]{error}", markup=True, highlight=False)
        return 1
    found = summary(runs[OURS.name], runs[UNFENCED.name])
    report.write_result("bookkeeping", found)
    console.print(
        f"Checkpoints and commits: {found['share_of_throughput']:.1%} of throughput, {found['share_of_cpu']:.1%} of "
        f"CPU (medians of {options.pairs} pairs; single pairs vary with the machine's noise: "
        f"{', '.join(f'{share:.1%}' for share in found['share_of_throughput_by_pair'])}).",
        highlight=False,
    )
    return 0 if found["equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
