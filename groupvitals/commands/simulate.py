"""`groupvitals simulate`: simulate the events of a community."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder for the NDJSON files and truth.json.")],
    seed: Annotated[int, typer.Option(help="Seed of the random numbers; another seed gives another world.")] = 0,
    groups: Annotated[int, typer.Option(help="Number of groups.")] = 20,
    members: Annotated[int, typer.Option(help="Number of memberships.")] = 1_000,
    days: Annotated[int, typer.Option(help="Number of days (UTC).")] = 30,
    end: Annotated[
        datetime | None, typer.Option(help="End of the simulated time (UTC). Default: the current hour.")
    ] = None,
    events: Annotated[
        int | None,
        typer.Option(help="Approximate number of chat events. Default: whatever the members' habits produce."),
    ] = None,
    late: Annotated[float, typer.Option(help="Fraction of events delivered late.")] = 0.01,
    repeated: Annotated[float, typer.Option(help="Fraction of events delivered twice.")] = 0.005,
    broken: Annotated[float, typer.Option(help="Fraction of broken records.")] = 0.001,
    replies: Annotated[float, typer.Option(help="Share of messages that are replies.")] = 0.25,
    mentions: Annotated[float, typer.Option(help="Share of messages that mention somebody.")] = 0.1,
    questions: Annotated[float, typer.Option(help="Share of messages that are questions.")] = 0.12,
    links: Annotated[float, typer.Option(help="Share of messages with a link.")] = 0.05,
    campaigns: Annotated[int, typer.Option(help="Number of campaigns.")] = 6,
    text: Annotated[bool, typer.Option("--text", help="Give messages their text instead of its features.")] = False,
    worst_case: Annotated[
        bool, typer.Option("--worst-case", help="Make every event a new membership's first message.")
    ] = False,
) -> None:
    """Simulate chat communities: write their events, and the planted truth, to files."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    from sources.simulator import Plan
    from sources.simulator.files import write
    from sources.simulator.plan import current_hour_ms

    end_ms = int(end.replace(tzinfo=end.tzinfo or UTC).timestamp() * 1000) if end else current_hour_ms()
    plan = Plan(
        seed=seed, groups=groups, members=members, days=days, end_ms=end_ms, events=events, late=late,
        repeated=repeated, broken=broken, replies=replies, mentions=mentions, questions=questions, links=links,
        campaigns=campaigns, text=text, worst_case=worst_case,
    )  # fmt: skip
    columns = (SpinnerColumn(), TextColumn("Simulating"), MofNCompleteColumn(), TextColumn("records"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("simulate", total=None)
        planted = write(plan, out, lambda count: bar.advance(task, count))
    for topic, tally in planted["topics"].items():
        typer.echo(f"{out / topic}.ndjson: {tally['records']:,} records")
    typer.echo(f"{out / 'truth.json'}: the planted truth")
