"""`groupvitals topics`: create the topics, and report what was done."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from groupvitals.settings import Settings
    from streams.kafka.topics import TopicLayout, TopicOutcome

DAY_MS = 86_400_000


def topic_layout(settings: "Settings") -> "TopicLayout":
    """The settings that decide how topics look."""
    from streams.kafka.topics import TopicLayout

    kafka = settings.kafka
    return TopicLayout(
        kafka.topic_prefix, kafka.chat_partitions, kafka.person_partitions, kafka.replication, kafka.retention_days
    )


def topics(as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False) -> None:
    """Create the topics in Kafka, or reset settings that have drifted. Safe to repeat."""
    from dataclasses import asdict

    from groupvitals.connections import kafka_address
    from groupvitals.settings import load_settings
    from streams.kafka.topics import ensure_topics

    settings = load_settings()
    outcomes = ensure_topics(kafka_address(settings), topic_layout(settings))
    if as_json:
        import json

        print(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    else:
        _print_table(outcomes)
    _say_refusals(outcomes)


def _say_refusals(outcomes: "list[TopicOutcome]") -> None:
    for topic in outcomes:
        if topic.refused:
            typer.echo(
                f"{topic.name} may not be changed by this user: {'; '.join(topic.refused)}. Ask its owner to set this.",
                err=True,
            )


def _print_table(outcomes: "list[TopicOutcome]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("topic", "partitions", "keeps", "policy", "now")
    table.columns[0].no_wrap = True
    for topic in outcomes:
        keeps = "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms // DAY_MS} days"
        table.add_row(topic.name, str(topic.partitions), keeps, topic.policy, topic.outcome)
    console = Console()
    console.print(table)
    for topic in outcomes:
        for change in topic.changes:
            console.print(f"{topic.name} {change}", highlight=False)
