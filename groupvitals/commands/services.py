"""`groupvitals up | down | status`: the local Kafka and ClickHouse."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.endpoints import Endpoints
    from groupvitals.settings import Settings


def start_services(settings: "Settings", containers: bool | None = None) -> "Endpoints | None":
    """Start the local services that no setting replaces, reporting on stderr; None when the settings name all of them.

    `containers` None: as processes, unless containers are up.

    Raises `ServiceError`.
    """
    from rich.console import Console

    from deploy.errors import DeployError
    from deploy.fetch import proxied
    from deploy.services import up as start
    from schemas.errors import ServiceError

    console = Console(stderr=True, highlight=False)
    wanted = {"kafka": settings.kafka.bootstrap, "clickhouse": settings.clickhouse.host}
    elsewhere = {name: address for name, address in wanted.items() if address}
    for name, address in elsewhere.items():
        console.print(f"The settings name {name} at {address}: not starting a local one.")
    local = [name for name in wanted if name not in elsewhere]
    if not local:
        return None
    try:
        with proxied(settings.proxy):
            return start(settings.home, settings.cache, console, containers, local)
    except DeployError as error:
        raise ServiceError(str(error)) from error


def up(
    containers: Annotated[
        bool,
        typer.Option("--containers", help="Run the official images with docker compose instead of local processes."),
    ] = False,
) -> None:
    """Start a local Kafka and ClickHouse and wait until they answer. The first time, this downloads them."""
    from groupvitals.settings import load_settings

    start_services(load_settings(), containers)


def down() -> None:
    """Stop the local Kafka and ClickHouse. Their data is kept."""
    from deploy.errors import DeployError
    from deploy.services import down as stop
    from groupvitals.settings import load_settings
    from schemas.errors import ServiceError

    settings = load_settings()
    try:
        stopped = stop(settings.home)
    except DeployError as error:
        raise ServiceError(str(error)) from error
    typer.echo(f"Stopped {' and '.join(stopped)}." if stopped else f"Nothing was running in {settings.home}.")


def status(
    json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False,
) -> None:
    """Show for each local server whether it runs and answers, where its log is, and how much data it holds."""
    from dataclasses import asdict
    from json import dumps

    from deploy.services import status as look
    from groupvitals.settings import load_settings

    found = look(load_settings().home)
    if json:
        typer.echo(dumps([asdict(one) for one in found], indent=2))
        return
    for one in found:
        state = "answers" if one.healthy else "is running, but does not answer" if one.running else "is down"
        pid = f", process {one.pid}" if one.pid else ""
        typer.echo(f"{one.name} {one.version} {state}{pid}")
        typer.echo(f"  address  {one.address or 'none yet'}")
        typer.echo(f"  data     {one.data_bytes / 1e6:,.1f} MB")
        typer.echo(f"  log      {one.log}")
