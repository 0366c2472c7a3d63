"""`groupvitals replay`: files in, answers standing; the whole way in one command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groupvitals.commands.importing import Files, print_report, with_files

if TYPE_CHECKING:
    from groupvitals.settings import Settings
    from sources.importing import Report


@with_files
def replay(
    files: Files,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Start what is needed, make topics and tables, import the files, and land every event."""
    from groupvitals.commands.services import start_services
    from groupvitals.commands.topics import topic_layout
    from groupvitals.connections import clickhouse, kafka_address
    from groupvitals.settings import load_settings
    from sinks.clickhouse.migrations import migrate
    from streams.kafka.topics import ensure_topics

    settings = load_settings()
    start_services(settings)
    ensure_topics(kafka_address(settings), topic_layout(settings))
    migrate(clickhouse(settings), settings.worker.time_zone, settings.people.nickname)
    report, done = _import_and_land(settings, files.job(settings))
    if as_json:
        import json

        print(json.dumps({"records": report.records, "problems": report.problems, **done}, indent=1))
        return
    print_report(report)
    rate = f" in {done['seconds']:.1f} s, {done['events_per_s']:,.0f} a second" if done["events"] else ""
    typer.echo(f"{done['events']:,} chat events landed{rate}; {done['dead_letters']:,} of them are dead letters.")


def _import_and_land(settings: "Settings", job: Any) -> tuple["Report", dict[str, Any]]:
    """Import while a worker of its own lands what comes; returns when both are done."""
    import json
    import os
    import subprocess
    import sys
    import threading

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from schemas.errors import DataError
    from sources.importing import run

    stats, log = settings.home / "replay.json", settings.home / "replay.log"
    settings.home.mkdir(parents=True, exist_ok=True)
    stats.unlink(missing_ok=True)
    command = [sys.executable, "-m", "groupvitals", "worker", "--until-caught-up", "--follow-input", "--json"]
    command += ["--stats", str(stats)]
    environment = os.environ | {"GROUPVITALS_WORKER__TICK_S": "0"}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment
        ) as worker,
        Progress(*columns, console=Console(stderr=True), transient=True) as bars,
    ):
        assert worker.stdin is not None and worker.stdout is not None
        sizes = sum(path.stat().st_size for path in job.paths)
        sent, landed = bars.add_task("Bytes sent", total=sizes), bars.add_task("Events landed", total=None)
        lines = worker.stdout

        def follow() -> None:
            for line in lines:
                said = json.loads(line)
                if "say" in said:
                    bars.console.print(said["say"], highlight=False)
                else:
                    bars.update(landed, completed=said["landed"])

        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        before = dict.fromkeys(job.paths, 0)

        def progress(path: Path, offset: int) -> None:
            before[path] = offset
            bars.update(sent, completed=sum(before.values()))

        try:
            report = run(job, progress)
        finally:
            worker.stdin.close()
            code = worker.wait()
            follower.join()
    if code:
        raise DataError(f"The worker ended with code {code}: {_last_line(log)}")
    return report, json.loads(stats.read_text())


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"see {log}"
