"""What operators have excluded, and whether the numbers in use reflect it."""

from collections.abc import Iterator

from groupvitals.checks.finding import OK, WARNING, Deployment, Finding
from schemas.wording import number_of
from sinks.clickhouse.store import ClickHouseStore
from streams.operations.exclusions import read_exclusions
from streams.operations.settling import Settling

#: How many records a finding names.
_SHOWN = 5


def exclusions(deployment: Deployment) -> Iterator[Finding]:
    """Excluded records, those that still count, and those still left out after their exclusion was undone."""
    config = deployment.config
    decided = read_exclusions(config.kafka, config.topic_prefix, config.agent.contract)
    known = [f"{one.subject} by {one.actor_id} ({one.reason})" for one in decided.in_force]
    yield Finding(OK, "exclusions", f"{_records(known)} excluded{_named(known)}")
    settling = Settling(ClickHouseStore(config.address), config.agent, config.topic, decided)
    ends = {partition: head.offset for partition, head in deployment.heads.items()}
    command = "groupvitals rebuild" + (f" --agent {config.agent.name}" if config.agent.name != "community" else "")
    if counted := settling.counted(ends):
        yield Finding(
            WARNING, "exclusions", f"{_records(counted)} excluded but still counted{_named(counted)}",
            f"Run `{command}`.",
        )  # fmt: skip
    if left_out := settling.left_out(ends):
        yield Finding(
            WARNING, "exclusions",
            f"{_records(left_out)} no longer excluded but still left out{_named(left_out)}",
            f"Run `{command}`.",
        )  # fmt: skip


def _records(records: list[str]) -> str:
    return number_of(len(records), "record is", "records are")


def _named(records: list[str]) -> str:
    more = f" and {len(records) - _SHOWN:,} more" if len(records) > _SHOWN else ""
    return f": {', '.join(records[:_SHOWN])}{more}" if records else ""
