"""What is read beside memberships about how long members stay: what brought them, when they were away, their days.

Days are numbers since 1970-01-01. Closed days alone count, as the agents of chat and product closed them.
"""

from collections.abc import Sequence

import pyarrow as pa

from schemas.topics import CHAT, PRODUCT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.news import typed
from sinks.clickhouse.readers.rows import ACCOUNT, MEMBER, RowsReader, day_of
from sinks.clickhouse.store import LONG, quote

#: An absence without an end; another that only says that a member was read.
FOR_EVER, NONE = 1_000_000, 2


class RetentionReader(RowsReader):
    """Reads a database. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    _rosters = False

    def brought(self, since: Marks) -> pa.Table:
        """Of members of whose joins anything is new: when the first join was, and what campaign and channel it names;
        of several at the same time, the first by name."""
        newest = "argMin(toString({0}), (ts_ms, {0} = '', toString({0}))) AS {0}"
        return self.store.read(
            f"SELECT {MEMBER}, min(ts_ms) AS at_ms, {newest.format('campaign_id')}, {newest.format('channel')} "
            f"FROM (SELECT group_id, member_id, ts_ms, campaign_id AS campaign_id, channel AS channel "
            f"FROM {self.d}.facts WHERE type = 'join' AND {self._of_new(('join', 'roster'), since, _JOINED)}) "
            "GROUP BY group_id, member_id"
        )

    def whole_rosters(self, since: Marks) -> pa.Table:
        """When the complete rosters of groups began of whose rosters anything is new; a group without any has a row
        with −1."""
        of = self._of_new_rosters(since)
        return self.store.read(
            "SELECT group_id, arrayJoin(if(empty(starts), [toInt64(-1)], starts)) AS start_ms, "
            f"{self._day('start_ms')} AS day FROM (SELECT toString(group_id) AS group_id, groupArrayIf(start, whole) "
            "AS starts FROM (SELECT group_id, snapshot_id, min(ts_ms) AS start, "
            "max(type = 'roster_end' AND complete) AS whole "
            f"FROM {self.d}.facts WHERE {typed(_LISTED)} AND {of} GROUP BY group_id, snapshot_id) "
            "GROUP BY group_id)"
        )

    def absences(self, since: Marks) -> pa.Table:
        """When members were away of whom, or of whose group's rosters, anything is new: from a leave, or from the first
        complete roster that does not name them (`missed`), until they came again. Whoever was not has a row, too, with
        `missed` = 2, unless all are read."""
        of = f"({self._of_new(_MOVED, since)} OR {self._of_new_rosters(since)})"
        told = f"SELECT group_id, member_id, ts_ms, type FROM {self.d}.facts WHERE {typed(_MOVED)} AND {of}"
        parts = [f"SELECT group_id, member_id, ts_ms AS from_ms, came_ms, 0 AS missed FROM ({self._left(told)})"]
        if self._any_rosters(since):
            parts.append(self._missed(told, of))
        if CHAT.name in since.topics:
            parts.append(
                "SELECT DISTINCT group_id, member_id, toInt64(0) AS from_ms, toInt64(1) AS came_ms, "
                f"{NONE} AS missed FROM ({told})"
            )
        return self.store.read(
            f"SELECT {MEMBER}, from_ms, {self._day('from_ms')} AS first_day, "
            f"if(came_ms = 0, {FOR_EVER}, {self._day('came_ms')}) AS until_day, toUInt8(missed) AS missed "
            f"FROM ({' UNION ALL '.join(parts)}) WHERE first_day < until_day OR missed != 1"
        )

    def _left(self, told: str) -> str:
        """Leaves of members, and when they next came; 0: never."""
        return f"""
            SELECT group_id, member_id, ts_ms, came_ms FROM (
                SELECT group_id, member_id, ts_ms, type, minIf(ts_ms, type != 'leave') OVER (
                    PARTITION BY group_id, member_id
                    ORDER BY ts_ms DESC RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS came_ms
                FROM {self.d}.facts WHERE {typed(_MOVED)}
                AND (group_id, member_id) IN (SELECT group_id, member_id FROM ({told}) WHERE type = 'leave')
            ) WHERE type = 'leave'
        """

    def _missed(self, told: str, of: str) -> str:
        """When members were missing from a complete roster, between two facts that named them, or after the last."""
        facts = f"{self.d}.facts"
        return f"""
            WITH
                rosters AS (
                    SELECT group_id, min(ts_ms) AS start_ms FROM {facts}
                    WHERE {typed(_LISTED)} AND group_id IN (SELECT group_id FROM {facts} WHERE {of})
                    GROUP BY group_id, snapshot_id HAVING max(type = 'roster_end' AND complete)
                ),
                named AS (
                    SELECT DISTINCT group_id, member_id, ts_ms FROM ({told})
                    WHERE type != 'leave' AND group_id IN (SELECT group_id FROM rosters)
                ),
                gaps AS (
                    SELECT group_id, member_id, ts_ms, leadInFrame(ts_ms) OVER (
                        PARTITION BY group_id, member_id ORDER BY ts_ms ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
                    ) AS came_ms
                    FROM (SELECT * FROM named UNION ALL SELECT DISTINCT group_id, member_id, toInt64(-1) FROM named)
                )
            SELECT gaps.group_id AS group_id, gaps.member_id AS member_id, start_ms AS from_ms, came_ms, 1 AS missed
            FROM gaps ASOF INNER JOIN rosters
            ON gaps.group_id = rosters.group_id AND rosters.start_ms > gaps.ts_ms
            WHERE came_ms = 0 OR start_ms < came_ms
        """

    def _any_rosters(self, since: Marks) -> bool:
        """Whether any roster is complete: most deployments have none, and looking for the missing takes long."""
        if not self._rosters and (CHAT.name not in since.topics or self.any_of(("roster_end",), CHAT.name, since)):
            whole = f"SELECT 1 FROM {self.d}.facts WHERE type = 'roster_end' AND complete LIMIT 1"
            self._rosters = bool(self.store.native.execute(whole))
        return self._rosters

    # --- closed days

    def talked(self, since: Marks) -> pa.Table:
        """On which days members spoke, as far as it is new."""
        return self._talked(since, "1")

    def talked_of(self, groups: Sequence[str], accounts: Sequence[str]) -> pa.Table:
        """On which days all these accounts spoke in these groups."""
        return self._talked(Marks(), _only(groups, accounts))

    def _talked(self, since: Marks, only: str) -> pa.Table:
        rows = self.newest("member_days", CHAT.name, "epoch", "group_id, day, member_id", since, only)
        return self.store.read(
            f"SELECT {MEMBER}, groupArray(toUInt16(day)) AS days FROM ({rows}) WHERE messages > 0 "
            "GROUP BY group_id, member_id", LONG,
        )  # fmt: skip

    def lived(self, since: Marks) -> pa.Table:
        """On which days members spoke, reacted or read, as far as it is new."""
        return self._lived(since, "1")

    def lived_of(self, groups: Sequence[str], accounts: Sequence[str]) -> pa.Table:
        """On which days all these accounts did so in these groups."""
        return self._lived(Marks(), _only(groups, accounts))

    def _lived(self, since: Marks, only: str) -> pa.Table:
        key = "topic, partition, day, group_id, member_id"
        rows = self.newest("member_day_acts", CHAT.name, "epoch", key, since, only)
        return self.store.read(
            f"SELECT {MEMBER}, groupArray(toUInt16(day)) AS days FROM ({rows}) WHERE spoke OR reacted OR read "
            "GROUP BY group_id, member_id", LONG,
        )  # fmt: skip

    def used(self, since: Marks) -> pa.Table:
        """On which days users did something in the product, as far as it is new."""
        return self._used(since, "1")

    def used_of(self, users: Sequence[str]) -> pa.Table:
        """On which days these users did something in the product."""
        return self._used(Marks(), f"user_id IN ({_list(users)})")

    def _used(self, since: Marks, only: str) -> pa.Table:
        key = "topic, partition, day, user_id"
        rows = self.newest("user_day_acts", PRODUCT.name, "product_epoch", key, since, only)
        return self.store.read(
            f"SELECT user_id, groupArray(toUInt16(day)) AS days FROM ({rows}) WHERE used GROUP BY user_id", LONG
        )

    # --- what is new

    def _of_new(self, kinds: tuple[str, ...], since: Marks, only: str = "1") -> str:
        """The condition that a fact is about a member of whom there is a new one of these kinds."""
        return self.of_new_records("group_id, member_id", CHAT.name, kinds, since, only)

    def _of_new_rosters(self, since: Marks) -> str:
        """The condition that a fact is of a group of whose rosters there is a new one."""
        return self.of_new_records("group_id", CHAT.name, _LISTED, since)

    def _day(self, ms: str) -> str:
        return day_of(f"toInt64({ms})", self.zones[0])


_JOINED = "(type = 'join' OR joined_at_ms > 0)"
_MOVED, _LISTED = ("join", "leave", "roster"), ("roster", "roster_end")


def _list(texts: Sequence[str]) -> str:
    return ", ".join(map(quote, texts)) or quote("")


def _only(groups: Sequence[str], accounts: Sequence[str]) -> str:
    """The condition that a row is of one of these accounts in one of these groups."""
    return f"group_id IN ({_list(groups)}) AND {ACCOUNT} IN ({_list(accounts)})"
