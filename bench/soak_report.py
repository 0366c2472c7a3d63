"""Reports on a long run: its samples, the verdict on memory, a picture. Touches nothing but the picture's file."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from bench.steady import Load, Watch

Values = NDArray[np.float64]
#: Memory that is never freed raises the floor, the lowest that a worker falls back to: the last third's may be so much
#: above the first third's. Peaks are what waits after a kill, up to `flush_events`, and what else the machine does.
FLAT = 0.05
#: Caches and arrays fill at first; shorter runs say nothing about memory.
WARM_MINUTES, JUDGED_MINUTES = 5, 15


class Sample(NamedTuple):
    """One second: Unix time, records landed so far, records waiting, resident MiB of the processes."""

    when: float
    landed: int
    waiting: int
    lasting_mb: float
    killed_mb: float
    clickhouse_mb: float
    kafka_mb: float


@dataclass
class Run:
    """All samples, and when a worker was killed (Unix seconds)."""

    samples: list[Sample] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)

    def minutes(self, name: str, most: Callable[[list[float]], float] = max) -> Values:
        """The highest value of a column in every whole minute; with `min`, the lowest."""
        began, of = self.samples[0].when, defaultdict[int, list[float]](list)
        for sample in self.samples:
            of[int((sample.when - began) // 60)].append(getattr(sample, name))
        return np.array([most(of[minute]) for minute in sorted(of)])


def line(sample: Sample, kills: int) -> str:
    """Progress during the run, as one line."""
    return (
        f"{sample.landed:>12,} landed, {sample.waiting:>7,} waiting, {kills} kills, "
        f"workers {sample.lasting_mb:,.0f} and {sample.killed_mb:,.0f} MiB"
    )


def latencies(load: Load, watch: Watch) -> tuple[Values, Values]:
    """When steps of the load were due (Unix seconds), and how long until each had landed completely (seconds)."""
    due, waited = [], []
    seen = np.array([when for when, _ in watch.seen])
    for partition in {partition for partition, _, _ in load.sent}:
        steps = [(n, when) for p, n, when in load.sent if p == partition]
        landed = np.maximum.accumulate([rows.get(partition, 0) for _, rows in watch.seen])
        places = np.searchsorted(landed, [n for n, _ in steps])
        whens = np.array([when for _, when in steps])
        there = places < len(seen)
        due.append(whens[there])
        waited.append(seen[places[there]] - whens[there])
    return np.concatenate(due), np.concatenate(waited)


def floors(lowest: Values) -> list[float]:
    """The floor of memory in each third of the run, its first minutes left out; empty when it was too short to tell."""
    if len(lowest) < JUDGED_MINUTES:
        return []
    return [float(third.min()) for third in np.array_split(lowest[WARM_MINUTES:], 3)]


def flat(floor: dict[str, list[float]]) -> bool | None:
    """Whether no worker's floor has risen; None when the run was too short to tell."""
    if not all(floor.values()):
        return None
    return all(values[-1] <= values[0] * (1 + FLAT) for values in floor.values())


def summary(run: Run, load: Load, watch: Watch, rate: int) -> dict[str, Any]:
    """The result as it is published."""
    first, last = run.samples[0], run.samples[-1]
    waited = latencies(load, watch)[1]
    memory = {name: run.minutes(f"{name}_mb") for name in ("lasting", "killed", "clickhouse", "kafka")}
    floor = {"lasting": floors(run.minutes("lasting_mb", min))}
    return {
        "name": "soak",
        "minutes": round((last.when - first.when) / 60, 1),
        "asked_events_per_s": rate,
        "events": load.total,
        "kills": len(run.kills),
        "events_per_s": round((last.landed - first.landed) / (last.when - first.when)),
        "most_waiting": max(sample.waiting for sample in run.samples),
        "latency_s": {f"p{q}": round(float(np.percentile(waited, q)), 2) for q in (50, 90, 99, 100)},
        "highest_mb_by_minute": {name: values.round().astype(int).tolist() for name, values in memory.items()},
        "floor_mb_by_third": {name: [round(value) for value in values] for name, values in floor.items()},
        "memory_flat": flat(floor),
    }


def good(result: dict[str, Any]) -> bool:
    """Whether every yes-or-no result is yes."""
    return all(value for value in result.values() if isinstance(value, bool))


def show(result: dict[str, Any], console: Console) -> None:
    """The verdict in the terminal."""
    console.print(
        f"{result['events']:,} events in {result['minutes']} minutes, {result['kills']} kills; latency p50 "
        f"{result['latency_s']['p50']} s, p99 {result['latency_s']['p99']} s, longest {result['latency_s']['p100']} s.",
        highlight=False,
    )
    for name, floor in result["floor_mb_by_third"].items():
        said = ", ".join(f"{value} MiB" for value in floor) or "the run was too short to tell"
        console.print(f"Floor of the {name} worker's memory in each third of the run: {said}.", highlight=False)
    for name, value in result.items():
        if isinstance(value, bool):
            console.print(f"{name.replace('_', ' ')}: {'yes' if value else 'NO'}", highlight=False)


def picture(run: Run, load: Load, watch: Watch, path: Path) -> None:
    """Draw throughput, waiting records, latency and memory over time; a mark for every kill."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    columns = {name: np.array([getattr(sample, name) for sample in run.samples]) for name in Sample._fields}
    minutes = (columns["when"] - columns["when"][0]) / 60
    figure, (speed, waiting, latency, memory) = plt.subplots(4, 1, figsize=(9, 10), sharex=True, layout="constrained")
    speed.plot(
        minutes[10:],
        (columns["landed"][10:] - columns["landed"][:-10])
        / np.maximum(columns["when"][10:] - columns["when"][:-10], 1e-9),
    )
    speed.set_ylabel("events landed per second,\nmean of 10 s")
    waiting.plot(minutes, columns["waiting"])
    waiting.set_ylabel("records waiting")
    due, waited = latencies(load, watch)
    latency.plot((due - columns["when"][0]) / 60, waited, ".", markersize=1)
    latency.set_ylabel("event to checkpoint, s")
    for name in ("lasting", "killed", "clickhouse", "kafka"):
        memory.plot(minutes, columns[f"{name}_mb"], label=f"{name} worker" if name in ("lasting", "killed") else name)
    memory.set_ylabel("resident memory, MiB")
    memory.set_xlabel("minutes; each grey line is a SIGKILL of one of the two workers")
    memory.legend(fontsize=8, frameon=False, ncols=4)
    for axes in (speed, waiting, latency, memory):
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
        for kill in run.kills:
            axes.axvline((kill - columns["when"][0]) / 60, color="#ccc", linewidth=0.6, zorder=0)
    figure.savefig(path, dpi=120)
    plt.close(figure)
