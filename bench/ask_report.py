"""Reports on the speed of asking: targets, growth from one world to the next, a table, a picture."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

#: What is aimed at: percentile 95 in ClickHouse, growth when there are ten times the events (unless it is as small as
#: `IGNORED_MS`), and what a `groupvitals ask` process takes beside ClickHouse.
TARGET_MS, GROWTH, IGNORED_MS, PROCESS_S = 200.0, 1.5, 20.0, 0.4
#: World -> its figures, as `bench.ask.measure` returns them.
Worlds = dict[str, dict[str, Any]]
_GOOD, _BAD, _SMALLER = "#1b6e53", "#b3422f", "#8a939b"


def by_size(worlds: Worlds) -> Worlds:
    """The same, fewest events first."""
    return dict(sorted(worlds.items(), key=lambda item: int(item[1]["events"])))


def summary(worlds: Worlds) -> dict[str, Any]:
    """Targets, what grew, and the worlds, for the file of results."""
    worlds = by_size(worlds)
    targets = {"p95_ms": TARGET_MS, "growth": GROWTH, "ignored_ms": IGNORED_MS, "process_s": PROCESS_S}
    return {"targets": targets, "growth": growth(worlds), "worlds": worlds}


def growth(worlds: Worlds) -> list[dict[str, Any]]:
    """By case, from each world to the next one with the same memberships: the factor of percentile 95, and whether that
    is within the target; None where one of the two has no answer."""
    found = []
    for (small, before), (large, after) in pairwise(by_size(worlds).items()):
        earlier = {_case(case): case["p95_ms"] for case in before["cases"]}
        for case in after["cases"] if before["memberships"] == after["memberships"] else ():
            old, new = earlier.get(_case(case)) or 0.0, case["p95_ms"] or 0.0
            known = old and new and not case["failed"]
            found.append({
                "question": case["question"], "about": case["about"], "from": small, "to": large,
                "factor": round(new / old, 2) if known else None,
                "within": bool(new <= GROWTH * old or new - old < IGNORED_MS) if known else None,
            })  # fmt: skip
    return found


def table(worlds: Worlds, console: Console) -> None:
    """Print one line per case and world, then the agents' rates and the processes."""
    worlds = by_size(worlds)
    grown = {(row["question"], row["about"], row["to"]): row for row in growth(worlds)}
    shown = Table(box=box.SIMPLE)
    for column in ("question", "about", "world"):
        shown.add_column(column, no_wrap=True)
    for column in ("times", "p50 ms", "p95 ms", "growth", "rows read", "MB read", "rows", "target"):
        shown.add_column(column, justify="right", no_wrap=True)
    for key in dict.fromkeys(_case(case) for world in worlds.values() for case in world["cases"]):
        for name, world in worlds.items():
            for case in (case for case in world["cases"] if _case(case) == key):
                shown.add_row(*key, name, *_cells(case, grown.get((*key, name), {})))
    Console(width=max(console.width, 140)).print(shown)
    for name, world in worlds.items():
        _lines(name, world, console)


def _cells(case: dict[str, Any], grown: dict[str, Any]) -> list[str]:
    factor, within = grown.get("factor"), grown.get("within")
    rate = "" if factor is None else f"{factor:.2f}×{'' if within else ' !'}"
    if case["p95_ms"] is None:
        return ["0", "", "", rate, "", "", "", case["failed"]]
    times = [str(case["times"]), f"{case['p50_ms']:,.0f}", f"{case['p95_ms']:,.0f}", rate]
    read = [f"{case['rows_read']:,}", f"{case['bytes_read'] / 1e6:,.1f}", f"{case['rows']:,}"]
    return [*times, *read, case["failed"] or ("met" if met(case) else "missed")]


def met(case: dict[str, Any]) -> bool:
    """Whether a case is as fast as it should be."""
    return not case["failed"] and case["p95_ms"] is not None and case["p95_ms"] <= TARGET_MS


def _lines(name: str, world: dict[str, Any], console: Console) -> None:
    steps = ", ".join(f"{step} {_pace(one)}" for step, one in world["landing"].items())
    console.print(f"{name}: {world['events']:,} records, produced at {world['produced_per_s']:,}/s; landed: {steps}.")
    console.print(f"{name}: {sum(map(met, world['cases']))} of {len(world['cases'])} cases within {TARGET_MS:.0f} ms.")
    for one in world["processes"]:
        console.print(
            f"{name}: groupvitals ask {one['question']} ({one['about']}) took {one['seconds']:.2f} s, "
            f"{one['beside_clickhouse_s']:.2f} s beside ClickHouse (target: {PROCESS_S} s)."
        )


def _pace(step: dict[str, float]) -> str:
    """Events per second, or seconds for what has no events of its own."""
    events, seconds = step.get("events", 0), step["seconds"]
    return f"{events / seconds:,.0f}/s" if events and seconds else f"{seconds:,.0f} s"


def picture(worlds: Worlds, path: Path) -> None:
    """Draw percentile 95 of every case as bars on a logarithmic scale: the largest world's, the next smaller's grey."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    *others, (name, largest) = by_size(worlds).items()
    cases = sorted(largest["cases"], key=lambda case: (case["p95_ms"] is not None, -(case["p95_ms"] or 0)))
    figure, axes = plt.subplots(figsize=(9, 1.5 + 0.3 * len(cases)), layout="constrained")
    for place, case in enumerate(cases):
        _bar(axes, place, case, _GOOD if met(case) else _BAD, 0.38)
        for _, smaller in others[-1:]:
            for before in (one for one in smaller["cases"] if _case(one) == _case(case)):
                _bar(axes, place - 0.35, before, _SMALLER, 0.28)
    axes.set_yticks(range(len(cases)), [f"{case['question']}, {case['about']}" for case in cases], fontsize=8)
    axes.axvline(TARGET_MS, color="#222", linewidth=0.8, linestyle="--")
    axes.set_xscale("log")
    axes.set_xlim(1, 1e5)
    axes.margins(y=0.01)
    axes.set_xlabel(f"p95 in ClickHouse, milliseconds, logarithmic; dashed: the target of {TARGET_MS:.0f} ms")
    grey = f"; grey: {others[-1][1]['events']:,}" if others else ""
    axes.set_title(f"Asking {largest['events']:,} events ({name}){grey}", loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _bar(axes: Any, place: float, case: dict[str, Any], color: str, height: float) -> None:
    if case["p95_ms"] is None:
        at = axes.get_yaxis_transform()  # from the left edge, whatever the scale
        axes.text(0.01, place, case["failed"][:60], va="center", fontsize=7, color=color, transform=at)
        return
    axes.barh(place, case["p95_ms"], height=height, color=color)
    note = f"{case['p95_ms']:,.0f}{', ' + case['failed'][:40] if case['failed'] else ''}"
    axes.text(case["p95_ms"] * 1.05, place, note, va="center", fontsize=7, color=color)


def _case(case: dict[str, Any]) -> tuple[str, str]:
    return case["question"], case["about"]
