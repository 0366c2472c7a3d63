"""The product agent: a million events of 50,000 users, landed by one worker, with every count compared with the file.

`python -m bench.product [--events N] [--runs N]` writes `bench/results/product.json`.
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench import report, topic
from bench.events import DAY_MS, DAYS, START_MS
from bench.job import Job
from bench.peers import groupvitals
from bench.services import servers
from bench.solo import job_of
from groupvitals.settings import load_settings
from schemas.topics import CHAT, PRODUCT

USERS, PARTITIONS = 50_000, 4
#: Event types and their shares.
_SHARES = {"view": 0.55, "open": 0.2, "click": 0.14, "share": 0.04, "purchase": 0.04, "signup": 0.02, "refund": 0.01}


def events_file(folder: Path, events: int, seed: int = 1) -> Path:
    """The file of `events` product events in order of time; created if absent."""
    path = folder / f"product-{events}-{seed}.ndjson"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    activity = rng.pareto(1.2, USERS) + 0.05
    users = rng.choice(USERS, events, p=activity / activity.sum())
    types = rng.choice(len(_SHARES), events, p=list(_SHARES.values()))
    times = np.sort(START_MS + rng.integers(0, DAYS * DAY_MS, events))
    groups, amounts = rng.integers(0, 500, events), rng.integers(100, 50_000, events)
    names = list(_SHARES)
    partial = path.with_suffix(".part")
    with partial.open("w", encoding="utf-8", newline="\n") as out:
        columns = (column.tolist() for column in (types, times, users, groups, amounts))
        for number, (kind, ts_ms, user, group, amount) in enumerate(zip(*columns, strict=True)):
            out.write(_line(number, names[kind], ts_ms, user, group, amount))
    return partial.rename(path)


def _line(number: int, kind: str, ts_ms: int, user: int, group: int, amount: int) -> str:
    head = f'{{"event_id":"app-{number:010d}","type":"{kind}","ts_ms":{ts_ms},"user_id":"u{user:07d}","app_id":"shop"'
    here, money = f'"group_id":"telegram:-:g{group:04d}"', f'"amount_minor":{amount},"currency":"EUR"'
    more = {
        "view": f',"content_id":"page-{amount % 997}"',
        "click": f',"link_id":"l{group}",{here},"campaign_id":"k{group % 20}"',
        "share": f',"target":"group",{here}',
        "purchase": f',"order_id":"o{number}",{money},"product_id":"p{amount % 50}",{here}',
        "refund": f',"order_id":"o{number}","refund_id":"r{number}",{money}',
    }.get(kind, "")
    return f"{head}{more}}}\n"


def run(job: Job, events: int) -> dict[str, Any]:
    """One run into an empty database: what the worker reports, and whether every event and user is there."""
    client = job.servers.clickhouse()
    client.execute(f"DROP DATABASE IF EXISTS {job.database} SYNC")
    shutil.rmtree(job.folder, ignore_errors=True)
    job.folder.mkdir(parents=True)
    variables = groupvitals.variables(job)
    groupvitals.prepare(job, variables)
    with (job.folder / "worker.log").open("wb") as log:
        subprocess.run(groupvitals.command(job, agent="product"), env=variables, check=True, stderr=log, stdout=log)
    stats: dict[str, Any] = json.loads((job.folder / "stats.json").read_text())
    d = job.database
    landed = client.execute(f"SELECT count(), uniqExact(user_id) FROM {d}.product_events FINAL")[0]
    users = client.execute(f"SELECT count() FROM {d}.users")[0][0]
    return stats | {"equal": landed[0] == events and landed[1] == users}


def main(arguments: list[str] | None = None) -> int:
    """Run several times; exit code 1 when an answer was wrong."""
    parser = argparse.ArgumentParser(prog="bench.product", description="How fast the product agent is.")
    parser.add_argument("--events", type=int, default=1_000_000, help="events (default 1,000,000)")
    parser.add_argument("--runs", type=int, default=5, help="how often (default 5)")
    options = parser.parse_args(arguments)
    console, settings = report.console(), load_settings()
    where = servers(settings, console)
    file = events_file(settings.home / "bench", options.events)
    with job_of("product", where, settings.home / "bench", PARTITIONS) as job:
        name = job.topic.removesuffix(CHAT.name) + PRODUCT.name
        topic.create(where.bootstrap, name, PARTITIONS)
        asyncio.run(topic.fill(where.bootstrap, name, file, PARTITIONS, "user_id"))
        runs = [run(job, options.events) for _ in range(options.runs)]
    rates = [round(one["events_per_s"]) for one in runs]
    result = {
        "name": "product", "events": options.events, "users": USERS, "events_per_s": rates,
        "median_events_per_s": round(median(rates)), "equal": all(one["equal"] for one in runs),
        "stages_s": {stage: round(seconds, 2) for stage, seconds in runs[-1]["stages_s"].items()},
    }  # fmt: skip
    report.write_result("product", result)
    console.print(
        f"Product agent: {result['median_events_per_s']:,} events per second (median of {len(rates)} runs, "
        f"{min(rates):,} to {max(rates):,}); counts {'equal' if result['equal'] else 'DIFFER'}.",
        highlight=False,
    )
    return 0 if result["equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
