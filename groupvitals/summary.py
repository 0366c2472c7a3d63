"""The summary of a replay: what landed, what does not count, and what to do about it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from groupvitals.landing import Stats
from schemas.wording import number_of
from sinks.clickhouse.readers.landed import Landed
from sources.importing import FileReport, Report


@dataclass
class Summary:
    """One replay. By contract name of each topic: what landed, what its worker did, how many records are left in Kafka.

    `corrected` is what `rebuild --correct` reports, None when nothing was late; `days` are those evaluated.
    """

    report: Report
    landed: dict[str, Landed] = field(default_factory=dict)
    stats: dict[str, Stats] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    corrected: dict[str, Any] | None = None
    days: list[date] = field(default_factory=list)

    def for_programs(self) -> dict[str, Any]:
        """The summary for JSON."""
        events = sum(stats["events"] for stats in self.stats.values())
        seconds = max((stats["seconds"] for stats in self.stats.values()), default=0.0)
        return {
            "records": self.report.records,
            "problems": self.report.problems,
            "passed_over": dict(self.report.passed_over),
            "files": [_file(file) for file in self.report.files],
            "events": events,
            "dead_letters": sum(stats["dead_letters"] for stats in self.stats.values()),
            "seconds": seconds,
            "events_per_s": events / seconds if seconds else 0.0,
            "topics": {
                topic: {"landed": found.records, "left": self.left.get(topic, 0), **asdict(found)}
                for topic, found in self.landed.items()
            },
            "corrected": self.corrected,
            "days": [day.isoformat() for day in self.days],
        }

    def sentences(self) -> Iterator[str]:
        """The summary for people."""
        for topic, found in self.landed.items():
            yield from _topic(topic, found)
            if left := self.left.get(topic):
                yield (
                    f"  {number_of(left, 'record is', 'records are')} still in Kafka and no worker is running: start "
                    "`groupvitals worker --agent all`"
                )
            if found.late:
                yield f"  {found.late:,} late, after their hours had closed: {self._correction()}"
        if self.report.problems:
            yield (
                f"{number_of(self.report.problems, 'line')} could not be read (--problems FILE lists them): fix the "
                "file and replay it with --restart; what has already landed still counts once."
            )
        if self.days:
            yield f"{number_of(len(self.days), 'day')} closed, {self.days[0]} to {self.days[-1]}."

    def _correction(self) -> str:
        done = self.corrected
        if done is None:
            return "run `groupvitals rebuild --correct` to count them"
        if done["different"]:
            return "they could not be counted, since other rows differ; `groupvitals rebuild --verify` shows which"
        open_ = (
            f"; {number_of(done['pending'], 'group waits', 'groups wait')} for a day to close, then `rebuild --correct`"
            if done["pending"]
            else ""
        )
        return f"now counted there ({number_of(sum(done['rows'].values()), 'row')} of hours and days corrected{open_})"


def _file(file: FileReport) -> dict[str, Any]:
    """One file's report; `asdict` cannot copy counters."""
    shown = [problem._asdict() for problem in file.shown]
    return vars(file) | {"problems": dict(file.problems), "passed_over": dict(file.passed_over), "shown": shown}


def _topic(topic: str, found: Landed) -> Iterator[str]:
    if not found.records and not found.dead:
        yield f"{topic}: nothing new landed"
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in found.kinds.items())
    counts = (found.groups, "group", "groups"), (found.people, "person", "people")
    whose = [number_of(n, one, many) for n, one, many in counts if n]
    span = f", {_day(found.first_ms)} to {_day(found.last_ms)}" if found.records else ""
    yield f"{topic}: {found.records:,} landed: {kinds or 'none'}"
    if whose:
        yield f"  of {' and '.join(whose)}{span}"
    if found.repeated:
        yield f"  {found.repeated:,} repeated under an id seen before: each counts once, nothing to do"
    if found.contradicted:
        yield (
            f"  {found.contradicted:,} of these differ from what came before: the first counts; send a change "
            "as an event of its own, such as a refund"
        )
    if found.orders:
        yield (
            f"  {number_of(found.orders, 'order has', 'orders have')} several payments, and only the earliest "
            "counts; if they are lines of one order, set lines = true in the mapping (docs/sources.md)"
        )
    if found.dead:
        errors = ", ".join(f"{count:,} {error}" for error, count in found.dead.items())
        yield (
            f"  {number_of(sum(found.dead.values()), 'dead letter')} ({errors}): run `groupvitals dlq list` to see "
            "why, fix the source, then run `groupvitals dlq replay`"
        )


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()
