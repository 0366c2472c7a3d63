"""Where days are cut, and the rows that each day knows: SQL for `sinks.clickhouse.readers.history`.

A record is known to day D if it came before the closing offset of D and is of D or earlier. A recorded correction lets
records before its offset count on their own days, however late they came.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from schemas.agents import SOURCES
from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.people import PeopleReader
from sinks.clickhouse.readers.rows import COUNTED, SOMEBODY, day_of
from sinks.clickhouse.store import quote

#: A day that no record is of: what no closed day knows.
FAR = 2**31 - 1
_HOUR_MS = 3_600_000
#: Somebody known by name is another member: so it has been all along.
ALIAS = "role = 'alias' AND startsWith(member_id, 'name:')"
#: Of every topic the tables of its records and facts, and of which facts only matters when they came.
_RECORDS = {
    CHAT.name: ("events", "facts", ALIAS), PRODUCT.name: ("product_events", "product_facts", "0"),
    LINKS.name: ("link_events", "link_events", "0"),
}  # fmt: skip
_PRODUCT_OWN = "type NOT IN ('contact', 'refund', 'tick')"


@dataclass(frozen=True)
class Stretch:
    """Days from `first` to `last`; `fresh`: nothing before them is in memory yet."""

    first: int
    last: int
    fresh: bool


@dataclass(frozen=True)
class Cuts:
    """What closes days: the sources' topics and epochs, and up to which offset late records count on their own days."""

    topics: dict[str, str] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    corrected: dict[tuple[str, int], int] = field(default_factory=dict)
    #: Time zone and lateness, milliseconds, of each source's days.
    settings: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def days(self) -> tuple[str, int] | None:
        """Time zone and lateness of the deployment's days: chat's, else another source's; None: there is no source."""
        return next((self.settings[one.contract] for one in SOURCES if one.contract in self.settings), None)

    def at(self, closings: pa.Table, days: Stretch) -> dict[int, list[tuple[str, int, int]]]:
        """Of every day, `topic`, `partition` and the offset of its cut, of `HistoryReader.offsets`."""
        found: dict[int, dict[tuple[str, int], int]] = {day: {} for day in range(days.first, days.last + 1)}
        for row in closings.to_pylist():
            for day in range(max(row["first_day"], days.first), min(row["until_day"], days.last + 1)):
                found[day][row["topic"], row["partition"]] = row["next_offset"]
        contracts = {topic: contract for contract, topic in self.topics.items()}
        return {
            day: [
                (topic, partition, max(offset, self.corrected.get((contracts[topic], partition), 0)))
                for (topic, partition), offset in sorted(offsets.items())
            ]
            for day, offsets in found.items()
        }


