"""The people agent with one rule broken, a function each, as in `tests.simulation.mutants`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest import mock

import pyarrow as pa

from sinks.clickhouse.readers.marks import Marks, marks
from sinks.contract import Checkpoint, Head
from streams.checkpoint.task import Task
from streams.people import task as task_module
from streams.people.task import PeopleTask
from tests.simulation.cluster import Rows
from tests.simulation.mutants import Patches, refused_commit_ignored
from tests.simulation.people import PeopleRows


def _publish(store: Any, versions: list[int]) -> None:
    for version in versions:
        store.insert("people_terms", pa.table({"version": [version]}))


def published_before_commit() -> Patches:
    """A term is read as soon as its checkpoint is written."""
    write = Rows.write_checkpoints

    def publish(self: PeopleRows, checkpoints: list[Checkpoint]) -> None:
        write(self, checkpoints)
        _publish(self, [one.cut.version(one.epoch) for one in checkpoints if one.cut.sequence])

    return (mock.patch.object(PeopleRows, "write_checkpoints", publish),)


def first_head_published() -> Patches:
    """A term is read from its first head on, before any of its rows have landed."""

    def publish(self: PeopleTask, store: PeopleRows, heads: list[Head]) -> None:
        _publish(store, [head.version for head in heads])

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
    return (mock.patch.object(Marks, "went_back", _without(epochs=True, versions=True)),)


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
}
