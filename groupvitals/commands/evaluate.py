"""`groupvitals evaluate zombies`: how well the zombie score would have predicted this deployment's own past."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemas.errors import ConfigError

if TYPE_CHECKING:
    from analytics.backtest.backtest import Activity, Cut, Method
    from sinks.clickhouse.connection import Address

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def _evaluate() -> None:
    """Compare predictions with what happened."""


@app.command("zombies")
def zombies(
    cut: Annotated[
        list[str] | None,
        typer.Option("--cut", help="Predict from the days before this one, such as 2026-05-01. May be repeated."),
    ] = None,
    horizon: Annotated[int, typer.Option("--horizon", min=1, help="Days in which a member must speak again.")] = 28,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw the calibration curve into this file (PNG).")
    ] = None,
) -> None:
    """Predict, as of past days, who speaks again, by the zombie score and by other methods; then count who did."""
    from analytics.backtest.backtest import cuts, evaluate
    from groupvitals.connections import clickhouse
    from groupvitals.settings import load_settings

    plot = _plot() if picture else None
    wanted = [_day(text) for text in cut or []]
    activity = read(clickhouse(load_settings()))
    found = [evaluate(activity, day, horizon) for day in cuts(activity, horizon, wanted)]
    result = summary(found, horizon)
    if as_json:
        import json

        print(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        _table(result)
    if picture:
        draw(plot, result, picture)


def _day(text: str) -> int:
    from datetime import date

    try:
        return (date.fromisoformat(text) - date(1970, 1, 1)).days
    except ValueError:
        raise ConfigError(f"--cut {text!r} is not a day such as 2026-05-01.") from None


def read(address: "Address") -> "Activity":
    """The closed days on which each member of each group spoke."""
    import numpy as np

    from analytics.backtest.backtest import Activity
    from sinks.clickhouse.store import ClickHouseStore

    rows = ClickHouseStore(address).read(
        "SELECT cityHash64(group_id, member_id) AS member, toUInt16(day) AS day "
        f"FROM {address.database}.closed_member_days"
    )
    return Activity(rows["member"].to_numpy(), rows["day"].to_numpy().astype(np.int64))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _mean(of_cuts: "list[Method]") -> dict[str, Any]:
    columns = {name: [getattr(method, name) for method in of_cuts] for name in ("auc", "brier", "log_loss")}
    means = {name: _number(sum(column) / len(column)) for name, column in columns.items()}
    return {"method": of_cuts[0].name} | means


def _curve(chances: Any, outcomes: Any) -> list[dict[str, Any]]:
    from analytics.backtest.goodness import calibration

    columns = [column.tolist() for column in calibration(chances, outcomes)]
    return [{"predicted": p, "observed": o, "members": n} for p, o, n in zip(*columns, strict=True)]


def _cut(cut: "Cut") -> dict[str, Any]:
    from datetime import date, timedelta

    return {
        "day": str(date(1970, 1, 1) + timedelta(days=cut.day)),
        "members": len(cut.outcomes),
        "returned": int(cut.outcomes.sum()),
        "auc": {method.name: _number(method.auc) for method in [*cut.methods, cut.in_sample]},
        "brier": _number(cut.methods[0].brier),
        "theta": cut.theta,
        "zombies": cut.zombies,
        "zombies_gone": _number(cut.zombies_gone),
        "calibration": _curve(cut.chances, cut.outcomes),
    }


def summary(cuts: "list[Cut]", horizon: int) -> dict[str, Any]:
    """The result for JSON: each method's means over the cuts, the cuts, and calibration over all of them."""
    import numpy as np

    methods = [_mean(list(of_cuts)) for of_cuts in zip(*([*c.methods, c.in_sample] for c in cuts), strict=True)]
    chances, outcomes = (np.concatenate([getattr(c, name) for c in cuts]) for name in ("chances", "outcomes"))
    return {
        "horizon_days": horizon,
        "methods": methods,
        "cuts": [_cut(c) for c in cuts],
        "calibration": _curve(chances, outcomes),
    }


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _table(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("method", "AUC", "Brier", "log loss", header_style="bold")
    for row in result["methods"]:
        table.add_row(*map(_cell, row.values()))
    by_cut = Table("cut", "members", "again", "AUC", "Brier", "θ", "zombies", "gone", header_style="bold")
    for row in result["cuts"]:
        auc = row["auc"]["score"]
        shown = (row["members"], row["returned"], auc, row["brier"], row["theta"], row["zombies"], row["zombies_gone"])
        by_cut.add_row(row["day"], *map(_cell, shown))
    console = Console()
    days = f"{len(result['cuts'])} past days"
    console.print(f"Who speaks again within {result['horizon_days']} d: means over {days}.", highlight=False)
    console.print(table)
    console.print("The score at each cut. again: spoke again; gone: share of zombies who did not.")
    console.print(by_cut)


def _plot() -> Any:
    try:
        import matplotlib as mpl
    except ImportError:
        raise ConfigError("--picture needs matplotlib: run `pip install matplotlib`, or leave it out.") from None
    mpl.use("Agg")
    from matplotlib import pyplot

    return pyplot


def draw(plot: Any, result: dict[str, Any], path: Path) -> None:
    """Draw the calibration curve, predicted against observed: for each cut, and for all together."""
    figure, axes = plot.subplots(figsize=(4.5, 4.5), layout="constrained")
    axes.plot((0, 1), (0, 1), color="#ccc", linewidth=1)

    def curve(points: list[dict[str, Any]], **style: Any) -> None:
        axes.plot([point["predicted"] for point in points], [point["observed"] for point in points], **style)

    for cut in result["cuts"]:
        curve(cut["calibration"], label=cut["day"], linewidth=1)
    curve(result["calibration"], label="all", color="black", marker="o", markersize=4)
    axes.set(xlabel="predicted chance", ylabel=f"share that spoke again within {result['horizon_days']} d")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path, dpi=100)
    except (OSError, ValueError) as error:
        raise ConfigError(f"The picture cannot be written to {path}: {error}.") from None
    finally:
        plot.close(figure)
