"""What members were on closed days, one day after the other: changes of their states, and how many a group had of each.

Reads the views of a day and writes rows of `member_transitions` and `effective_member_days`. A day that is evaluated
again has the rows that follow from what is known by then.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from schemas.errors import BackpressureError, ConfigError
from schemas.transition import Transition
from sinks.clickhouse.migrations import REACH_DAYS, effective_members
from sinks.clickhouse.store import ClickHouseStore

_TRANSITION = ("group_id", "member_id", "person_id", "previous", "state", "reason", "score")
_COUNTS = (
    "group_id", "day", "headcount", "excluded", "active", "participant", "lurker", "newcomer", "elsewhere",
    "unobservable", "at_risk", "zombie", "unseen", "left",
)  # fmt: skip


@dataclass(frozen=True)
class Evaluated:
    """A day that was evaluated: members whose state had changed, those who had not been known before left out."""

    day: date
    changed: int

    def summary(self) -> dict[str, Any]:
        """For people and programs."""
        return asdict(self) | {"day": self.day.isoformat()}


def due(store: ClickHouseStore, since: date | None = None) -> list[date]:
    """Closed days that were not evaluated yet, oldest first; with `since`, all from that day on.

    Days further back than masks reach are left out; asking for one by `since` raises `ConfigError`.
    """
    d = store.address.database
    ((first, closed, today, done),) = store.native.execute(
        f"SELECT first_day, closed_until, (SELECT today FROM {d}.clock), "
        f"(SELECT max(day) FROM {d}.effective_member_days WHERE group_id = '*') FROM {d}.closed_until"
    )
    earliest = today - timedelta(days=REACH_DAYS)
    if since is not None and since < earliest:
        raise ConfigError(f"{since} can no longer be evaluated: what is known reaches back to {earliest}.")
    begin = since if since is not None else max(first, earliest, done + timedelta(days=1))
    return [begin + timedelta(days=n) for n in range((closed - begin).days)]


def evaluate(store: ClickHouseStore, day: date, tell: Callable[[list[Transition]], None] = lambda _: None) -> Evaluated:
    """Write what members were at the end of a day, and `tell` the changes, but for those not known before.

    The row of `*` is written when all are told; until then the day stays due. Raises `BackpressureError` when a server
    is away.
    """
    d, columns, when = store.address.database, ", ".join(_TRANSITION), {"day": day}
    again = f"(group_id, member_id) IN (SELECT group_id, member_id FROM {d}.member_transitions WHERE day = %(day)s)"
    # what both answers need is evaluated once; the table is this connection's own
    store.native.execute(
        f"CREATE OR REPLACE TEMPORARY TABLE evaluated AS SELECT {columns} FROM {d}.member_states_at(day = %(day)s)",
        parameters=when,
    )
    try:
        store.native.execute(
            f"INSERT INTO {d}.member_transitions (day, {columns}) SELECT %(day)s, {columns} FROM evaluated "
            f"WHERE state != previous OR {again}",
            parameters=when,
        )
        query = effective_members(store.address, day, "evaluated")
        counts = store.native.query(f"SELECT {', '.join(_COUNTS)} FROM ({query})")
    finally:
        store.native.execute("DROP TEMPORARY TABLE IF EXISTS evaluated")
    _write(store, [row for row in counts if row["group_id"] != "*"])
    changes = _changes(store, day)
    tell(changes)
    _write(store, [row for row in counts if row["group_id"] == "*"])
    return Evaluated(day, len(changes))


def _write(store: ClickHouseStore, counts: list[dict[str, Any]]) -> None:
    rows = [[row[name] for name in _COUNTS] for row in counts]
    store.native.execute(
        f"INSERT INTO {store.address.database}.effective_member_days ({', '.join(_COUNTS)}) VALUES", rows
    )


def _changes(store: ClickHouseStore, day: date) -> list[Transition]:
    d, columns = store.address.database, ", ".join(_TRANSITION)
    ((end_ms,),) = store.native.execute(f"SELECT end_ms FROM {d}.day_end_at(day = %(day)s)", parameters={"day": day})
    rows = store.native.query(
        f"SELECT {columns} FROM {d}.state_changes WHERE day = %(day)s AND previous != ''", {"day": day}
    )
    return [Transition(event_id=_id(row, day), ts_ms=end_ms, day=day, **row) for row in rows]


def _id(row: dict[str, Any], day: date) -> str:
    """The same for the same change, whenever it is told."""
    return hashlib.sha256(f"{row['group_id']}\n{row['member_id']}\n{day}".encode()).hexdigest()[:32]


def sender(bootstrap: str, topic: str) -> Callable[[list[Transition]], None]:
    """What sends changes to a topic and returns when Kafka has them all, or raises `BackpressureError`."""

    def send(changes: list[Transition]) -> None:
        if not changes:
            return
        try:
            producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=20)
            try:
                sent = [producer.send(topic, one.model_dump_json().encode(), one.group_id.encode()) for one in changes]
                for future in sent:
                    future.get(timeout=60)
            finally:
                producer.close(timeout=5)
        except KafkaError as error:
            raise BackpressureError(f"Kafka does not take what changed on {changes[0].day}: {error!r}.") from error

    return send
