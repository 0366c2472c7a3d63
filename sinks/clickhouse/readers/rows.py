"""The newest row of each key, in the epoch in use: all, or those that are newer than marks."""

from schemas.topics import CHAT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.news import News
from sinks.clickhouse.store import ClickHouseStore, quote

#: Platform, workspace and own id of a group.
PLACE = "splitByChar(':', toString(group_id))"
#: A member, and not the group itself, which may speak under its own native id.
SOMEBODY = f"member_id NOT IN ('', arrayStringConcat(arraySlice({PLACE}, 3), ':'))"
#: The account of a member, as the views have it.
ACCOUNT = f"concat({PLACE}[1], ':', {PLACE}[2], ':', member_id)"
#: The group and the account of a member, as columns.
MEMBER = f"toString(group_id) AS group_id, {ACCOUNT} AS account_id"
#: What hours and days of groups count, and the number of it that an event of `events` tells of.
COUNTED = {
    "messages": "type = 'message'",
    "joins": "type = 'join'",
    "leaves": "type = 'leave'",
    "replies": "type = 'message' AND (reply_to_message_id != '' OR reply_to_member_id != '')",
    "questions": "type = 'message' AND question",
    "mentions": "if(type = 'message', length(events.mentions), 0)",
    "links": "type = 'message' AND link_count > 0",
}


class RowsReader(News):
    """Reads rows of state. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    def __init__(self, store: ClickHouseStore) -> None:
        super().__init__(store)
        #: What windows are read for: time, milliseconds, and its day.
        self.moment = 0, 0
        #: Time zones of the numbers of chat and of the product.
        self.zones = store.time_zones("UTC")

    def group_times(self) -> list[int]:
        """The time of every group, milliseconds."""
        return [ms for (ms,) in self.store.native.execute(f"SELECT max_ms FROM {self.d}.group_clocks")]

    def newest(self, table: str, contract: str, epoch: str, key: str, since: Marks, only: str = "1") -> str:
        """The statement that selects them; `only`: a condition that all rows of a key meet, or none."""
        return (
            f"SELECT * FROM {self.d}.{table} WHERE {self.in_use(contract, epoch, since)} AND {only} "
            f"ORDER BY {key}, version DESC LIMIT 1 BY {key}"
        )

    def in_use(self, contract: str, epoch: str, since: Marks) -> str:
        """The condition that rows of state are of the epoch in use, and newer than marks."""
        number = since.epochs.get(contract, f"(SELECT epoch FROM {self.d}.{epoch})")
        return f"bitShiftRight(version, 56) = {number} AND {since.newer(contract, 'version', since.versions, '>')}"

    def facts(self, since: Marks) -> str:
        """Table and conditions of facts: all, or those of records since."""
        if CHAT.name not in since.topics:
            return f"{self.d}.facts WHERE"
        return self.records(since)

    def records(self, since: Marks) -> str:
        """Table and conditions of records of chat that count: all, or those since."""
        return f"{self.d}.events WHERE {since.new_records(CHAT.name)} AND"


def day_of(ms: str, zone: str) -> str:
    """The number of the local day of a time."""
    return f"toInt32(toDate(fromUnixTimestamp64Milli({ms}, {quote(zone)})))"
