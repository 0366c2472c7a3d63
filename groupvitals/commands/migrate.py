"""`groupvitals migrate`: bring the database's tables and views up to date."""

from typing import Annotated

import typer


def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the statements, but change nothing.")] = False,
    status: Annotated[bool, typer.Option("--status", help="List the migrations and whether each is applied.")] = False,
) -> None:
    """Apply missing migrations and replace all views. Safe to repeat."""
    from groupvitals.connections import clickhouse
    from groupvitals.settings import load_settings
    from sinks.clickhouse import migrations
    from sinks.clickhouse.views import views

    settings = load_settings()
    address, zone = clickhouse(settings), settings.worker.time_zone
    if status or dry_run:
        for migration in migrations.plan(address, zone):
            print(f"{'applied' if migration.applied else 'missing'}  {migration.name}")
            if dry_run and not migration.applied:
                print("\n".join(f"{statement};\n" for statement in migration.statements))
        if dry_run:
            print("\n".join(f"{view.statement};\n" for view in views(address, zone)))
        return
    applied = migrations.migrate(address, zone)
    print(f"Database {address.database}: {', '.join(applied) or 'nothing to apply'}; all views were replaced.")
