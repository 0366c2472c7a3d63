"""A share of people: read what its sources have landed, land what follows from it."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from analytics.kernels.calendar import day_starts
from analytics.people.clock import event_time, is_wrong
from analytics.people.fitted import Fitted
from schemas.topics import CHAT
from sinks.clickhouse.readers.calls import CallReader
from sinks.clickhouse.readers.closed_days import ClosedDays
from sinks.clickhouse.readers.marks import Marks, marks
from sinks.clickhouse.readers.people import PeopleReader
from sinks.clickhouse.store import ClickHouseStore
from sinks.clickhouse.templates import WRONG_MS
from sinks.contract import Head
from streams.checkpoint.flush import Flush
from streams.checkpoint.task import Task
from streams.people.closed_days.day_rows import Day
from streams.people.closed_days.days import Batch
from streams.people.closed_days.loaded import Loaded
from streams.people.memory.now import Now
from streams.people.state import PeopleState
from streams.people.terms import drop_older, publish, published


class WentBackError(Exception):
    """A source has other numbers, or an older backup of them: what was read of it may no longer hold."""


@dataclass(frozen=True)
class Reading:
    """What the sources have landed beyond the marks of the reading before, and what is now.

    `state` is what it was read for: by the time it is taken, the task may have another, of a newer term.
    """

    state: PeopleState
    changed: dict[str, pa.Table]
    marks: Marks
    now: Now
    loaded: Loaded | None = None


@dataclass
class PeopleTask(Task):
    """A task without records of its own. `look` runs in a thread that may block, `take` in the kernels' thread."""

    state: PeopleState
    #: The newest version that was published when last looked, or by this task since.
    _published: int = 0
    #: The history that the newest flush says; a head may wait longer than its term lasts.
    _history: int = 0
    #: The term that has dropped the rows of those before.
    _alone: int = 0
    _kept: tuple[PeopleState, PeopleReader] | None = None

    @property
    def _anything_new(self) -> bool:
        days = self.state.days
        return (self.state.waiting > 0 or days.in_use != days.published) and self.state.wanted is None

    def begin_flush(self) -> Flush | None:
        """As every task; its head says which history is to be read."""
        flush, days = super().begin_flush(), self.state.days
        if flush is not None:
            days.published = self._history = days.in_use
        return flush

    def resume(self, *args: Any, **more: Any) -> None:
        """Own the share for a term, which begins with nobody in memory and no rows landed."""
        self.reset()
        super().resume(*args, **more)
        self._published = 0

    def publish(self, store: ClickHouseStore, heads: list[Head]) -> None:
        """Have rows be read up to these heads, with their history; then drop what is neither read nor made.

        A head of a term that is over is left out: of its rows, some may be gone with an older backup.
        """
        heads = [head for head in heads if head.cut.term == self.cut.term]
        publish(store, heads, self._history, self._published)
        self._published = max(self._published, *(head.version for head in heads if head.cut.sequence), 0)
        number = self.state.days.number
        for head in heads:
            if number and head.cut.sequence > 1 and head.cut.term != self._alone:  # else somebody may read another's
                drop_older(store, self.partition, head.cut.term)
                ClosedDays(store).drop_others({self._history, number})
                self._alone = head.cut.term

    def look(self, store: ClickHouseStore) -> Reading | None:
        """Read what is new, None when nothing is. The marks are read before the rows that they vouch for.

        Raises `WentBackError` when what was read before may no longer hold.
        """
        state, reader, found = self.state, self._reader(store), self._marks(store)
        if self._settled(found, store):
            return None
        days = state.days
        if not days.belongs_to(found):
            raise WentBackError("People have a source that they did not have before.")
        now = self._now(reader, found, days.fit)  # what windows hold is read for this moment
        if state.now is not None:
            return Reading(state, state.read(reader, state.marks, found), found, now)
        with ThreadPoolExecutor(1) as beside:
            loading = beside.submit(days.load, reader, found)
            changed = state.read(reader, state.marks, found)
            loaded = loading.result()
        return Reading(state, changed, found, self._now(reader, found, loaded.fit), loaded)

    def _marks(self, store: ClickHouseStore) -> Marks:
        """How far sources have come. Raises `WentBackError` when what was read before may no longer hold."""
        before, newest = self._published, published(store, self.partition)
        self._published = max(self._published, newest)  # rows may land, and be published, meanwhile
        if newest < before:
            raise WentBackError("The database is an older backup, without all that was landed of people.")
        found = marks(store, self.state.marks)
        if self.state.marks.went_back(found):
            raise WentBackError("Sources of people have other numbers, corrected ones, or an older backup of them.")
        return found

    def up_to_date(self, store: ClickHouseStore) -> bool:
        """Whether a look would find nothing, and nothing waits to land."""
        idle = self.flushing is None and not self._anything_new
        return idle and self._settled(marks(store), store) and self.state.days.settled

    def _settled(self, found: Marks, store: ClickHouseStore) -> bool:
        """Whether nothing has come since the newest reading. What is now only moves with marks, or a clock ahead."""
        if found != self.state.marks:
            return False
        days, now = self.state.days, self.state.now
        if now is None or now.score is not days.fit.score:
            return False
        return self.state.settled(self._now(self._reader(store), found, days.fit) if found.ahead else now)

    def take(self, reading: Reading) -> None:
        """Work out what follows from a reading; rows then wait for a flush."""
        reading.state.take(reading.changed, reading.marks, reading.now, reading.loaded)
        reading.state.days.seen(reading.marks, reading.now)

    def more(self, store: ClickHouseStore) -> Any:
        """Read by keys what has turned out to be needed to work a reading out; None: nothing, all is worked out."""
        wanted = self.state.wanted
        return None if wanted is None else wanted(CallReader(self._reader(store)))

    # --- closed days

    def read_days(self, store: ClickHouseStore) -> Batch | None:
        """Read what is needed to close the next day; None: no day is due.

        Raises `WentBackError` when it may have been read from other rows than those that made the day due.
        """
        days = self.state.days
        if days.unread is not None or not days.due:
            return days.unread
        batch = days.read(self._reader(store))
        self._marks(store)
        return batch

    def close_days(self, batch: Batch, seconds: float) -> list[Day]:
        """Work out the next days of what was read, for about so long, at least one."""
        days, began = self.state.days, time.perf_counter()
        found = [days.close(batch)]
        while days.unread is not None and time.perf_counter() - began < seconds:
            found.append(days.close(days.unread))
        return found

    def days_landed(self, found: list[Day]) -> None:
        """Have live rows follow the newest closed day, unless another one is due."""
        self.state.days.landed(found[-1])

    def _reader(self, store: ClickHouseStore) -> PeopleReader:
        """The term's reader, which asks only once in which zones days are counted: another source begins a new term."""
        kept = self._kept
        if kept is None or kept[0] is not self.state:
            self._kept = kept = (self.state, PeopleReader(store))
        return kept[1]

    def _now(self, reader: PeopleReader, found: Marks, fit: Fitted) -> Now:
        """What is now by these marks; the reader then reads for that. Where a clock of chat is wrong, the times
        of its groups count that are right."""
        clocks, present_ms = list(found.clocks.values()), found.present_ms
        chat = (clock for (contract, _), clock in found.clocks.items() if contract == CHAT.name)
        if any(is_wrong(clock, present_ms, WRONG_MS) for clock in chat):
            clocks += reader.group_times()
        ms, starts = event_time(clocks, present_ms, WRONG_MS), day_starts(reader.zones[0])
        day = max(int(np.searchsorted(starts, ms, "right")) - 1, 0)
        reader.moment = ms, day
        return Now(ms, day, int(starts[day + 1]), fit.score, fit.limit, fit.longer)
