"""What members were on closed days, one day after the other: changes of their states, and how many a group had of each.

Everybody is kept in memory from one day to the next (`streams.jobs.people`); rows of `member_transitions`,
`effective_member_days` and `people_days` are written. A day that is evaluated again has the rows that follow from what
is known by then.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from analytics.people.score import Score
from analytics.people.states import REASONS, STATES
from schemas.errors import ConfigError
from schemas.kafka import Kafka
from schemas.topics import TRANSITIONS
from sinks.clickhouse.readers.people import PeopleReader, prefix
from sinks.clickhouse.store import ClickHouseStore
from sinks.clickhouse.templates import REACH_DAYS
from sources.chunks import START, Chunk
from sources.producer import Producer
from streams.allocator import give_back
from streams.jobs.evaluation import Evaluation, counts, evaluate
from streams.jobs.people import People
from streams.landing.arrow import categories

#: Takes changes, each with the fields of `schemas.transition.Transition`.
Tell = Callable[[list[dict[str, Any]]], None]


@dataclass(frozen=True)
class Evaluated:
    """A day that was evaluated: members whose state had changed, those who had not been known before left out."""

    day: date
    changed: int

    def summary(self) -> dict[str, Any]:
        """For people and programs."""
        return asdict(self) | {"day": self.day.isoformat()}


def earliest(store: ClickHouseStore) -> date:
    """The first day that can still be evaluated: as far as masks reach."""
    ((today,),) = store.native.execute(f"SELECT today FROM {store.address.database}.clock")
    return cast(date, today) - timedelta(days=REACH_DAYS)


def due(store: ClickHouseStore, since: date | None = None) -> list[date]:
    """Closed days that were not evaluated yet, oldest first; with `since`, all from that day on.

    Days further back than masks reach are left out; asking for one by `since` raises `ConfigError`.
    """
    d = store.address.database
    ((first, closed, done),) = store.native.execute(
        "SELECT first_day, closed_until, "
        f"(SELECT max(day) FROM {d}.effective_member_days WHERE group_id = '*') FROM {d}.closed_until"
    )
    if since is not None and since < (reach := earliest(store)):
        raise ConfigError(f"{since} can no longer be evaluated: day masks reach back to {reach}. Give a later day.")
    begin = since if since is not None else max(first, earliest(store), done + timedelta(days=1))
    return [begin + timedelta(days=n) for n in range((closed - begin).days)]


class MemberDays:
    """Evaluates days, oldest first. The first takes a reading of all, the others one of what has changed since."""

    def __init__(self, store: ClickHouseStore) -> None:
        self._store, self._people = store, cast(People | None, None)
        self._day = date.min
        self._written: dict[date, int] = {}

    def evaluate(self, day: date, tell: Tell = lambda _: None) -> Evaluated:
        """Write what members were at the end of a day, and `tell` the changes, but for those not known before.

        The row of `*` is written when all are told; until then the day stays due. Raises `BackpressureError` when a
        server is away.
        """
        reader = PeopleReader(self._store)
        end_ms, now_ms, mean, scale, weights, silent, limit = reader.day(day)
        people = self._everybody(reader, day, end_ms)
        again = people.find(reader.evaluated(day))
        score = Score(np.array(mean), np.array(scale), np.array(weights), np.array(silent), 0, 0)
        found = evaluate(people, (day - date(1970, 1, 1)).days, end_ms, score, limit, again)
        groups = reader.groups()
        groups = people.groups.few_codes(groups["group_id"].filter(pc.less(groups["first_ms"], end_ms)))
        numbers = counts(people, found, groups)
        changes = _rows(people, found)
        self._insert("member_transitions", changes, day, now_ms)
        self._insert("effective_member_days", numbers[:-1], day, now_ms)
        self._insert("people_days", pa.table({name: [count] for name, count in found.activity.items()}), day, now_ms)
        told = _told(changes, day, end_ms)
        tell(told)
        self._insert("effective_member_days", numbers[-1:], day, now_ms)
        people.members["previous"][found.state > 0] = found.state[found.state > 0]
        self._day, self._written = day, self._written | {day: now_ms}
        return Evaluated(day, len(told))

    def forget(self) -> None:
        """Keep nobody in memory, until the next day is evaluated."""
        if self._people is not None:
            self._people = None
            give_back()

    def _everybody(self, reader: PeopleReader, day: date, end_ms: int) -> People:
        """Those in memory, if they are of a day before and nobody else has evaluated one since; else all anew."""
        written = reader.written()
        if self._people is None or day <= self._day or written != self._written or not self._people.read(reader):
            self._people, self._written = None, written  # so that there is room
            people = People(reader.zones, end_ms)
            people.read(reader)
            before = reader.states_before(day)
            rows = people.find(before)
            people.members["previous"][rows] = pc.index_in(before["state"], pa.array(STATES)).to_numpy()
            self._people = people
            give_back()
        return self._people

    def _insert(self, table: str, rows: pa.Table, day: date, now_ms: int) -> None:
        n = rows.num_rows
        if n:
            rows = rows.append_column("day", pa.array([day] * n, pa.date32()))
            rows = rows.append_column("evaluated_at", pa.array([now_ms] * n, pa.timestamp("ms", "UTC")))
            self._store.insert(table, rows)


def _rows(people: People, found: Evaluation) -> pa.Table:
    """Rows of `member_transitions`, but for the day."""
    chosen = found.changed
    groups, accounts = (codes[chosen] for codes in people.places)
    ids = people.group_ids()
    before = np.array([len(prefix(group_id).encode()) for group_id in ids], np.int64)[groups]
    return pa.table(
        {
            "group_id": categories(groups, pa.array(ids)),
            "member_id": people.names.strings(accounts, before),
            "person_id": people.names.strings(found.person[accounts]),
            "previous": categories(people.members["previous"][chosen].astype(np.int8), STATES),
            "state": categories(found.state[chosen].astype(np.int8), STATES),
            "reason": categories(found.reason[chosen].astype(np.int8), REASONS),
            "score": pa.array(found.scores),
        }
    )


def _told(rows: pa.Table, day: date, end_ms: int) -> list[dict[str, Any]]:
    """The changes of members who had been known before."""
    changed = pc.and_(pc.not_equal(rows["previous"], ""), pc.not_equal(rows["previous"], rows["state"]))
    rows = rows.filter(changed)
    plain = [column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in rows.columns]
    told = pa.table(plain, names=rows.column_names).to_pylist()
    same = {"type": "transition", "schema_version": 1, "ts_ms": end_ms, "day": day}
    return [{**same, "event_id": _id(row["group_id"], row["member_id"], day), **row} for row in told]


def _id(group_id: str, member_id: str, day: date) -> str:
    """The same for the same change, whenever it is told."""
    return hashlib.sha256(f"{group_id}\n{member_id}\n{day}".encode()).hexdigest()[:32]


def sender(kafka: Kafka, prefix: str) -> Tell:
    """What sends changes to their topic and returns when Kafka has them all.

    It raises `BackpressureError` when Kafka does not take them now, `ServiceError` when it refuses.
    """

    async def send(changes: list[dict[str, Any]]) -> None:
        keys, values = [one["group_id"].encode() for one in changes], [orjson.dumps(one) for one in changes]
        async with Producer(kafka, prefix) as producer:
            await producer.acknowledged(await producer.send(Chunk(TRANSITIONS.name, START, keys, values)))

    def tell(changes: list[dict[str, Any]]) -> None:
        if changes:
            asyncio.run(send(changes))

    return tell
