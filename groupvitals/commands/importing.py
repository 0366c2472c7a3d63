"""`groupvitals import`: import files into Kafka; and the options shared by every command that reads files."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from groupvitals.settings import Settings
    from sources.chunks import Options
    from sources.importing import Import, Report


@dataclass(frozen=True)
class Files:
    """What the command line says about files: which ones, and how to read them."""

    paths: list[Path]
    format: str | None
    options: "Options"
    restart: bool
    problems_to: Path | None

    def job(self, settings: "Settings") -> "Import":
        """The import of these files into the deployment of these settings."""
        from groupvitals.connections import kafka_address
        from sources.importing import Import

        kafka, prefix = kafka_address(settings), settings.kafka.topic_prefix
        return Import(
            self.format, self.paths, kafka, settings.home, self.options, prefix, self.restart, self.problems_to
        )


def _files(
    paths: Annotated[list[Path], typer.Argument(help="Files to import.", exists=True, dir_okay=False)],
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help="Format: ndjson, edges, irc, telegram, wecom or mapped. Default: detected per file.",
        ),
    ] = None,
    topic: Annotated[
        str | None,
        typer.Option(
            help="ndjson: topic to send to. Default: the one the file is named after, else the one its events fit."
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="edges, irc: group id. telegram: the first id of a group that has become a supergroup."),
    ] = None,
    joins: Annotated[bool, typer.Option(help="edges: add a join before a member's first message.")] = True,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="irc: date of the file.")] = None,
    keep_text: Annotated[
        bool, typer.Option("--keep-text", help="Send the text of messages too, not only its features.")
    ] = False,
    workspace: Annotated[str, typer.Option(help="wecom: name of the corp in group ids.")] = "-",
    at: Annotated[datetime | None, typer.Option(help="wecom: when the member lists were taken (UTC).")] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="mapped: mapping file that says which column is which field.")
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Send files again from the beginning.")] = False,
    problems: Annotated[
        Path | None, typer.Option(help="Write each line that could not be read to this file, as JSON lines.")
    ] = None,
) -> "Files":
    from sources.chunks import Options
    from sources.mapping import load_mapping

    at_ms = int(at.replace(tzinfo=UTC).timestamp() * 1000) if at else None
    date = day.date() if day else None
    columns = load_mapping(mapping) if mapping else None
    options = Options(topic, group, joins, date, keep_text, workspace, at_ms, columns)
    return Files(paths, format_, options, restart, problems)


def with_files(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which files to read and how; it gets them as its first argument."""
    files = inspect.signature(_files).parameters
    _, *own = inspect.signature(command).parameters.values()

    @wraps(command)
    def run(**given: Any) -> None:
        command(_files(**{name: given.pop(name) for name in files}), **given)

    run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*files.values(), *own)}
    run.__signature__ = inspect.Signature([*files.values(), *own])  # type: ignore[attr-defined]
    return run


@with_files
def import_(files: Files) -> None:
    """Import files into Kafka, continuing where the last import of each file stopped."""
    from groupvitals.settings import load_settings

    report = run_import(files.job(load_settings()))
    print_report(report)
    refuse_nothing(report)


def refuse_nothing(report: "Report") -> None:
    """Raise `DataError` when no file contained a usable record."""
    from schemas.errors import DataError

    if report.fruitless:
        raise DataError("Nothing was imported: no file contained a usable record.")


def run_import(job: "Import") -> "Report":
    """Run an import with a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    from sources.importing import run
    from sources.text import text_size

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        tasks = {path: bar.add_task(path.name, total=text_size(path)) for path in job.paths}
        return run(job, lambda path, offset: bar.update(tasks[path], completed=offset))


def print_report(report: "Report") -> None:
    """Print what was sent, what could not be read, and what was skipped on purpose."""
    from collections import Counter

    from schemas.wording import number_of

    for file in report.files:
        if file.skipped:
            typer.echo(f"{file.path}: already imported, nothing sent (--restart sends it again)")
            continue
        resumed = f" after line {file.resumed_line:,}" if file.resumed_line else ""
        lines = f"{number_of(file.lines - file.resumed_line, 'line')}{resumed}"
        typer.echo(f"{file.path} ({file.format}): {number_of(file.records, 'record')} from {lines}")
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
        typer.echo(f"{topic}: {number_of(count, 'record')} acknowledged")
    for (topic, partition), count in sorted(report.sent.refused.items()):
        typer.echo(f"{topic}, partition {partition}: {count:,} refused by Kafka as too large (max.message.bytes)")
