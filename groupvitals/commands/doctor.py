"""`groupvitals doctor`: what is wrong, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from groupvitals.settings import Settings

#: Records behind at which a partition is called behind.
LAG = 100_000
OK, WARNING, ERROR = "ok", "warning", "error"


@dataclass(frozen=True)
class Finding:
    """One thing looked at: how bad, what was found, what to do."""

    severity: str
    what: str
    found: str
    do: str = ""


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print a list of findings.")] = False) -> None:
    """Look at the servers, tables, topics, lag and dead letters. Exit code: 0 well, 1 warnings, 2 errors."""
    from groupvitals.settings import load_settings

    settings = load_settings()
    found = [finding for check in (_clickhouse, _kafka) for finding in _safely(check, settings)]
    if as_json:
        import json

        print(json.dumps([asdict(finding) for finding in found], indent=1))
    else:
        _print(found)
    worst = max((WARNING, ERROR).index(f.severity) + 1 if f.severity != OK else 0 for f in found)
    raise typer.Exit(worst)


def _safely(check: "Callable[[Settings], Iterator[Finding]]", settings: "Settings") -> Iterator[Finding]:
    from schemas.errors import GroupvitalsError

    try:
        yield from check(settings)
    except GroupvitalsError as error:
        yield Finding(ERROR, check.__name__.strip("_"), str(error), "Start the server or correct its address.")


def _clickhouse(settings: "Settings") -> Iterator[Finding]:
    from groupvitals.connections import clickhouse
    from sinks.clickhouse.connection import Native
    from sinks.clickhouse.migrations import pending

    address = clickhouse(settings)
    native = Native(address)
    version = native.execute("SELECT version()")[0][0]
    yield Finding(OK, "clickhouse", f"version {version} at {address.host}:{address.tcp_port}")
    if missing := pending(address, settings.worker.time_zone):
        yield Finding(ERROR, "migrations", f"not applied: {', '.join(missing)}", "Run `groupvitals migrate`.")
        return
    yield Finding(OK, "migrations", "all applied")
    letters = native.execute(
        f"SELECT error, count() AS n FROM {address.database}.dead_letters FINAL GROUP BY error ORDER BY n DESC"
    )
    if letters:
        text = ", ".join(f"{count:,} {error}" for error, count in letters)
        yield Finding(WARNING, "dead letters", text, "Look at `groupvitals dlq list`, mend the producer, replay.")
    many = native.execute(
        "SELECT table, count() FROM system.parts WHERE database = %(database)s AND active "
        "GROUP BY table HAVING count() > 300",
        None,
        {"database": address.database},
    )
    for table, parts in many:
        found = f"{table} has {parts} active parts"
        yield Finding(WARNING, "parts", found, "Merges are behind: fewer, larger flushes.")


def _kafka(settings: "Settings") -> Iterator[Finding]:
    from groupvitals.connections import clickhouse, kafka_bootstrap
    from sinks.clickhouse.connection import Native
    from streams.lag import partition_ends

    topic = f"{settings.kafka.topic_prefix}chat.events"
    ends = partition_ends(kafka_bootstrap(settings), topic)
    if not ends:
        yield Finding(ERROR, "topics", f"there is no topic {topic}", "Run `groupvitals topics`.")
        return
    yield Finding(OK, "kafka", f"{topic} has {len(ends)} partitions")
    rows = Native(clickhouse(settings)).execute(
        "SELECT partition, argMax(offsets, (term, sequence))[%(topic)s], dateDiff('second', max(written_at), now64(3)) "
        f"FROM {settings.clickhouse.database}.checkpoints WHERE topic = %(topic)s GROUP BY partition",
        None,
        {"topic": topic},
    )
    done = {partition: (offset, age) for partition, offset, age in rows}
    for partition, end in sorted(ends.items()):
        offset, age = done.get(partition, (0, 0))
        behind = end - offset
        if behind < 0:
            yield Finding(
                ERROR, "checkpoint", f"partition {partition} is checkpointed at {offset}, Kafka ends at {end}",
                "The topic was recreated or the database is from elsewhere: use another database.",
            )  # fmt: skip
        elif behind > LAG or (behind and age > 60):
            what = f"partition {partition} is {behind:,} records behind; last checkpoint {age:,} s ago"
            yield Finding(WARNING, "lag", what, "Start a worker, or one more.")
        else:
            yield Finding(OK, "lag", f"partition {partition} is {behind:,} records behind")


def _print(found: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table

    colours: dict[str, Any] = {OK: "green", WARNING: "yellow", ERROR: "red"}
    table = Table("", "what", "found", "do", header_style="bold")
    for finding in found:
        table.add_row(f"[{colours[finding.severity]}]{finding.severity}[/]", finding.what, finding.found, finding.do)
    Console().print(table)
