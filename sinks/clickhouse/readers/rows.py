"""The newest row of each key, in the epoch in use: all, or those that are newer than marks."""

from schemas.topics import CHAT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.store import ClickHouseStore, quote

#: Platform, workspace and own id of a group.
PLACE = "splitByChar(':', toString(group_id))"
#: A member, and not the group itself, which may speak under its own native id.
SOMEBODY = f"member_id NOT IN ('', arrayStringConcat(arraySlice({PLACE}, 3), ':'))"
#: The account of a member, as the views have it.
ACCOUNT = f"concat({PLACE}[1], ':', {PLACE}[2], ':', member_id)"
#: The group and the account of a member, as columns.
MEMBER = f"toString(group_id) AS group_id, {ACCOUNT} AS account_id"


class RowsReader:
    """Reads rows of state. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    def __init__(self, store: ClickHouseStore) -> None:
        self.store, self.d = store, store.address.database
        #: Time zones of the numbers of chat and of the product.
        self.zones = store.time_zones("UTC")

    def newest(self, table: str, contract: str, epoch: str, key: str, since: Marks, only: str = "1") -> str:
        """The statement that selects them; `only`: a condition that all rows of a key meet, or none."""
        newer = since.newer(contract, "version", since.versions, ">")
        return (
            f"SELECT * FROM {self.d}.{table} "
            f"WHERE bitShiftRight(version, 56) = (SELECT epoch FROM {self.d}.{epoch}) AND {newer} AND {only} "
            f"ORDER BY {key}, version DESC LIMIT 1 BY {key}"
        )

    def facts(self, since: Marks) -> str:
        """Table and conditions of facts: all, or those of records since."""
        if CHAT.name not in since.topics:
            return f"{self.d}.facts WHERE"
        return self.records(since)

    def records(self, since: Marks) -> str:
        """Table and conditions of records of chat that count: all, or those since."""
        new = since.new_records(CHAT.name) if CHAT.name in since.topics else "duplicate = 0 AND excluded = 0"
        return f"{self.d}.events WHERE {new} AND"

    def of_new_records(self, key: str, contract: str, records: str, kinds: str, since: Marks) -> str:
        """The condition that a fact has the key of a new record of these kinds, of those in a table."""
        if contract not in since.topics:
            return "1"
        new = f"SELECT DISTINCT {key} FROM {self.d}.{records} WHERE {since.new_records(contract)} AND {kinds}"
        # without any, the facts need not be looked through
        return f"({key}) IN ({new})" if self.store.native.execute(f"{new} LIMIT 1") else "0"


def day_of(ms: str, zone: str) -> str:
    """The number of the local day of a time."""
    return f"toInt32(toDate(fromUnixTimestamp64Milli({ms}, {quote(zone)})))"
