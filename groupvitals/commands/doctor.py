"""`groupvitals doctor`: what is wrong, and what to do about it."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from groupvitals.checks.finding import Finding


def doctor(
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Check all raw rows, not just each partition's newest million offsets. Expensive."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of findings.")] = False,
) -> None:
    """Check servers, tables, workers and numbers, and say what to do. Exit code: 0 healthy, 1 warnings, 2 errors.

    Without --deep, this reads small tables, system tables and the offsets of the newest raw rows. With --deep, it reads
    the offsets of all raw rows, and every event id to find repeats beyond the duplicate horizon.
    """
    from groupvitals.checks.examine import examine
    from groupvitals.checks.finding import ERROR, WARNING
    from groupvitals.settings import load_settings

    found = examine(load_settings(), deep)
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps([asdict(finding) for finding in found], indent=1))
    else:
        _print(found)
    severities = {finding.severity for finding in found}
    raise typer.Exit(2 if ERROR in severities else 1 if WARNING in severities else 0)


def _print(found: "list[Finding]") -> None:
    from rich.console import Console
    from rich.table import Table

    colours = {"ok": "green", "warning": "yellow", "error": "red"}
    table = Table("", "what", "found", "do", header_style="bold")
    for finding in found:
        table.add_row(f"[{colours[finding.severity]}]{finding.severity}[/]", finding.what, finding.found, finding.do)
    Console().print(table)
