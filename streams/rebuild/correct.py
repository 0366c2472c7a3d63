"""The nightly correction: late and repeated events put where they belong in hours and days that are closed.

The records of the groups that such events touched are replayed in corrected order
(`streams.rebuild.corrected_order`) through the same kernels into the scratch epoch. Rows of closed hours and days that
differ from those in use replace them: a worker never writes these again. A row that differs although nothing touched it
is an error, and nothing is written.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from analytics.kernels.calendar import HOUR_MS
from schemas.frame import Records
from sinks.clickhouse.epochs import drop_epoch
from sinks.clickhouse.readers.compare import Comparison
from sinks.clickhouse.readers.corrections import CLOSED, Corrected, Corrections, count_others, group_in
from sinks.clickhouse.readers.raw import RawRecords
from sinks.contract import Chain, chain
from streams.checkpoint.epochs import check_rules
from streams.rebuild.corrected_order import Timeline, days_of, late_places
from streams.rebuild.rebuild import SCRATCH, Rebuild
from streams.rebuild.replay import CHUNK, Replay, frames_of, new_task
from streams.retry import wait_for
from streams.state.chat.state import CommunityState

log = logging.getLogger(__name__)
_EPOCH = date(1970, 1, 1)
Key = dict[str, Any]


@dataclass
class Touched:
    """What late and repeated events touched: hours, and days, of groups."""

    hours: set[tuple[str, int]] = field(default_factory=set)
    days: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    until: dict[str, int] = field(default_factory=dict)

    def add(self, group: str, hour: int, day: int) -> None:
        """An event of this hour and day; they are checked until the day is closed."""
        self.hours.add((group, hour))
        self.days[group].add(day)
        self.until[group] = max(self.until.get(group, day), day)

    def explains(self, table: str, key: Key) -> bool:
        """Whether a row may differ."""
        group, days = key["group_id"], self.days[key["group_id"]]
        if table == "pane_states":
            return key["bucket"] in days if key["daily"] else (group, key["bucket"]) in self.hours
        return (key["day"] - _EPOCH).days in days


@dataclass
class Correction:
    """What a correction did, by table, and what it cannot explain."""

    groups: int = 0
    records: int = 0
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLOSED, 0))
    pending: int = 0
    different: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """What was done, for people and programs."""
        return asdict(self)


@dataclass
class _Part:
    """One partition's share of a correction."""

    cut: Chain
    kept: Corrections
    groups: list[str]
    touched: Touched = field(default_factory=Touched)
    differences: dict[str, list[Key]] = field(default_factory=dict)
    pending: dict[str, int] = field(default_factory=dict)
    replay: Replay | None = None

    @property
    def end(self) -> int:
        assert self.cut.head is not None
        return self.cut.head.offsets[self.kept.topic]


def correct(job: Rebuild) -> Correction:
    """Correct what late and repeated events touched since the last run; a second run finds nothing to do."""
    check_rules(job.current, job.config.agent)
    drop_epoch(job.store.address, SCRATCH, job.config.agent)
    result = Correction()
    try:
        parts = [part for partition, cut in job.frozen().items() if (part := _part(job, partition, cut))]
        for part in parts:
            if part.groups:
                result.records += _replay(job, part)
                _compare(job, part, result)
        result.groups = sum(len(part.groups) for part in parts)
        if not result.different:
            for part in parts:
                _write(job, part, result)
            count_others(job.store)
    finally:
        drop_epoch(job.store.address, SCRATCH, job.config.agent)
    return result


def _part(job: Rebuild, partition: int, cut: Chain) -> _Part | None:
    """What to do in a partition; None: nothing came since the last correction."""
    kept = Corrections(job.store, job.config.topic, partition, job.current.number)
    last, part = kept.last(), _Part(cut, kept, [])
    if last is not None and last.offset >= part.end:
        return None
    if last is None and job.current.number:  # a rebuilt epoch: its records' flags may be those of other settings
        part.groups = kept.groups()
    else:
        last = last or Corrected()
        part.groups = sorted({*kept.touched(last.offset, part.end), *last.pending})
    return part


