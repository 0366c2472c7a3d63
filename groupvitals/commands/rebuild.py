"""`groupvitals rebuild`: rebuild numbers from the landed records, compare them, or correct them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groupvitals.commands.worker import AGENT_HELP
from schemas.wording import number_of

if TYPE_CHECKING:
    from streams.rebuild.correct import Correction
    from streams.rebuild.outcomes import Rebuilt, Verified


def rebuild(
    agent: Annotated[str, typer.Option(help=AGENT_HELP)] = "community",
    verify: Annotated[
        bool, typer.Option("--verify", help="Only compare: recompute all rows and show those that differ.")
    ] = False,
    correct: Annotated[
        bool,
        typer.Option("--correct", help="Count late and repeated events correctly in closed hours and days of chat."),
    ] = False,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="Drop the old numbers immediately.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Rebuild all numbers from the landed records with the current settings, while workers keep running.

    The new numbers take over once they are complete. If it is killed, run it again: it continues where it was. --verify
    and --correct exit with code 1 when rows differ that should not.
    """
    from groupvitals.commands.worker import worker_config
    from groupvitals.logs import log_to_stderr
    from groupvitals.settings import load_settings
    from schemas.errors import ConfigError
    from streams.rebuild.correct import correct as make_correction
    from streams.rebuild.people import PeopleRebuild
    from streams.rebuild.rebuild import Rebuild

    if verify and correct:
        raise ConfigError("Use either --verify or --correct, not both.")
    settings = load_settings()
    config = worker_config(settings, agent)
    if not config.agent.computed and config.agent.read_back is None:
        raise ConfigError(
            f"There are no numbers of {config.agent.about} to rebuild: every answer is read from the landed records."
        )
    if correct and not config.agent.closing:
        raise ConfigError(f"--correct is for chat: no hours and days of {config.agent.about} can be corrected.")
    log_to_stderr(settings.logs)
    with _bar(as_json) as report:
        done: Rebuilt | Verified | Correction
        if config.agent.records is None:
            people = PeopleRebuild.of(config)
            done = people.verify() if verify else people.rebuild()
        elif verify:
            done = Rebuild.of(config, report).verify()
        elif correct:
            done = make_correction(Rebuild.of(config, report))
        else:
            job = Rebuild.of(config, report)
            again, done = job.was_corrected(), job.rebuild(drop_old)
            if again:
                make_correction(Rebuild.of(config, report))
    if as_json:
        import json

        print(json.dumps(done.summary(), indent=1, default=str))
    else:
        print("\n".join(_sentences(done.summary())))
    raise typer.Exit(1 if done.summary().get("different") else 0)


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, nothing elsewhere; yields a callback for the offsets done and their total."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as bars:
        bar = bars.add_task("Offsets replayed", total=None)
        yield lambda done, whole: bars.update(bar, completed=done, total=whole)


def _sentences(found: dict[str, Any]) -> Iterator[str]:
    if found.get("missing"):
        yield (
            f"{found['missing']:,} offsets hold neither an event nor a dead letter. Transaction markers, aborted "
            "transactions and compaction leave such gaps; `groupvitals doctor` asks Kafka whether records were lost."
        )
    if "epoch" in found:
        records = f"{found['records']:,} records replayed; " if found["records"] else ""
        yield f"{records}epoch {found['epoch']} is in use, workers follow in seconds.".capitalize()
        if found["excluded"]:
            yield f"Left out, as operators decided: {', '.join(found['excluded'])}."
        if found["dropped"]:
            yield f"Dropped: epoch {', '.join(map(str, found['dropped']))}."
        return
    for example in found["examples"]:
        key = ", ".join(f"{name} {value}" for name, value in example["key"].items())
        yield f"{example['table']}: {key}"
        if "found" in example:
            yield f"  found  {example['found']}\n  wanted {example['wanted']}"
    yield from _verified(found) if "tables" in found else _corrected(found)


def _verified(found: dict[str, Any]) -> Iterator[str]:
    keys = sum(table["keys"] for table in found["tables"].values())
    records = f"{found['records']:,} records replayed, " if found["records"] else ""
    yield f"{records}{keys:,} rows compared, {found['different']:,} differ."
    if found["corrected"]:
        yield f"{found['corrected']:,} corrected rows were not compared here: --correct compares them."
    if found["excluded"]:
        yield f"{found['excluded']:,} excluded records are left out on both sides."
    if found["unsettled"]:
        yield (
            f"{found['unsettled']:,} records have been excluded, or included again, since: run `groupvitals rebuild` "
            "to put that into effect."
        )
    if found["behind"]:
        yield (
            f"People's rows have not come as far as {number_of(found['behind'], 'partition')} of their sources: run "
            "`groupvitals worker --agent people`, then verify again."
        )
    elif found["not_compared"]:
        yield f"{found['not_compared']:,} rows were not compared: workers kept overwriting them."


def _corrected(found: dict[str, Any]) -> Iterator[str]:
    if found["different"]:
        yield (
            f"{found['different']:,} rows differ although no late or repeated event affects them; nothing was written. "
            "Run `groupvitals rebuild --verify` to see all that differ, and `groupvitals rebuild` to rebuild them."
        )
        return
    rows = ", ".join(f"{n:,} {table}" for table, n in found["rows"].items())
    yield f"{found['groups']:,} groups checked, {found['records']:,} records replayed; rows corrected: {rows}."
    if found["pending"]:
        yield f"{found['pending']:,} groups have late events on days that are still open; a later run corrects them."
