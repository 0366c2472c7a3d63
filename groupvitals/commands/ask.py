"""`groupvitals ask`: answer a question as a table, JSON or CSV, or list the questions."""

import sys
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from groupvitals.questions_page import described, listed
from schemas.errors import ConfigError
from sinks.clickhouse.questions import questions

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_FORMATS = ("table", "json", "csv")


class AskCommand(TyperCommand):
    """`ask`; with the name of a question, `--help` explains that question."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Answer `ask NAME --help` before other arguments are parsed."""
        name = next((word for word in args if word in questions()), None)
        if name and "--help" in args:
            print(described(questions()[name]))
            ctx.exit()
        return super().parse_args(ctx, args)


app = typer.Typer(add_completion=False, rich_markup_mode="rich")


def _list(value: bool) -> None:
    if value:
        print(listed())
        raise typer.Exit


@app.command("ask", cls=AskCommand, epilog="`groupvitals ask NAME --help` explains a question and its columns.")
def ask(
    name: Annotated[str, typer.Argument(help="Name of the question; --list shows them all.")],
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="A past day, such as 2026-05-01; or a time: the last day that had ended by then."),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="segments: show moves since this day.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Show only this group id.")] = None,
    person: Annotated[
        str | None,
        typer.Option("--person", help="Show only this person. journeys: a user id or an account of the person."),
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="Output format: table, json or csv.")] = "table",
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="Show at most this many rows. Default for a table: 100."),
    ] = None,
    wide: Annotated[bool, typer.Option("--wide", help="Show all columns of a table, however wide.")] = False,
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="Make CSV safe for spreadsheets: no text becomes a formula.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List all questions.", callback=_list, is_eager=True)] = False,
) -> None:
    """Answer a question about now or about a past day."""
    from groupvitals import answers
    from groupvitals.connections import clickhouse
    from groupvitals.settings import load_settings
    from sinks.clickhouse import asking

    if format_ not in _FORMATS:
        raise ConfigError(f"--format {format_!r} does not exist: use one of {', '.join(_FORMATS)}.")
    if spreadsheet and format_ != "csv":
        raise ConfigError("--spreadsheet needs --format csv.")
    settings, question = load_settings(), asking.question_of(name)
    zone = settings.worker.zone
    asked = asking.Asked(
        as_of=_day("--as-of", as_of, zone) if as_of else None,
        since=_day("--since", since, zone) if since else None,
        group=group,
        person=person,
        limit=question.limit + 1 if limit is None and format_ == "table" else limit,
    )
    address = clickhouse(settings)
    rows = asking.ask(address, name, asked)
    sources = asking.sources(address) if asked.about_now else []
    if format_ == "json":
        print(answers.to_json(answers.with_sources(rows, sources)))
    elif format_ == "csv":
        answers.print_csv(rows, spreadsheet)
    else:
        answers.print_table(rows, limit or question.limit, wide)
    if sources and format_ != "json" and (format_ == "table" or any(one["provisional"] for one in sources)):
        print(answers.counting(sources), file=sys.stderr if format_ == "csv" else sys.stdout)


def _day(option: str, text: str, zone: "ZoneInfo") -> date:
    """A date means itself; a time means the last day that had ended by then."""
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
