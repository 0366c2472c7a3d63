"""`groupvitals simulate` and `groupvitals import`: where events come from."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sources.importing import Import, Report


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder for the NDJSON files and truth.json.")],
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 0,
    groups: Annotated[int, typer.Option(help="Groups.")] = 20,
    members: Annotated[int, typer.Option(help="Memberships.")] = 1_000,
    days: Annotated[int, typer.Option(help="Days (UTC).")] = 30,
    end: Annotated[datetime | None, typer.Option(help="End, UTC. Default: the present hour.")] = None,
    events: Annotated[int | None, typer.Option(help="About so many chat events. Default: as habits give.")] = None,
    late: Annotated[float, typer.Option(help="Fraction of events delivered late.")] = 0.01,
    repeated: Annotated[float, typer.Option(help="Fraction of events delivered twice.")] = 0.005,
    broken: Annotated[float, typer.Option(help="Fraction of broken records.")] = 0.001,
    replies: Annotated[float, typer.Option(help="Share of messages that are replies.")] = 0.25,
    mentions: Annotated[float, typer.Option(help="Share of messages that mention somebody.")] = 0.1,
    questions: Annotated[float, typer.Option(help="Share of messages that are questions.")] = 0.12,
    links: Annotated[float, typer.Option(help="Share of messages with a link.")] = 0.05,
    campaigns: Annotated[int, typer.Option(help="Campaigns.")] = 6,
    text: Annotated[bool, typer.Option("--text", help="Messages carry text instead of its features.")] = False,
    worst_case: Annotated[
        bool, typer.Option("--worst-case", help="Every event is a message that is a new membership.")
    ] = False,
) -> None:
    """Simulate chat communities into files, with the planted truth beside them."""
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


def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files.", exists=True, dir_okay=False)],
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", help="ndjson, edges, irc, telegram, wecom or mapped. Default: what each file shows."
        ),
    ] = None,
    topic: Annotated[
        str | None, typer.Option(help="Topic of ndjson files not named after one. Default: chat.events.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Group id of edges and irc files; telegram: a group's first id.")
    ] = None,
    joins: Annotated[bool, typer.Option(help="edges: a join before a member's first message.")] = True,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="irc: the file's date.")] = None,
    keep_text: Annotated[
        bool, typer.Option("--keep-text", help="Let messages carry their text, not only its features.")
    ] = False,
    workspace: Annotated[str, typer.Option(help="wecom: the corp in group ids.")] = "-",
    at: Annotated[datetime | None, typer.Option(help="wecom: when member lists were taken, UTC.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="mapped: file that says which column is which field.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Send files again from their beginning.")] = False,
    problems: Annotated[Path | None, typer.Option(help="File for a JSON line a line that could not be read.")] = None,
) -> None:
    """Import files into Kafka; goes on where the last import of a file stopped."""
    from groupvitals.connections import kafka_address
    from groupvitals.settings import load_settings
    from schemas.errors import DataError
    from sources.chunks import Options
    from sources.importers.mapped.mapping import load_mapping
    from sources.importing import Import

    settings = load_settings()
    at_ms = int(at.replace(tzinfo=UTC).timestamp() * 1000) if at else None
    date = day.date() if day else None
    columns = load_mapping(mapping) if mapping else None
    options = Options(topic, group, joins, date, keep_text, workspace, at_ms, columns)
    kafka, prefix = kafka_address(settings), settings.kafka.topic_prefix
    report = run_import(Import(format_, paths, kafka, settings.home, options, prefix, restart, problems))
    print_report(report)
    if report.fruitless:
        raise DataError("Nothing was imported: no file gave a record.")


def run_import(job: "Import") -> "Report":
    """Run an import with a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    from sources.importing import run

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        tasks = {path: bar.add_task(path.name, total=path.stat().st_size) for path in job.paths}
        return run(job, lambda path, offset: bar.update(tasks[path], completed=offset))


def print_report(report: "Report") -> None:
    """Say what was sent, what could not be read, and what was passed over."""
    from collections import Counter

    for file in report.files:
        if file.skipped:
            typer.echo(f"{file.path}: imported before, nothing sent (--restart sends it again)")
            continue
        resumed = f" after line {file.resumed_line:,}" if file.resumed_line else ""
        lines = f"{file.lines - file.resumed_line:,} lines{resumed}"
        typer.echo(f"{file.path} ({file.format}): {file.records:,} records from {lines}")
        for problem in file.shown:
            typer.echo(f"  line {problem.line:,}: {problem.kind}: {problem.reason}")
        if hidden := sum(file.problems.values()) - len(file.shown):
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(file.problems.items()))
            typer.echo(f"  and {hidden:,} more that could not be read ({kinds} in all); --problems FILE lists them")
        for reason, count in sorted(file.passed_over.items()):
            typer.echo(f"  passed over: {count:,} {reason}")
    by_topic: Counter[str] = Counter()
    for (topic, _), count in report.sent.acknowledged.items():
        by_topic[topic] += count
    for topic, count in sorted(by_topic.items()):
        typer.echo(f"{topic}: {count:,} records acknowledged")
    for (topic, partition), count in sorted(report.sent.refused.items()):
        typer.echo(f"{topic}, partition {partition}: {count:,} refused by Kafka as too large (max.message.bytes)")
