"""Rows of closed days, and how they land: changes of members, counts of groups and people, the score, the cut."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.people.fitted import HORIZON, Fitted
from analytics.people.states import NO_DAY, REASONS, STATES
from schemas.chat import Role
from schemas.transition import Transition
from sinks.clickhouse.readers.closed_days import ClosedDays
from sinks.clickhouse.store import ClickHouseStore
from streams.landing.arrow import categories
from streams.people.closed_days.closed_day import ClosedDay
from streams.people.closed_days.history import History
from streams.people.memory.everybody import Everybody
from streams.people.memory.group_keys import GroupKeys
from streams.people.persons.members import Memberships

#: Takes changes of members' states, each with the fields of `schemas.transition.Transition`.
Tell = Callable[[list[dict[str, Any]]], None]
#: The table that says that a day is complete.
CUTS = "people_cuts"
_COUNTED = STATES[1 : STATES.index("left")]


@dataclass(frozen=True)
class Day:
    """A day that was closed: whether it is the first of its history, its score, the rows that land of it, by table, and
    the changes to tell."""

    day: int
    first: bool
    fit: Fitted
    tables: dict[str, pa.Table]
    told: list[dict[str, Any]]


def changes(everybody: Everybody, history: History, found: ClosedDay) -> pa.Table:
    """Rows of `people_transitions`, without the history and the day."""
    groups, accounts = (codes[found.rows] for codes in everybody.places)
    members, around = history.members[found.rows], found.around
    persons, linked = around.person[accounts], around.linked[accounts]
    used = around.used_day[persons] != NO_DAY
    return pa.table(
        Memberships(everybody).columns(found.rows)
        | {
            "person_id": everybody.names.strings(persons),
            "previous": categories(found.previous.astype(np.int8), STATES),
            "since": pa.array(np.ascontiguousarray(members["since_day"])).cast(pa.date32()),
            "returned_on": pa.array(np.ascontiguousarray(members["returned_day"])).cast(pa.date32()),
            "state": categories(members["state"].astype(np.int8), STATES),
            "reason": categories(members["reason"].astype(np.int8), REASONS),
            "score": pa.array(found.score),
            "rhythm": pa.array(found.rhythm),
            "fading": pa.array(np.ascontiguousarray(members["fading"])),
            "role": categories((members["named"] & 3).astype(np.int8), get_args(Role)),
            "linked": pa.array(linked.astype(np.uint8)),
            "in_product": pa.array((linked | used).astype(np.uint8)),
            "reads_reported": pa.array(around.reads_reported[groups].astype(np.uint8)),
            "groups_28d": pa.array(around.active_in[persons]),
        }
    )


def counts(everybody: Everybody, found: ClosedDay) -> pa.Table:
    """Rows of `people_group_days`: a row per known group, and one of all people once."""
    known = found.cells[:, 1 : len(_COUNTED) + 1].sum(axis=1)
    unseen = np.maximum(found.platform - known, 0)
    columns = {"headcount": known + unseen, "unseen": unseen, "silent_zombies": found.silent}
    columns |= {name: found.cells[:, code] for code, name in enumerate(STATES) if name}
    ids = GroupKeys(everybody).columns(np.append(np.arange(1, len(known)), 0).astype(np.int32))
    return pa.table(ids | {name: pa.array(column) for name, column in columns.items()}).filter(pa.array(found.present))


def score(found: ClosedDay) -> pa.Table:
    """The row of `people_scores`."""
    fit, numbers = found.fit, pa.list_(pa.float64())
    vectors = {"mean": fit.score.mean, "scale": fit.score.scale, "weights": fit.score.weights}
    vectors |= {"silent": fit.score.silent, "longer": fit.longer}
    return pa.table(
        {name: pa.array([vector.tolist()], numbers) for name, vector in vectors.items()}
        | {
            "horizon": pa.array([HORIZON], pa.uint16()),
            "theta": pa.array([fit.limit]),
            "members": pa.array([fit.members], pa.uint64()),
            "returned": pa.array([fit.returned], pa.uint64()),
            "auc": pa.array([fit.auc], pa.float64()),
            "brier": pa.array([fit.brier], pa.float64()),
        }
    )


def cut(places: list[tuple[str, int, int]]) -> pa.Table:
    """Rows of `people_cuts`, of topics, partitions and offsets."""
    kinds = {"topic": pa.string(), "partition": pa.uint16(), "next_offset": pa.uint64()}
    columns = zip(*places, strict=True)
    return pa.table({name: pa.array(column, kinds[name]) for name, column in zip(kinds, columns, strict=True)})


def dated(rows: pa.Table, day: int, history: int) -> pa.Table:
    """The rows of a day of a history."""
    days, numbers = np.full(rows.num_rows, day, np.int32), np.full(rows.num_rows, history, np.uint32)
    return rows.append_column("day", pa.array(days).cast(pa.date32())).append_column("history", pa.array(numbers))


def told(rows: pa.Table, day: str, end_ms: int) -> list[dict[str, Any]]:
    """The changes of members who had been known before, with the fields of `schemas.transition.Transition`."""
    known = pc.and_(pc.not_equal(rows["previous"], ""), pc.not_equal(rows["state"], ""))
    rows = rows.filter(pc.and_(known, pc.not_equal(rows["previous"], rows["state"])))
    rows = rows.select([name for name in rows.column_names if name in Transition.model_fields])
    plain = [column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in rows.columns]
    found = pa.table(plain, names=rows.column_names).to_pylist()
    same = {"type": "transition", "schema_version": 1, "ts_ms": end_ms, "day": day}
    return [{**same, "event_id": _id(row["group_id"], row["member_id"], day), **row} for row in found]


def _id(group_id: str, member_id: str, day: str) -> str:
    """The same for the same change, whenever it is told."""
    return hashlib.sha256(f"{group_id}\n{member_id}\n{day}".encode()).hexdigest()[:32]


def landing(store: ClickHouseStore, days: list[Day], tell: Tell) -> list[Callable[[], object]]:
    """What lands days, in order: their rows, table by table, what is told, and last of all the cuts, by which these
    days are complete.

    The last returns whether they are; otherwise what was written before is gone: the database is an older backup.
    """
    tables = {
        name: pa.concat_tables([day.tables[name] for day in days], promote_options="permissive")
        for name in days[0].tables
    }
    cuts, counts = tables.pop(CUTS), {name: rows.num_rows for name, rows in tables.items()}
    return [
        *(partial(store.insert, name, rows) for name, rows in tables.items() if rows.num_rows),
        partial(tell, [change for day in days for change in day.told]),
        partial(ClosedDays(store).complete, cuts, days[0].first, counts),
    ]
