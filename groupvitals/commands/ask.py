"""`groupvitals ask`: answer a question as a table, JSON or CSV, and say which questions there are."""

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
    """`ask`; with the name of a question, `--help` explains this one."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Answer `ask NAME --help` before anything is looked at."""
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
    name: Annotated[str, typer.Argument(help="Name of the question; `--list` has them all.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="A day (2026-05-01), or a time: the last day that had ended by then.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="segments: the moves from this day on.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Only this group id.")] = None,
    person: Annotated[
        str | None, typer.Option("--person", help="Only this person; journeys: a user or an account of the person.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many rows; a table has 100 unless told otherwise.")
    ] = None,
    wide: Annotated[bool, typer.Option("--wide", help="A table with all columns, however wide.")] = False,
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="CSV that a spreadsheet can open: no text becomes a formula.")
    ] = False,
    list_: Annotated[
        bool, typer.Option("--list", help="Say which questions there are.", callback=_list, is_eager=True)
    ] = False,
) -> None:
    """Answer a question, of now or of a past day."""
    from groupvitals import answers
    from groupvitals.connections import clickhouse
    from groupvitals.settings import load_settings
    from sinks.clickhouse import asking

    if format_ not in _FORMATS:
        raise ConfigError(f"--format {format_!r} is none of {', '.join(_FORMATS)}.")
    if spreadsheet and format_ != "csv":
        raise ConfigError("--spreadsheet goes with --format csv.")
    settings, question = load_settings(), asking.question_of(name)
    zone = settings.worker.zone
    asked = asking.Asked(
        as_of=_day("--as-of", as_of, zone) if as_of else None,
        since=_day("--since", since, zone) if since else None,
        group=group,
        person=person,
        limit=question.limit + 1 if limit is None and format_ == "table" else limit,
    )
    rows = asking.ask(clickhouse(settings), name, asked)
    if format_ == "json":
        print(answers.to_json(rows))
    elif format_ == "csv":
        answers.print_csv(rows, spreadsheet)
    else:
        answers.print_table(rows, limit or question.limit, wide)


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
