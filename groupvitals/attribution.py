"""How far the models of credit agree: read from landed credits, as an object for JSON and as tables."""

from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sinks.clickhouse.connection import Address

#: So many values with the highest credit are compared.
TOP = 10


def agreement(address: "Address", goal: str) -> dict[str, Any]:
    """Of every dimension: how many values have credit, and how far each two models agree on them.

    Raises `ConfigError` when nothing has credit for the goal.
    """
    from analytics.results.agreement import spearman, top_overlap
    from analytics.results.rules import MODELS
    from schemas.errors import ConfigError
    from sinks.clickhouse.connection import Native

    sums = ", ".join(f"sum({model})" for model in MODELS)
    rows = Native(address).execute(
        f"SELECT toString(dimension), value, {sums} FROM {address.database}.people_credits_now "
        "WHERE goal = %(goal)s AND value != '' GROUP BY dimension, value ORDER BY dimension, value",
        parameters={"goal": goal},
    )
    if not rows:
        raise ConfigError(
            f"Nothing has credit for {goal!r}: `groupvitals ask chat_to_purchase` shows goals and credits."
        )
    dimensions = []
    for dimension in sorted({row[0] for row in rows}):
        mine = [row[2:] for row in rows if row[0] == dimension]
        credits = dict(zip(MODELS, zip(*mine, strict=True), strict=True))
        pairs = [
            {
                "models": [one, other],
                "spearman": spearman(credits[one], credits[other]),
                "top_overlap": top_overlap(credits[one], credits[other], TOP),
            }
            for one, other in combinations(MODELS, 2)
        ]
        dimensions.append({"dimension": dimension, "values": len(mine), "pairs": pairs})
    return {"goal": goal, "models": list(MODELS), "top": TOP, "dimensions": dimensions}


def show(result: dict[str, Any]) -> None:
    """Print a table a dimension: Spearman's correlation above the diagonal, the overlap below it."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for one in result["dimensions"]:
        pairs = {tuple(pair["models"]): pair for pair in one["pairs"]}
        table = Table("", *result["models"], title=f"{one['dimension']}: {one['values']:,} values", header_style="bold")
        for row in result["models"]:
            cells = [_cell(pairs, row, column) for column in result["models"]]
            table.add_row(row, *cells)
        console.print(table)
    console.print(
        f"Credits for {result['goal']}. Above the diagonal: Spearman's rank correlation. Below: share of the "
        f"{result['top']} highest values that two models have in common. Credits are not causes."
    )


def _cell(pairs: dict[tuple[Any, ...], dict[str, Any]], row: str, column: str) -> str:
    value = pairs[row, column]["spearman"] if (row, column) in pairs else None
    if (column, row) in pairs:
        value = pairs[column, row]["top_overlap"]
    return "" if value is None else f"{value:.2f}"
