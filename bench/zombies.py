"""Zombies called and zombies planted: simulated half-years through the whole system, and the result for each kind.

`python -m bench.zombies [--members N] [--days N] [--worlds N]` writes `bench/results/zombies.json`. It counts
members whose state events can show: the views decide it by activity or score (not `elsewhere`, `unobservable`), and
their visible acts in four weeks, while awake and allowing for how far their group had faded, are at least three (then
four weeks of silence are chance in 5 %). Of the planted zombies it counts those silent for 28, 56 or 84 days, since
planted pauses last for weeks.
A planted zombie who clicks or buys with the group's links is a `lurker`, and is left out as well.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from bench import report
from bench.job import Job
from bench.peers import groupvitals
from bench.services import servers
from bench.solo import job_of
from groupvitals.settings import load_settings

PARTITIONS, DAY_MS = 4, 86_400_000
#: Visible acts in four weeks from which on silence means something.
SEEN = 3
#: Days for which planted zombies have been silent.
SILENT = (28, 56, 84)
#: States decided by an activity or by the score; others mean that the group's own events do not tell.
_TOLD = ("active", "participant", "lurker", "newcomer", "at_risk", "zombie")
_HABITS = ("loud", "occasional", "reactor", "lurker")
Member = dict[str, Any]
#: (kind, planted, called) -> members
Counts = Counter[tuple[str, bool, bool]]


def replayed(job: Job, options: argparse.Namespace, seed: int) -> Path:
    """Simulate, land everything, close days; returns the planted truth."""
    variables, world = groupvitals.variables(job), job.folder / "world"
    sizes = ["--members", options.members, "--groups", options.members // 100, "--days", options.days]
    files = [world / f"{name}.ndjson" for name in ("chat.events", "product.events", "identity.links")]
    groupvitals.prepare(job, variables)
    with (job.folder / "log").open("wb") as log:
        for command in (
            ["simulate", world, *sizes, "--seed", seed],
            ["import", "--format", "ndjson", *files],
            ["worker", "--agent", "all", "--until-caught-up", "--close-days"],
        ):  # fmt: skip
            line = [*groupvitals.COMMAND, *map(str, command)]
            subprocess.run(line, env=variables, check=True, stdout=log, stderr=log)
    return world / "truth.json"


def _rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def members_of(truth: dict[str, Any]) -> list[Member]:
    """Planted members who may or may not be zombies: with a habit, and present at the end."""
    return [
        row
        for row in _rows(truth["members"])
        if row["habit"] in _HABITS and row["state"] not in ("absent", "excluded", "left")
    ]


def visible_acts(member: Member, plan: dict[str, Any], group: dict[str, Any]) -> float:
    """Acts in four weeks visible in events: the average while awake, less what the group has faded by then."""
    end = min(member["zombie_since_ms"] or plan["end_ms"], plan["end_ms"])
    awake = max((end - max(member["joined_ms"] or 0, plan["start_ms"])) / DAY_MS, 1)
    acts = member["messages"] + member["reactions"] + (member["readings"] if group["reads_reported"] else 0)
    faded = 1.0
    if group["half_life_days"]:
        faded = 0.5 ** max((end - group["turn_ms"]) / DAY_MS / group["half_life_days"], 0)
    return float(acts / awake * 28 * faded)


def counted(truth: dict[str, Any], states: dict[tuple[str, str], str], silent: int) -> Counts:
    """Members by kind, whether planted as a zombie, and whether called one."""
    groups = {group["group_id"]: group for group in _rows(truth["groups"])}
    counts: Counts = Counter()
    for member in members_of(truth):
        state, planted = states.get((member["group_id"], member["member_id"]), ""), member["state"] == "zombie"
        asleep_ms = truth["plan"]["end_ms"] - (member["zombie_since_ms"] or 0)
        if planted and (asleep_ms < silent * DAY_MS or state == "lurker"):
            continue
        if state in _TOLD and visible_acts(member, truth["plan"], groups[member["group_id"]]) >= SEEN:
            counts[member["habit"], planted, state == "zombie"] += 1
    return counts


def rates(counts: Counts) -> dict[str, dict[str, Any]]:
    """By kind of member: zombies found and missed, others called zombies or not, precision and recall."""
    return {kind: _rates(counts, _HABITS if kind == "all" else (kind,)) for kind in (*_HABITS, "all")}


def _rates(counts: Counts, kinds: tuple[str, ...]) -> dict[str, Any]:
    found, missed, wrong, right = (
        sum(counts[kind, planted, called] for kind in kinds)
        for planted, called in ((True, True), (True, False), (False, True), (False, False))
    )
    return {
        "found": found, "missed": missed, "wrongly_called": wrong, "rightly_not": right,
        "precision": round(found / (found + wrong), 3) if found + wrong else None,
        "recall": round(found / (found + missed), 3) if found + missed else None,
    }  # fmt: skip


def measure(job: Job, options: argparse.Namespace, seed: int) -> dict[int, Counts]:
    """One world: counts by days of silence."""
    truth = json.loads(replayed(job, options, seed).read_text())
    rows = job.servers.clickhouse().execute(f"SELECT group_id, member_id, state FROM {job.database}.member_status")
    states = {(group, member): state for group, member, state in rows}
    return {days: counted(truth, states, days) for days in SILENT}


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement on topics and a database of its own."""
    parser = argparse.ArgumentParser(prog="bench.zombies", description="Zombies called and zombies planted.")
    for name, value, text in (
        ("members", 20_000, "memberships"), ("days", 180, "days of the simulation"), ("worlds", 3, "worlds, added up"),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=value, help=f"{text} (default {value:,})")
    options = parser.parse_args(arguments)
    console, settings = report.console(), load_settings()
    where = servers(settings, console)
    counts: dict[int, Counts] = {days: Counter() for days in SILENT}
    for seed in range(1, options.worlds + 1):
        with (
            console.status(f"{options.members:,} memberships, {options.days} days, world {seed} of {options.worlds}"),
            job_of("zombies", where, settings.home / "bench", PARTITIONS) as job,
        ):
            for days, some in measure(job, options, seed).items():
                counts[days].update(some)
    kinds = {days: rates(all_of) for days, all_of in counts.items()}
    report.write_result("zombies", {"name": "zombies", **vars(options), "kinds_by_days_silent": kinds})
    for days, by_kind in kinds.items():
        for kind, found in by_kind.items():
            console.print(
                f"silent for {days} days, {kind}: precision {found['precision']}, recall {found['recall']} "
                f"({found['found']} found, {found['missed']} missed, {found['wrongly_called']} wrongly called)",
                highlight=False,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
