"""`groupvitals refit`: refit the zombie score."""

from typing import Annotated

import typer


def refit(as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False) -> None:
    """Refit the zombie score to what this deployment's own members did. Workers do this every day."""
    from groupvitals.connections import clickhouse
    from groupvitals.settings import load_settings
    from sinks.clickhouse.store import ClickHouseStore
    from streams.jobs.refit import refit as refit_score

    settings = load_settings()
    found = refit_score(ClickHouseStore(clickhouse(settings)), settings.people.zombie_chance)
    if as_json:
        import json

        typer.echo(json.dumps(found.summary()))
        return
    typer.echo(
        f"{found.day}: of {found.members:,} members known {found.horizon} days ago, {found.returned:,} have been "
        f"active since. Silent members with a chance below {found.theta:g} are zombies."
    )
    if found.auc is not None and found.brier is not None:
        typer.echo(f"On these members the score has AUC {found.auc:.3f} and Brier {found.brier:.3f}.")