class Known:
    """Statements for rows and the first day that knows them, in one history."""

    def __init__(self, reader: PeopleReader, cuts: Cuts) -> None:
        self.store, self.d, self.cuts = reader.store, reader.store.address.database, cuts
        self.zone, self.product_zone = reader.zones

    def late(self) -> list[tuple[str, int, int, int]]:
        """Partitions with records that only count on their days since a correction: contract topic and number, how many
        records, and a sum that tells them apart."""
        found = []
        for contract, (raw, *_) in _RECORDS.items():
            if self._corrects(contract):
                rows = self._late(contract, raw, "1", "toUInt64(1) AS one", self._zone_of(contract))
                counts = self.store.native.execute(
                    "SELECT of_partition, sum(one), sum(cityHash64(of_offset)) "
                    f"FROM ({rows}) GROUP BY of_partition ORDER BY of_partition"
                )
                found += [(contract, int(partition), int(count), int(sums)) for partition, count, sums in counts]
        return found

    def first_changed(self, before: "Known") -> int:
        """The first day that knows more than it would with other corrections, which go less far; `FAR`: none does."""
        rows = [f"SELECT toInt32({FAR}) AS day"]
        for contract, (raw, facts, timeless) in _RECORDS.items():
            if self._corrects(contract):
                more = f"offset >= {before._corrected(contract)} AND offset < {self._corrected(contract)}"
                on = f"if({timeless}, 0, {day_of('ts_ms', self.zone)}) AS on_day"
                known = before.known(contract, f"{self.d}.{facts}", more, on, timeless)
                rows.append(f"SELECT toInt32(on_day) AS day FROM ({known}) WHERE on_day != known_day")
                late = self._late(contract, raw, more, "1 AS one", self._zone_of(contract))
                rows.append(f"SELECT toInt32(day) AS day FROM ({late})")
        ((day,),) = self.store.native.execute(f"SELECT min(day) FROM ({' UNION ALL '.join(rows)})")
        return int(day)

    def _zone_of(self, contract: str) -> str:
        return self.product_zone if contract == PRODUCT.name else self.zone

    def closings(self, contract: str) -> str:
        """Rows of a source's closings: `topic`, `partition`, `first_day` to `until_day` - 1, `next_offset`."""
        topic, epoch = self.cuts.topics[contract], self.cuts.epochs[contract]
        return (
            f"SELECT topic, partition, toInt32(first_day) AS first_day, toInt32(until_day) AS until_day, next_offset "
            f"FROM {self.d}.day_closings FINAL WHERE topic = {quote(topic)} AND bitShiftRight(version, 56) = {epoch}"
        )

    def _corrected(self, contract: str) -> str:
        """The offset of a row's partition before which late records count on their own days."""
        mine = {partition: offset for (of, partition), offset in self.cuts.corrected.items() if of == contract}
        if not mine:
            return "0"
        numbers = (f"[{', '.join(f'toUInt64({n})' for n in values)}]" for values in (mine, mine.values()))
        return f"transform(toUInt64(partition), {', '.join(numbers)}, toUInt64(0))"

    def known(self, contract: str, table: str, only: str, columns: str, timeless: str = "0") -> str:
        """Columns of these records, and `known_day`; `FAR` for what no closed day knows.

        timeless: of which records only when they came matters, not the time that they tell of.
        """
        if contract not in self.cuts.topics:
            return f"SELECT {columns}, ts_ms, toInt32(0) AS known_day FROM {table} WHERE 0"
        return (
            "SELECT records.* EXCEPT (of_topic, of_partition, of_offset, corrected), "
            f"multiIf(of_topic = '' OR of_offset < corrected, of_day, closes.next_offset = 0, toInt32({FAR}), "
            "greatest(of_day, closes.first_day)) AS known_day "
            f"FROM (SELECT {columns}, ts_ms, if({timeless}, 0, {day_of('ts_ms', self.zone)}) AS of_day, "
            "toString(topic) AS of_topic, partition AS of_partition, offset AS of_offset, "
            f"{self._corrected(contract)} AS corrected "
            f"FROM {table} WHERE {only}) AS records "
            f"ASOF LEFT JOIN (SELECT toString(topic) AS topic, partition, next_offset, first_day "
            f"FROM ({self.closings(contract)})) AS closes "
            "ON records.of_topic = closes.topic AND records.of_partition = closes.partition "
            "AND records.of_offset < closes.next_offset"
        )

    def facts(self, only: str, columns: str = "group_id") -> str:
        """Facts of chat under a condition: these columns, `ts_ms`, and `known_day`."""
        return self.known(CHAT.name, f"{self.d}.facts", only, columns, ALIAS)

    def _day_acts(self, contract: str, table: str, columns: str) -> str:
        if contract not in self.cuts.topics:
            return f"SELECT toInt32(0) AS day, {columns} FROM {self.d}.{table} WHERE 0"
        return (
            f"SELECT toInt32(day) AS day, {columns} FROM {self.d}.{table} FINAL "
            f"WHERE bitShiftRight(version, 56) = {self.cuts.epochs[contract]}"
        )

    def _late(self, contract: str, table: str, only: str, columns: str, zone: str) -> str:
        """Records that a correction counts: they came when their day was closed, or, in chat, their hour."""
        late = "late" if contract == CHAT.name else "0"
        return (
            f"SELECT of_day AS day, records.* EXCEPT (of_topic, of_day, was_late) FROM (SELECT {columns}, "
            f"{day_of('ts_ms', zone)} AS of_day, toString(topic) AS of_topic, partition AS of_partition, "
            f"offset AS of_offset, {late} AS was_late "
            f"FROM {self.d}.{table} WHERE topic = {quote(self.cuts.topics[contract])} "
            f"AND offset < {self._corrected(contract)} AND duplicate = 0 AND excluded = 0 AND {only}) AS records "
            "ASOF LEFT JOIN (SELECT toString(topic) AS topic, partition, next_offset, until_day "
            f"FROM ({self.closings(contract)})) AS closes ON records.of_topic = closes.topic "
            "AND records.of_partition = closes.partition AND records.of_offset >= closes.next_offset "
            "WHERE was_late OR of_day < closes.until_day"
        )

    def member_acts(self) -> str:
        """A row per member and `day` on which it was active: `messages`, whether it `spoke`, `reacted`, `read`."""
        own = self._day_acts(CHAT.name, "member_day_acts", "group_id, member_id, messages, spoke, reacted, read")
        if not self._corrects(CHAT.name):
            return own
        late = self._late(
            CHAT.name, "events", f"type IN ('message', 'reaction', 'read') AND removed = 0 AND {SOMEBODY}",
            "group_id, member_id, toUInt32(type = 'message') AS messages, toUInt8(type = 'message') AS spoke, "
            "toUInt8(type = 'reaction') AS reacted, "
            "toUInt8(type = 'read') AS read", self.zone,
        )  # fmt: skip
        return (
            "SELECT day, group_id, member_id, toUInt32(sum(did.messages)) AS messages, max(did.spoke) AS spoke, "
            "max(did.reacted) AS reacted, max(did.read) AS read "
            f"FROM ({own} UNION ALL SELECT day, group_id, member_id, messages, spoke, reacted, read FROM ({late})) "
            "AS did GROUP BY day, group_id, member_id"
        )

    def group_counts(self) -> str:
        """A row per group and `day` with what it counted."""
        names = ", ".join(COUNTED)
        own = self._day_acts(CHAT.name, "group_day_counts", f"group_id, {names}")
        if not self._corrects(CHAT.name):
            return own
        told = ", ".join(f"toUInt32({number}) AS {name}" for name, number in COUNTED.items())
        late = self._late(CHAT.name, "events", "type IN ('message', 'join', 'leave')", f"group_id, {told}", self.zone)
        sums = ", ".join(f"toUInt32(sum(did.{name})) AS {name}" for name in COUNTED)
        return (
            f"SELECT day, group_id, {sums} FROM ({own} UNION ALL SELECT day, group_id, {names} FROM ({late})) AS did "
            "GROUP BY day, group_id"
        )

    def _corrects(self, contract: str) -> bool:
        return any(of == contract for of, _ in self.cuts.corrected)

    def user_acts(self) -> str:
        """A row per user and `day` on which the user used the product."""
        rows = self._day_acts(PRODUCT.name, "user_day_acts", "user_id")
        if self._corrects(PRODUCT.name):
            late = self._late(PRODUCT.name, "product_events", _PRODUCT_OWN, "user_id", self.product_zone)
            rows = f"{rows} UNION ALL SELECT day, user_id FROM ({late})"
        return f"SELECT *, day AS known_day FROM ({rows})"

    def reference_acts(self) -> str:
        """A row per user, `kind` and `reference`, and `day` of an act that carried it."""
        columns = "user_id, toString(kind) AS kind, reference"
        rows = f"{self._day_acts(PRODUCT.name, 'reference_day_acts', columns)} AND kind != 'campaign'"
        if self._corrects(PRODUCT.name):
            given = ", ".join(f"('{kind}', toString({kind}_id))" for kind in ("group", "call", "link"))
            late = self._late(
                PRODUCT.name, "product_events", _PRODUCT_OWN,
                f"user_id, arrayJoin([{given}]) AS pair, pair.1 AS kind, pair.2 AS reference", self.product_zone,
            )  # fmt: skip
            rows += f" UNION ALL SELECT day, user_id, kind, reference FROM ({late}) WHERE reference != ''"
        return f"SELECT *, day AS known_day FROM ({rows})"


def cuts_of(reader: PeopleReader, marks: Marks) -> Cuts:
    """What closes days by now."""
    rows: Any = reader.store.native.execute(
        f"SELECT topic, partition, epoch, max(offset) FROM {reader.d}.corrections GROUP BY topic, partition, epoch"
    )
    of = {(topic, marks.epochs[contract]): contract for contract, topic in marks.topics.items()}
    corrected = {
        (of[topic, epoch], partition): offset for topic, partition, epoch, offset in rows if (topic, epoch) in of
    }
    settings = {}
    for contract in marks.topics:
        epoch = reader.store.epoch(contract)
        assert epoch is not None, "a topic with heads has an epoch"
        found = json.loads(epoch.settings)
        settings[contract] = found["time_zone"], found["lateness_h"] * _HOUR_MS
    return Cuts(dict(marks.topics), dict(marks.epochs), corrected, settings)
