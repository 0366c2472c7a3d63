"""The throughput bench's rows as a table in the terminal and as a picture."""

import json
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

Row = dict[str, Any]
RESULTS = Path(__file__).parent / "results"
_OURS = "#1b6e53"
_PEER = "#8a939b"


def console() -> Console:
    """A console wide enough for the table, even when the output is not a terminal."""
    found = Console()
    return found if found.is_terminal else Console(width=max(found.width, 110))


def write_result(name: str, value: Any) -> None:
    """Write one bench's result as JSON."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n")


def table(rows: list[Row], console: Console) -> None:
    """Print one line per contestant, the fastest first."""
    shown = Table(title="Messages per group and day, checked against the oracle", title_justify="left", box=box.SIMPLE)
    shown.add_column("contestant", no_wrap=True)
    for column in ("events", "events/s", "min to max", "of ours", "CPU s/M", "peak MiB", "equal"):
        shown.add_column(column, justify="right", no_wrap=True)
    for row in sorted(rows, key=lambda row: -row["events_per_s"]):
        low, high = row["events_per_s_min"], row["events_per_s_max"]
        shown.add_row(
            row["name"],
            f"{row['events']:,}",
            f"{row['events_per_s']:,}",
            f"{low:,} to {high:,}" if row["runs"] > 1 else "",
            f"{row['ratio_to_groupvitals']:.3g}",
            f"{row['cpu_s_per_million']:.1f}",
            f"{row['peak_rss_mb']:,.0f}",
            "yes" if row["equal"] else "NO",
        )
    console.print(shown)
    for row in rows:
        if stages := main_stages(row):
            parts = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in stages.items())
            console.print(f"{row['name']}, seconds by stage (they overlap in time): {parts}")


def main_stages(row: Row) -> dict[str, float]:
    """The stages that are not part of another (as `land events` is part of `land`)."""
    return {stage: seconds for stage, seconds in row["stages"].items() if " " not in stage}


def picture(rows: list[Row], path: Path) -> None:
    """Draw events/s as bars on a logarithmic scale, with min and max, and our stages beneath."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    shown = sorted(rows, key=lambda row: row["events_per_s"])
    staged = [row for row in shown if row["stages"]]
    size, ratios = (9, 2 + 0.45 * (len(shown) + len(staged))), (len(shown), len(staged) + 0.8)
    figure, (bars, stages) = plt.subplots(2, 1, figsize=size, height_ratios=ratios, layout="constrained")
    _bars(bars, shown)
    _stages(stages, staged)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _bars(axes: Any, rows: list[Row]) -> None:
    rates = [row["events_per_s"] for row in rows]
    spread = [
        [rate - row["events_per_s_min"] for rate, row in zip(rates, rows, strict=True)],
        [row["events_per_s_max"] - rate for rate, row in zip(rates, rows, strict=True)],
    ]
    colors = [_OURS if row["name"].startswith("groupvitals") else _PEER for row in rows]
    names = [row["name"] for row in rows]
    axes.barh(names, rates, color=colors, xerr=spread, error_kw={"ecolor": "#222", "capsize": 3})
    for place, row in enumerate(rows):
        axes.text(row["events_per_s_max"] * 1.06, place, f"{row['events_per_s']:,}", va="center", fontsize=9)
    axes.set_xscale("log")
    axes.set_xlim(1_000, max(row["events_per_s_max"] for row in rows) * 3)
    axes.set_xlabel("events per second, logarithmic (bar: median, whiskers: minimum to maximum)")
    axes.set_title("One topic, the same events, the same counts per group and day", loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)


def _stages(axes: Any, rows: list[Row]) -> None:
    names = list(dict.fromkeys(stage for row in rows for stage in main_stages(row)))
    for place, row in enumerate(rows):
        left = 0.0
        for number, stage in enumerate(names):
            micros = row["stages"].get(stage, 0.0) / row["events"] * 1e6
            axes.barh(place, micros, left=left, color=f"C{number}", label=stage if place == 0 else None)
            left += micros
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.set_xlabel("microseconds per event by stage (stages overlap in time)")
    axes.legend(ncols=len(names), fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    axes.spines[["top", "right"]].set_visible(False)
