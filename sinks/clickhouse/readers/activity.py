"""What is read beside memberships about groups' activity: their hours and days, and messages of closed days."""

import pyarrow as pa

from schemas.topics import CHAT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.rows import ACCOUNT, COUNTED, RowsReader

_SUMS = ", ".join(COUNTED)


class ActivityReader(RowsReader):
    """Reads what windows of up to 28 days need, and a little more: the clock may be ahead of a reading's `now`."""

    def panes(self, since: Marks) -> pa.Table:
        """Counts of hours and days in the windows, or after them; `number`: 2 · hour, or 2 · day + 1."""
        now_ms, today = self.moment
        oldest = f"if(daily = 1, {today - 29}, {now_ms // 3_600_000 - 25})"
        rows = self.newest("pane_states", CHAT.name, "epoch", "group_id, daily, bucket", since, f"bucket >= {oldest}")
        return self.store.read(
            f"SELECT toString(group_id) AS group_id, toInt32(2 * bucket + daily) AS number, {_SUMS} FROM ({rows})"
        )

    def spoken(self, since: Marks) -> pa.Table:
        """Messages of members on closed days of the last 28, or later ones."""
        key, lately = "group_id, day, member_id", f"day >= toDate({max(self.moment[1] - 28, 0)})"
        rows = self.newest("member_days", CHAT.name, "epoch", key, since, lately)
        return self.store.read(
            f"SELECT toString(group_id) AS group_id, {ACCOUNT} AS account_id, toInt32(day) AS day, messages "
            f"FROM ({rows})"
        )
