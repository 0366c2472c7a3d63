"""What is read about campaigns: what they cost, and when anything named them."""

import pyarrow as pa

from schemas.topics import COSTS, PRODUCT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.news import ACTS, CALLED, POST, typed
from sinks.clickhouse.readers.rows import RowsReader
from sinks.clickhouse.store import LONG

_NAMED = "toString(campaign_id) AS campaign_id, min(ts_ms) AS first_ms, max(ts_ms) AS last_ms"


class CampaignsReader(RowsReader):
    """Reads a database. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    def costs(self, since: Marks) -> pa.Table:
        """Records of costs, repeated ones as often as they came: hash of the event's id, and place."""
        return self.store.read(
            "SELECT event_hash, partition, offset, ts_ms, campaign_id, toString(kind) AS kind, amount_minor, "
            "toString(currency) AS currency, toString(channel) AS channel, toString(group_id) AS group_id, "
            f"toString(operator_id) AS operator_id FROM {self.d}.cost_events "
            f"WHERE {since.new_records(COSTS.name)}"
        )

    def named_in_chat(self, since: Marks) -> pa.Table:
        """Campaigns that joins, calls and posts named, and between when."""
        named = f"(type = 'join' OR {CALLED} OR (type = 'message' AND {POST}))"
        return self.store.read(
            f"SELECT {_NAMED} FROM {self.facts(since)} {named} AND campaign_id != '' GROUP BY campaign_id"
        )

    def named_in_product(self, since: Marks) -> pa.Table:
        """Campaigns that users' acts named, and between when.

        A key's older rows say nothing that its newest does not.
        """
        return self.store.read(
            "SELECT reference AS campaign_id, min(rows.first_ms) AS first_ms, max(rows.last_ms) AS last_ms "
            f"FROM {self.d}.user_reference_states AS rows WHERE kind = 'campaign' "
            f"AND {self.in_use(PRODUCT.name, 'product_epoch', since)} GROUP BY campaign_id"
        )

    def did_for_campaigns(self, since: Marks) -> pa.Table:
        """Acts in the product that name a campaign: whose and of which kind, and of shares the event by number."""
        return self.store.read(
            "SELECT toString(campaign_id) AS campaign_id, user_id, toString(type) AS kind, "
            "if(type = 'share', cityHash64(event_id), 0) AS event "
            f"FROM {self.d}.product_events WHERE {since.new_records(PRODUCT.name)} "
            f"AND {typed(ACTS)} AND campaign_id != '' GROUP BY campaign_id, user_id, kind, event",
            LONG,
        )
