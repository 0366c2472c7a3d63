"""`groupvitals whatif`: what a group, campaign or channel would earn if its figures were others."""

import math
from typing import Annotated, Any

import typer

from schemas.errors import ConfigError

_FORMULA = "profit = traffic x conversion x ((average order - unit cost) x (1 + repurchases) - CAC)"
#: Inputs that have an upper end.
_MOST = {"conversion": 1.0}
_HELP = "Default: as observed. Signed with %, such as +10%: by so much more or less than observed."


def _input(flag: str, about: str) -> Any:
    return typer.Option(flag, help=f"{about} {_HELP}")


def whatif(
    group: Annotated[str | None, typer.Option("--group", help="Look at this group.")] = None,
    campaign: Annotated[str | None, typer.Option("--campaign", help="Look at this campaign.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Look at the campaigns of this channel.")] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Currency, where several are observed.")] = None,
    traffic: Annotated[str | None, _input("--traffic", "People reached.")] = None,
    conversion: Annotated[str | None, _input("--conversion", "Share of them who buy, such as 0.03 or 3%.")] = None,
    average_order: Annotated[str | None, _input("--average-order", "What an order brings in, minor units.")] = None,
    unit_cost: Annotated[str | None, _input("--unit-cost", "What an order costs, minor units.")] = None,
    repurchases: Annotated[str | None, _input("--repurchases", "Further orders per buyer.")] = None,
    cac: Annotated[str | None, _input("--cac", "What winning one buyer costs, minor units.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
) -> None:
    """Work out the profit from observed or given figures, and what it depends on most.

    profit = traffic x conversion x ((average order - unit cost) x (1 + repurchases) - CAC)
    """
    from analytics.results.what_if import Inputs, profit, sensitivities
    from groupvitals.connections import clickhouse
    from groupvitals.observed import Choice, observed
    from groupvitals.settings import load_settings

    given = {
        "traffic": traffic, "conversion": conversion, "average_order": average_order, "unit_cost": unit_cost,
        "repurchases": repurchases, "cac": cac,
    }  # fmt: skip
    choice, found = Choice(group, campaign, channel), dict[str, float | None].fromkeys(given)
    if any(text is None or _relative(text) for text in given.values()):
        currency, found = observed(clickhouse(load_settings()), choice, currency)
    inputs = {name: _value(name, text, found[name]) for name, text in given.items()}
    unknown = [name for name, value in inputs.items() if value is None]
    if unknown:
        flags = " and ".join(_flag(name) for name in unknown)
        raise ConfigError(f"Of {choice} not everything is known: give {flags}, as a number.")
    of = Inputs(**{name: value for name, value in inputs.items() if value is not None})
    before = None if None in found.values() else profit(Inputs(**found))  # type: ignore[arg-type]
    result = {
        "of": str(choice), "currency": currency, "observed": found, "inputs": inputs, "observed_profit": before,
        "profit": profit(of),
        "sensitivities": [
            {"input": one.input, "minus_10_percent": one.lower, "plus_10_percent": one.higher}
            for one in sensitivities(of)
        ],
    }  # fmt: skip
    if as_json:
        import json

        print(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        _show(result)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _relative(text: str) -> bool:
    return text.startswith(("+", "-")) and text.endswith("%")


def _value(name: str, text: str | None, known: float | None) -> float | None:
    """An input: as given, as observed (None: not known), or observed and changed."""
    if text is None:
        return known
    try:
        number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise ConfigError(f"{_flag(name)} {text!r} is neither a number nor a change such as +10%.") from None
    if _relative(text):
        if known is None:
            return None
        number = known * (1 + number)
    if not 0 <= number <= _MOST.get(name, math.inf) or not math.isfinite(number):
        most = f" and at most {_MOST[name]:g}" if name in _MOST else ""
        raise ConfigError(f"{_flag(name)} is {number:g}: it must be at least 0{most}.")
    return number


def _show(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(header_style="bold", title=f"{result['of']}, money in minor units of {result['currency'] or '?'}")
    for name in ("input", "observed", "used", "profit if 10 % lower", "10 % higher"):
        table.add_column(name, justify="left" if name == "input" else "right")
    for one in result["sensitivities"]:
        name = one["input"]
        cells = (result["observed"][name], result["inputs"][name], one["minus_10_percent"], one["plus_10_percent"])
        table.add_row(name.replace("_", " "), *map(_cell, cells))
    before, console = result["observed_profit"], Console()
    console.print(table)
    console.print(_FORMULA, highlight=False, soft_wrap=True)
    console.print(f"profit: {_cell(result['profit'])}; as observed: {_cell(before)}", highlight=False)


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.4f}" if abs(value) < 10 else f"{value:,.0f}"
