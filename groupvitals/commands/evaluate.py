"""`groupvitals evaluate`: how well the zombie score would have predicted the past, how far models of credit agree."""

from pathlib import Path
from typing import Annotated, Any

import typer

from schemas.errors import ConfigError

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def _evaluate() -> None:
    """Compare predictions with what happened, and models with each other."""


@app.command("zombies")
def zombies(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A history to predict instead of this deployment's: CSV with the columns channel, member and day, or "
            "lines of `from to seconds`; may end in .gz."
        ),
    ] = None,
    cut: Annotated[
        list[str] | None,
        typer.Option(
            "--cut", help="Predict from the days before this one, such as 2026-05-01, or the 150th. May be repeated."
        ),
    ] = None,
    horizon: Annotated[int, typer.Option("--horizon", min=1, help="Days in which a member must speak again.")] = 28,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw the calibration curve into this file (PNG).")
    ] = None,
) -> None:
    """Predict, as of past days, who speaks again, by the zombie score and by other methods; then count who did."""
    from analytics.backtest.activity import cuts
    from analytics.backtest.backtest import evaluate
    from groupvitals.connections import clickhouse
    from groupvitals.foretelling import show, summary
    from groupvitals.histories import cut_of, of_deployment, of_file
    from groupvitals.settings import load_settings

    plot, settings = _plot() if picture else None, load_settings()
    activity = of_file(file) if file else of_deployment(clickhouse(settings))
    days = cuts(activity, horizon, [cut_of(text, activity) for text in cut or []])
    result = summary([evaluate(activity, day, horizon, settings.people.zombie_chance) for day in days])
    if as_json:
        import json

        print(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        show(result)
    if picture:
        draw(plot, result, picture)


@app.command("attribution")
def attribution(
    goal: Annotated[str, typer.Option("--goal", help="Compare credits for this goal.")] = "purchase",
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
) -> None:
    """Compare the models of credit: how alike they rank campaigns, channels, groups, sharers, inviters and calls."""
    from groupvitals.attribution import agreement, show
    from groupvitals.connections import clickhouse
    from groupvitals.settings import load_settings

    result = agreement(clickhouse(load_settings()), goal)
    if as_json:
        import json

        print(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        show(result)


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
