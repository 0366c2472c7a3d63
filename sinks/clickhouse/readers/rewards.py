"""What is read about rewards: all records of plans and decisions, and what was posted before this worker's term."""

import pyarrow as pa

from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.rows import RowsReader

_TEXTS = (
    "type", "referrer_user_id", "plan_id", "goal", "currency", "referral_code", "adjustment_id", "referred_user_id",
    "order_id", "new_referrer_user_id", "case_id", "decision", "payout_id", "status", "actor_id", "reason",
)  # fmt: skip
_NUMBERS = (
    "ts_ms", "valid_from_ms", "valid_to_ms", "share_bp", "fixed_minor", "first_order_only", "minimum_minor",
    "cap_order_minor", "cap_person_minor", "cap_month_minor", "hold_days", "earn_days", "amount_minor",
    "period_end_ms",
)  # fmt: skip


class RewardsReader(RowsReader):
    """Reads a database. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    def rewards(self, since: Marks) -> pa.Table:
        """All records, each event once, in the order of their partitions: they are few, and most decide about others.
        Numbers that are not there are null."""
        texts = ", ".join(f"toString({name}) AS {name}" for name in _TEXTS)
        numbers = ", ".join(f"CAST({name} AS Nullable(Int64)) AS {name}" for name in _NUMBERS)
        return self.store.read(
            f"SELECT {texts}, {numbers}, who, product_ids, toInt64(partition) AS partition, toInt64(offset) AS offset "
            f"FROM {self.d}.reward_events FINAL WHERE excluded = 0 AND type != 'tick' "
            "ORDER BY partition, offset LIMIT 1 BY event_id"
        )

    def entries(self, since: Marks) -> pa.Table:
        """Entries of the ledger that count, once: a worker knows those of its own term."""
        return self._own("people_ledger", since)

    def payout_states(self, since: Marks) -> pa.Table:
        """What became of payouts by the entries that count, once."""
        return self._own("people_payouts", since)

    def posted_days(self, since: Marks) -> pa.Table:
        """The newest day that is posted, once."""
        return self._own("people_posted", since)

    def _own(self, table: str, since: Marks) -> pa.Table:
        only = "0" if since.topics else "1"
        return self.store.read(
            f"SELECT * EXCEPT (topic, partition, version, gone) FROM {self.d}.{table}_now WHERE {only}"
        )
