"""`groupvitals ask`: answer a question as a table, JSON or CSV."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemas.errors import ConfigError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def ask(
    name: Annotated[str, typer.Argument(help="Name of the question; an unknown one lists them all.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="A day (2026-05-01), or a time: the last day closed by then.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="segments: the moves from this day on.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Only this group id.")] = None,
    person: Annotated[
        str | None, typer.Option("--person", help="Only this person; journeys: a user or an account of the person.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many rows.")] = None,
) -> None:
    """Answer a question, of now or of a past day."""
    from groupvitals.connections import clickhouse
    from groupvitals.settings import load_settings
    from sinks.clickhouse import asking

    if format_ not in _FORMATS:
        raise ConfigError(f"--format {format_!r} is none of {', '.join(_FORMATS)}.")
    settings = load_settings()
    zone = settings.worker.zone
    day = _day("--as-of", as_of, zone) if as_of else None
    before = _day("--since", since, zone) if since else None
    rows = asking.ask(clickhouse(settings), name, day, group, limit, before, person)
    _FORMATS[format_](rows)


def _day(option: str, text: str, zone: "ZoneInfo") -> date:
    """A date stands for itself; a time for the last day that had ended by then."""
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{option} {text!r} is neither a day such as 2026-05-01 nor a time such as 2026-05-01T18:00."
        ) from None
    local = moment.astimezone(zone) if moment.tzinfo else moment
    return local.date() - timedelta(days=1)


def _plain(value: Any) -> Any:
    """A value as JSON has it; times with their offset."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value


def _json(rows: list[dict[str, Any]]) -> None:
    import json

    plain = [{key: _plain(value) for key, value in row.items()} for row in rows]
    print(json.dumps(plain, ensure_ascii=False, indent=1))


def _csv(rows: list[dict[str, Any]]) -> None:
    import csv
    import sys

    writer = csv.writer(sys.stdout)
    if rows:
        writer.writerow(rows[0])
    writer.writerows([_plain(value) for value in row.values()] for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    return value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)


def _table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    if not rows:
        print("No rows: nothing is known for this yet.")
        return
    empty = [key for key in rows[0] if all(row[key] is None for row in rows)]
    table = Table(*(Column(key, no_wrap=True) for key in rows[0] if key not in empty), header_style="bold")
    for row in rows:
        table.add_row(*(_cell(value) for key, value in row.items() if key not in empty))
    Console(width=Console(width=1_000).measure(table).maximum).print(table)


_FORMATS = {"table": _table, "json": _json, "csv": _csv}
