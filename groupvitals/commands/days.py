"""`groupvitals days`: write the states of members on closed days."""

from typing import Annotated

import typer


def days(
    since: Annotated[
        str | None, typer.Option("--since", help="Evaluate all closed days from this one on again, such as 2026-05-01.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list.")] = False,
) -> None:
    """Write members' states on closed days that are missing, and publish the changes. Workers do this by themselves."""
    import json
    from datetime import date

    from groupvitals.connections import clickhouse, kafka_address
    from groupvitals.settings import load_settings
    from schemas.errors import ConfigError
    from sinks.clickhouse.store import ClickHouseStore
    from streams.jobs.member_days import MemberDays, due, sender

    settings = load_settings()
    store = ClickHouseStore(clickhouse(settings))
    try:
        first = date.fromisoformat(since) if since else None
    except ValueError:
        raise ConfigError(f"--since {since!r} is not a day such as 2026-05-01.") from None
    tell = sender(kafka_address(settings), settings.kafka.topic_prefix)
    done, days_of = [], MemberDays(store)
    for day in due(store, first):
        done.append(days_of.evaluate(day, tell).summary())
        if not as_json:
            typer.echo(f"{day}: {done[-1]['changed']:,} members changed state.")
    if as_json:
        typer.echo(json.dumps(done))
    elif not done:
        typer.echo("Nothing to do: every closed day has been written.")
