"""What a back-test of the zombie score found, as an object for JSON and as tables."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.backtest.backtest import Cut, Method
    from analytics.people.score import Flags, Values

_MEASURES = ("auc", "brier", "log_loss", "error")


def summary(cuts: "list[Cut]") -> dict[str, Any]:
    """Each method's means over the cuts, of everybody and of the recently silent; the cuts; calibration over all."""
    import numpy as np

    from analytics.backtest.backtest import SILENT_DAYS

    chances, outcomes = (np.concatenate([getattr(cut, name) for cut in cuts]) for name in ("chances", "outcomes"))
    return {
        "horizon_days": cuts[0].horizon,
        "zombie_chance": cuts[0].limit,
        "methods": _means([cut.methods for cut in cuts]),
        "recently_silent": {
            "days": [cuts[0].horizon, SILENT_DAYS - 1],
            "methods": _means([cut.recently_silent for cut in cuts]),
        },
        "cuts": [_cut(cut) for cut in cuts],
        "calibration": _curve(chances, outcomes),
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _means(cuts: "list[list[Method]]") -> list[dict[str, Any]]:
    """Of each method and measure, over the cuts at which there is one."""
    found = []
    for of_cuts in zip(*cuts, strict=True):
        row: dict[str, Any] = {"method": of_cuts[0].name}
        for name in _MEASURES:
            known = [value for one in of_cuts if not math.isnan(value := getattr(one, name))]
            row[name] = _number(sum(known) / len(known)) if known else None
        found.append(row)
    return found


def _curve(chances: "Values", outcomes: "Flags") -> list[dict[str, Any]]:
    from analytics.backtest.goodness import calibration

    columns = [column.tolist() for column in calibration(chances, outcomes)]
    return [{"predicted": p, "observed": o, "members": n} for p, o, n in zip(*columns, strict=True)]


def _cut(cut: "Cut") -> dict[str, Any]:
    from datetime import date, timedelta

    import numpy as np

    everybody = np.ones(len(cut.idle), np.bool_)
    return {
        "day": str(date(1970, 1, 1) + timedelta(days=cut.day)),
        **_judged(cut, cut.methods, everybody),
        "silent": _margin(cut, cut.silent),
        "recently_silent": _judged(cut, cut.recently_silent, cut.recently) | _margin(cut, cut.recently),
    }


def _judged(cut: "Cut", methods: "list[Method]", among: "Flags") -> dict[str, Any]:
    return {
        "members": int(among.sum()),
        "returned": int(cut.outcomes[among].sum()),
        "auc": {method.name: _number(method.auc) for method in methods},
        "brier": _number(methods[0].brier),
        "error": _number(methods[0].error),
        "calibration": _curve(cut.chances[among], cut.outcomes[among]),
    }


def _margin(cut: "Cut", among: "Flags") -> dict[str, Any]:
    found = cut.margin(among)
    return found._asdict() | {
        "zombies_back_share": found.zombies_back / found.zombies if found.zombies else None,
        "others_back_share": found.others_back / found.others if found.others else None,
    }


def show(result: dict[str, Any]) -> None:
    """Print what was found as tables."""
    from rich.console import Console

    console, horizon = Console(), result["horizon_days"]
    first, last = result["recently_silent"]["days"]
    console.print(
        f"Who speaks again within {horizon} d: means over {len(result['cuts'])} past days, of everybody.",
        highlight=False,
    )
    console.print(_methods(result["methods"]))
    console.print(f"Of those who have been silent for {first} to {last} d:", highlight=False)
    console.print(_methods(result["recently_silent"]["methods"]))
    console.print("The score at each cut, over everybody. again: spoke again.", highlight=False)
    console.print(_by_cut(result["cuts"], ("members", "returned", "auc", "brier", "error")))
    console.print(
        f"Of those silent for {first} to {last} d; zombies: a chance below {result['zombie_chance']:g}; back: the "
        "share of zombies and of the others who spoke again.",
        highlight=False,
    )
    shown = ("members", "returned", "auc", "error", "zombies", "zombies_back_share", "others", "others_back_share")
    console.print(_by_cut(result["cuts"], shown, "recently_silent"))


_HEADS = {
    "returned": "again", "auc": "AUC", "brier": "Brier", "log_loss": "log loss", "zombies_back_share": "back",
    "others_back_share": "back",
}  # fmt: skip


def _methods(rows: list[dict[str, Any]]) -> Any:
    return _table(list(rows[0]), [list(row.values()) for row in rows])


def _by_cut(cuts: list[dict[str, Any]], shown: tuple[str, ...], among: str = "") -> Any:
    rows = []
    for cut in cuts:
        found = cut[among] if among else cut
        rows.append([cut["day"], *(found[name]["score"] if name == "auc" else found[name] for name in shown)])
    return _table(["cut", *shown], rows)


def _table(names: list[str], rows: list[list[Any]]) -> Any:
    from rich.table import Table

    table = Table(header_style="bold")
    for n, name in enumerate(names):
        table.add_column(_HEADS.get(name, name), no_wrap=n == 0)
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
