"""`groupvitals dlq list | show | replay`: refused records, why they were refused, and how to send them back."""

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.errors import ConfigError

if TYPE_CHECKING:
    from schemas.kafka import Kafka
    from streams.dead_letters.reading import DeadLetter, LetterCount

app = typer.Typer(
    help="List, show and replay refused records (dead letters).", no_args_is_help=True, add_completion=False,
)  # fmt: skip

Topic = Annotated[str | None, typer.Option(help="Only this topic, such as chat.events. Default: all topics.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a list of objects.")]
#: Bytes of a value that `show` prints unless asked for all.
SHOWN_BYTES = 4096


def printable(text: str) -> str:
    """The text with everything that could move the cursor or hide written as escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _where(topic: str | None) -> "tuple[Kafka, list[str], str]":
    """The broker, the topics' names there, and the prefix of this deployment."""
    from groupvitals.connections import kafka_address
    from groupvitals.settings import load_settings
    from schemas.topics import TOPICS

    settings = load_settings()
    prefix = settings.kafka.topic_prefix
    known = [spec.name for spec in TOPICS if spec.dead_letters]
    if topic is None:
        return kafka_address(settings), [prefix + name for name in known], prefix
    name = topic.removeprefix(prefix)
    if name not in known:
        raise ConfigError(f"The topic {printable(topic)} cannot have dead letters. Use one of {', '.join(known)}.")
    return kafka_address(settings), [prefix + name], prefix


@app.command("list")
def list_(
    topic: Topic = None,
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(min=1, help="Print at most this many rows.")] = 20,
) -> None:
    """Count refused records by error and reason, most frequent first."""
    from dataclasses import asdict

    from streams.dead_letters.reading import count_letters

    kafka, topics, prefix = _where(topic)
    counts = count_letters(kafka, topics)
    for count in counts:
        count.topic = count.topic.removeprefix(prefix)
    if as_json:
        print(json.dumps([asdict(count) for count in counts[:limit]], indent=2))
    elif counts:
        _print_counts(counts, limit)
    else:
        print("No dead letters.")


def _print_counts(counts: "list[LetterCount]", limit: int) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("topic", "error", "reason", "waiting", "replayed", "newest (UTC)", "partition", "offset")
    for column in table.columns:
        column.no_wrap = column.header != "reason"
    for count in counts[:limit]:
        newest = datetime.fromtimestamp(count.newest_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        text = (escape(printable(word)) for word in (count.topic, count.error, count.reason))
        table.add_row(
            *text, f"{count.waiting:,}", f"{count.replayed:,}", newest, str(count.partition), str(count.offset)
        )
    console = Console()
    console.print(table)
    if len(counts) > limit:
        console.print(f"{len(counts) - limit:,} more kinds: --limit {len(counts)} shows them.")


@app.command()
def show(
    topic: Annotated[str, typer.Argument(help="The topic the record came from, such as chat.events.")],
    partition: Annotated[int, typer.Argument(help="The record's partition in that topic.")],
    offset: Annotated[int, typer.Argument(help="The record's offset in that partition.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write the original bytes and nothing else.")] = False,
) -> None:
    """Show one refused record: headers, key and value."""
    from streams.dead_letters.reading import find_letter

    kafka, (name,), _ = _where(topic)
    letter = find_letter(kafka, name, partition, offset)
    if raw:
        sys.stdout.buffer.write(letter.value or b"")
    else:
        _print_letter(letter)


def _print_letter(letter: "DeadLetter") -> None:
    for name, value in letter.headers.items():
        print(f"{printable(name)}: {printable(value)}")
    print(f"key: {_text(letter.key)}")
    print(f"value, {len(letter.value or b''):,} bytes: {_text(letter.value)}")


def _text(data: bytes | None) -> str:
    if data is None:
        return "none"
    rest = f" … ({len(data) - SHOWN_BYTES:,} bytes more: --raw writes all)" if len(data) > SHOWN_BYTES else ""
    return printable(data[:SHOWN_BYTES].decode("utf-8", "backslashreplace")) + rest


@app.command()
def replay(
    topic: Topic = None,
    error: Annotated[
        str | None, typer.Option(help="Send back only records with this error, such as unknown_type.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, but send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send refused records back to their topic and partition: each exactly once, even if this is killed halfway."""
    from streams.dead_letters.replay import replay_letters

    kafka, topics, prefix = _where(topic)
    sent = replay_letters(kafka, topics, error, dry_run)
    rows = [{"topic": name.removeprefix(prefix), "error": kind, "count": count} for (name, kind), count in sent.items()]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(printable(f"{row['topic']}: {row['count']:,} {row['error']}"))
    total = sum(sent.values())
    print(f"{'To send back' if dry_run else 'Sent back'}: {total:,}")
