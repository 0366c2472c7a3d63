"""The people agent with one rule broken, a function each, as in `tests.simulation.mutants`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from unittest import mock

import pyarrow as pa

from sinks.clickhouse.readers.marks import Marks, marks
from sinks.contract import Checkpoint, Head
from streams.checkpoint.task import Task
from streams.people import processor as processor_module
from streams.people import task as task_module
from streams.people.closed_days.day_rows import CUTS, Day, Tell, landing
from streams.people.closed_days.days import Days
from streams.people.task import PeopleTask
from streams.people.terms import publish
from tests.simulation.cluster import Rows
from tests.simulation.mutants import Patches, refused_commit_ignored
from tests.simulation.people import PeopleRows
from tests.simulation.people_days import ClosedDays, History, HistoryReader


def _publish(store: Any, heads: list[Head]) -> None:
    publish(store, heads, store.history)


def published_before_commit() -> Patches:
    """A term is read as soon as its checkpoint is written."""
    write = Rows.write_checkpoints

    def publish(self: PeopleRows, checkpoints: list[Checkpoint]) -> None:
        write(self, checkpoints)
        _publish(self, [Head(one.topic, 0, one.epoch, one.cut, 0, 0) for one in checkpoints])

    return (mock.patch.object(PeopleRows, "write_checkpoints", publish),)


def first_head_published() -> Patches:
    """A term is read from its first head on, before any of its rows have landed."""

    def publish(self: PeopleTask, store: PeopleRows, heads: list[Head]) -> None:
        for head in heads:
            store.write(lambda head=head: store._publish(head.version, store.history))  # type: ignore[misc]

    return (mock.patch.object(PeopleTask, "publish", publish),)


def marks_read_after_rows() -> Patches:
    """The marks of a reading are those of its end."""
    look = PeopleTask.look

    def late(self: PeopleTask, store: Any) -> Any:
        found = look(self, store)
        return found and replace(found, marks=marks(store, self.state.marks))

    return (mock.patch.object(PeopleTask, "look", late),)


def _without(**same: bool) -> Callable[[Marks, Marks], bool]:
    went_back = Marks.went_back

    def blind(self: Marks, now: Marks) -> bool:
        return went_back(self, replace(now, **{name: getattr(self, name) for name in same}))

    return blind


def corrections_unnoticed() -> Patches:
    """Rows below the marks are replaced, and nobody reads them again."""
    return (mock.patch.object(Marks, "went_back", _without(corrections=True)),)


def epochs_unnoticed() -> Patches:
    """Another epoch is read on from the marks of the one before."""
    return (
        mock.patch.object(Marks, "went_back", _without(epochs=True, versions=True)),
        mock.patch.object(Days, "belongs_to", lambda self, marks: True),
    )


def landed_rows_trusted() -> Patches:
    """A new term lands only what its worker has not landed in an older one."""
    return (mock.patch.object(PeopleTask, "resume", Task.resume),)


def older_backup_unnoticed() -> Patches:
    """Whatever is published, rows that have landed once are taken to be there."""
    return (mock.patch.object(task_module, "published", lambda store, share: 1 << 62),)


def own_terms_forgotten() -> Patches:
    """A worker knows what was published when it looked, and not what it has published since."""
    publish = PeopleTask.publish

    def forgetful(self: PeopleTask, store: PeopleRows, heads: list[Head]) -> None:
        known = self._published
        publish(self, store, heads)  # type: ignore[arg-type]
        self._published = known

    return (mock.patch.object(PeopleTask, "publish", forgetful),)


def published_whatever_is_gone() -> Patches:
    """A flush is published though the database was restored while it landed."""
    conditional = task_module.publish
    return (
        mock.patch.object(task_module, "publish", lambda store, heads, history, _: conditional(store, heads, history)),
    )


def cuts_before_rows() -> Patches:
    """The cuts of days land first."""

    def hasty(store: PeopleRows, days: list[Day], tell: Tell) -> list[Callable[[], object]]:
        cuts = pa.concat_tables([day.tables[CUTS] for day in days])
        write = partial(ClosedDays(store).complete, cuts, True, {})
        return [write, *landing(store, days, tell)]  # type: ignore[arg-type]

    return (mock.patch.object(processor_module, "landing", hasty),)


def cuts_whatever_is_gone() -> Patches:
    """Cuts of days land though rows of these days, or days before them, were lost by a restore."""
    complete = ClosedDays.complete

    def blind(self: ClosedDays, cuts: pa.Table, first: bool, counts: Mapping[str, int]) -> bool:
        return complete(self, cuts, True, {})

    return (mock.patch.object(ClosedDays, "complete", blind),)


def days_read_whatever_is_gone() -> Patches:
    """A day is closed with rows that are older than those that made it due."""

    def read(self: PeopleTask, store: Any) -> Any:
        days = self.state.days
        return days.unread or (days.read(self._reader(store)) if days.due else None)

    return (mock.patch.object(PeopleTask, "read_days", read),)


def days_that_land_are_settled() -> Patches:
    """All is taken to have landed while the newest day lands."""
    return (mock.patch.object(Days, "settled", property(lambda self: not self.due)),)


def changes_told_after_cuts() -> Patches:
    """Changes are told once their day is complete, after which nobody tells them again."""

    def late(*given: Any) -> list[Callable[[], object]]:
        *rows, tell, cuts = landing(*given)
        return [*rows, cuts, lambda: (tell(), True)[1]]  # type: ignore[func-returns-value]

    return (mock.patch.object(processor_module, "landing", late),)


def days_before_forgotten() -> Patches:
    """Whoever goes on with a history takes nobody to have been anything before."""
    return (mock.patch.object(History, "load", lambda self, before, last: None),)


def histories_read_too_soon() -> Patches:
    """A history is read as soon as it has begun."""

    def settle(self: Days) -> None:
        self.in_use = self.number

    return (mock.patch.object(Days, "_settle", settle),)


def corrections_begin_late() -> Patches:
    """A history goes on from a correction one day after the first that it changes."""
    first = HistoryReader.first_changed
    return (mock.patch.object(HistoryReader, "first_changed", lambda self, before: first(self, before) + 1),)


def histories_without_corrections() -> Patches:
    """A history does not depend on which late records count."""
    return (mock.patch.object(HistoryReader, "late", lambda self: []),)


def live_rows_behind() -> Patches:
    """Live rows go by an older day than the newest closed one."""
    landed = Days.landed

    def early(self: Days, newest: Day) -> None:
        fit = self.fit
        landed(self, newest)
        self.fit = fit

    return (mock.patch.object(Days, "landed", early),)


#: A broken rule, and the trouble that shows it soonest.
MUTANTS: dict[Callable[[], Patches], tuple[str, ...]] = {
    published_before_commit: ("kick", "freeze_midway"),
    first_head_published: ("crash",),
    marks_read_after_rows: ("moves",),
    corrections_unnoticed: ("correct",),
    epochs_unnoticed: ("exclude", "rebuild"),
    landed_rows_trusted: ("kick",),
    refused_commit_ignored: ("kick", "freeze_midway"),
    older_backup_unnoticed: ("backup", "restore"),
    own_terms_forgotten: ("backup", "restore"),
    published_whatever_is_gone: ("backup", "restore_midway"),
    cuts_before_rows: ("crash_midway",),
    cuts_whatever_is_gone: ("backup", "restore_midway"),
    days_read_whatever_is_gone: ("backup", "restore_midway"),
    days_that_land_are_settled: ("crash",),
    changes_told_after_cuts: ("crash_midway",),
    days_before_forgotten: ("kick",),
    histories_read_too_soon: ("correct", "rebuild"),
    corrections_begin_late: ("correct",),
    histories_without_corrections: ("correct",),
    live_rows_behind: ("correct",),
}
