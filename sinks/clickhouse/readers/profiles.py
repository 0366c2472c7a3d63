"""What is read about who members are: the newest that profiles and nicknames say."""

import pyarrow as pa

from schemas.topics import CHAT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.news import typed
from sinks.clickhouse.readers.rows import ACCOUNT, RowsReader

_PROFILE = ("profile",), "attributes NOT IN ('', '{}')"
_NAMED = ("roster", "profile"), "nickname != ''"


class ProfilesReader(RowsReader):
    """Reads everything about members of whom anything is new."""

    def profiles(self, since: Marks) -> pa.Table:
        """Each attribute's newest value by profiles, and its time; empty: taken back."""
        facts = self._about(*_PROFILE, since)
        return self.store.read(
            f"SELECT toString(group_id) AS group_id, {ACCOUNT} AS account_id, pair.1 AS attribute, "
            "argMax(pair.2, (ts_ms, event_id)) AS value, max(ts_ms) AS newest_ms "
            f"FROM ({facts}) ARRAY JOIN JSONExtractKeysAndValues(attributes, 'String') AS pair "
            "GROUP BY group_id, member_id, attribute"
        )

    def nicknames(self, since: Marks) -> pa.Table:
        """The newest nickname of each member, and its time."""
        return self.store.read(
            f"SELECT toString(group_id) AS group_id, {ACCOUNT} AS account_id, "
            "argMax(nickname, (ts_ms, event_id, toString(type))) AS called, max(ts_ms) AS newest_ms "
            f"FROM ({self._about(*_NAMED, since)}) GROUP BY group_id, member_id"
        )

    def _about(self, kinds: tuple[str, ...], only: str, since: Marks) -> str:
        """All facts of these kinds, of which something holds, about members of whom there is a new one."""
        new = self.of_new_records("group_id, member_id", CHAT.name, kinds, since, only)
        return (
            f"SELECT group_id, member_id, type, attributes, nickname, ts_ms, event_id FROM {self.d}.facts FINAL "
            f"WHERE {typed(kinds)} AND {only} AND {new}"
        )