def _replay(job: Rebuild, part: _Part) -> int:
    """Replay the part's groups in corrected order into the scratch epoch. Returns the number of records."""
    kept = part.kept
    task = new_task(
        replace(job.current, number=SCRATCH), job.config.agent, kept.partition, job.worker,
        job.config.max_memberships,
    )  # fmt: skip
    assert isinstance(task.state, CommunityState)
    clock, rows = task.state.clock, kept.timeline(part.groups, part.end)
    offsets, ts_ms, time_ms, late, duplicate, firsts = (
        np.asarray(rows[name]).astype(np.int64)
        for name in ("offset", "ts_ms", "time_ms", "late", "duplicate", "first_offset")
    )
    names = rows["group_id"].combine_chunks().dictionary_encode()
    groups = np.asarray(names.indices).astype(np.int64)
    ids = names.dictionary.to_pylist()
    if "" in ids:
        groups[groups == ids.index("")] = -1
    repeated = firsts < offsets
    taken = ~repeated
    moved, places = late_places(Timeline(offsets[taken], ts_ms[taken], time_ms[taken], groups[taken]), clock)
    moved = np.flatnonzero(taken)[moved]
    ours = repeated & (duplicate == 0) if not job.current.number else repeated
    days = days_of(clock, ts_ms)
    for row in {*moved.tolist(), *np.flatnonzero(((late == 1) | ours) & (groups >= 0)).tolist()}:
        part.touched.add(ids[groups[row]], int(ts_ms[row] // HOUR_MS), int(days[row]))
    frames = _frames(
        job, part, np.sort(offsets[taken]), dict(zip(offsets[moved].tolist(), places.tolist(), strict=True))
    )
    part.replay = Replay(job.store, task)
    part.replay.begin()
    return part.replay.run(frames)


def _frames(job: Rebuild, part: _Part, taken: np.ndarray[Any, Any], moved: dict[int, int]) -> Iterator[Records]:
    """The records of the part's groups in corrected order, as frames with offsets of their own."""
    raw = RawRecords(job.store, part.kept.topic, part.kept.partition, job.config.agent)
    mine = f"type = 'tick' OR {group_in(part.groups)}"
    away = np.array(sorted(moved), np.int64)
    apart = [
        wait_for(partial(raw.read_only, away[at : at + CHUNK // 20].tolist()), "reading late records")
        for at in range(0, len(away), CHUNK // 20)
    ]
    late = pa.concat_tables(apart) if apart else None
    places = np.array([moved[offset] for offset in late["offset"].to_pylist()], np.int64) if late else away
    following = 0
    for first in range(0, part.end, CHUNK):
        rows = wait_for(partial(raw.read, first, min(first + CHUNK, part.end), mine), "reading landed records")
        own = np.asarray(rows["offset"]).astype(np.int64)
        rows = rows.filter(pa.array(np.isin(own, taken) & ~np.isin(own, away)))
        own = np.asarray(rows["offset"]).astype(np.int64)
        keys = [own, np.ones(len(own), np.int64), np.zeros(len(own), np.int64), own]
        if late is not None:
            here = np.flatnonzero((places >= first) & (places < first + CHUNK))
            came = late.take(here)
            added = [places[here], np.zeros(len(here), np.int64), np.asarray(came["ts_ms"]), np.asarray(came["offset"])]
            keys = [np.concatenate(pair) for pair in zip(keys, added, strict=True)]
            rows = pa.concat_tables([rows, came.select(rows.column_names)])
        if not rows.num_rows:
            continue
        rows = rows.take(np.lexsort(keys[::-1])).combine_chunks()
        numbers = pa.array(np.arange(following, following + rows.num_rows))
        yield from frames_of(rows.set_column(0, "offset", numbers), following, following + rows.num_rows)
        following += rows.num_rows


def _compare(job: Rebuild, part: _Part, result: Correction) -> None:
    """Find the rows of closed hours and days that differ, and judge them."""
    kept, columns = part.kept, ("group_id", "closed_hour", "closed_day")
    scratch = chain(job.store.checkpoints(kept.topic, kept.partition, SCRATCH))
    rows = job.store.load("group_states", kept.topic, kept.partition, scratch, columns).to_pylist()
    # without repeated events time is never further than with them: what is closed here is closed in the rows in use
    closed = {row["group_id"]: (row["closed_hour"], row["closed_day"]) for row in rows}
    comparison = Comparison(job.store, kept.topic, kept.partition, part.cut, SCRATCH)
    for table in CLOSED:
        differing = [
            key
            for key in kept.different(table, comparison, part.groups)
            if _is_closed(key, closed.get(key["group_id"], (0, 0)))
        ]
        part.differences[table] = differing
        odd = [key for key in differing if not part.touched.explains(table, key)]
        result.different += len(odd)
        result.examples += [{"table": table, "key": key} for key in odd[:10]]
    part.pending = {
        group: until for group, until in part.touched.until.items() if until >= closed.get(group, (0, 0))[1]
    }


def _is_closed(key: Key, closed: tuple[int, int]) -> bool:
    if "bucket" in key:
        return bool(key["bucket"] < closed[key["daily"]])
    return bool((key["day"] - _EPOCH).days < closed[1])


def _write(job: Rebuild, part: _Part, result: Correction) -> None:
    assert part.cut.head is not None
    comparison = Comparison(job.store, part.kept.topic, part.kept.partition, part.cut, SCRATCH)
    version = part.cut.head.cut.version(job.current.number)
    for table, keys in part.differences.items():
        part.kept.replace(table, comparison, keys, version)
        result.rows[table] += len(keys)
    if part.replay is not None:
        part.replay.still_ours()  # else what was just written may not have been all
    result.pending += len(part.pending)
    part.kept.done(Corrected(part.end, part.pending), sum(map(len, part.differences.values())))
