"""`groupvitals demo`, behind `make demo`: everything on a simulated community, command by command, as people type it.

It uses its own topics and database, which it recreates each time.
"""

import os
from pathlib import Path

import typer

#: Database of the demonstration, and prefix of its topics.
NAME = "groupvitals_demo"
QUESTIONS = ("rolling_activity", "effective_members", "tiers", "payers", "retention")


def demo() -> None:
    """Simulate a community, process it, and print the answers beside the planted truth."""
    from groupvitals.commands.services import start_services
    from groupvitals.settings import load_settings

    os.environ["GROUPVITALS_KAFKA__TOPIC_PREFIX"] = f"{NAME}."
    os.environ["GROUPVITALS_CLICKHOUSE__DATABASE"] = NAME
    settings = load_settings()
    folder = settings.home / "demo"
    _say("groupvitals up")
    start_services(settings)
    _remove_previous()
    _run("simulate", str(folder), "--groups", "20", "--members", "2000", "--days", "60")
    _run("replay", "--restart", *map(str, sorted(folder.glob("*.ndjson"))))
    _answers(folder / "truth.json")
    ask = f"GROUPVITALS_CLICKHOUSE__DATABASE={NAME} .venv/bin/groupvitals ask tiers"
    typer.echo(f"\nThe servers are still running: ask more with `{ask}`, stop them with `make down`.")


def _say(command: str) -> None:
    typer.secho(f"\n$ {command}", bold=True, err=True)


def _run(*arguments: str) -> None:
    from groupvitals.cli import run

    _say(f"groupvitals {' '.join(arguments)}")
    code = run(list(arguments))
    if code:
        raise typer.Exit(code)


def _remove_previous() -> None:
    from groupvitals.commands.topics import topic_layout
    from groupvitals.connections import clickhouse, kafka_address
    from groupvitals.settings import load_settings
    from sinks.clickhouse.connection import Native
    from streams.kafka.topics import delete_topics

    settings = load_settings()
    delete_topics(kafka_address(settings), topic_layout(settings))
    Native(clickhouse(settings)).execute(f"DROP DATABASE IF EXISTS {NAME} SYNC")


def _answers(truth: Path) -> None:
    """Ask the questions, then put what was planted beside what was found."""
    from rich.console import Console

    from groupvitals.connections import clickhouse
    from groupvitals.planted import compare
    from groupvitals.settings import load_settings

    for question in QUESTIONS:
        _run("ask", question, "--limit", "4")
    _say("what the simulator planted, beside what was found")
    console = Console(width=max(Console().width, 130))
    if compare(truth, clickhouse(load_settings()), console):
        typer.echo("Every count equals what was planted.")
    else:
        typer.echo("Some counts differ from what was planted. This is a bug in Groupvitals: please report it.")
        raise typer.Exit(1)
