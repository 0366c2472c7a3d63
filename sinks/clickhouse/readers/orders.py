"""What is read of orders, referrals and contacts: all there is about an order or a user, and who named whom."""

import pyarrow as pa

from schemas.topics import PRODUCT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.news import typed
from sinks.clickhouse.readers.rows import RowsReader, day_of

_KINDS, _CONTACT = ("purchase", "refund"), ("contact",)


class OrdersReader(RowsReader):
    """Reads a database. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    def orders(self, since: Marks) -> pa.Table:
        """Everything about orders of which anything is new, by order, time and event id."""
        return self.store.read(
            "SELECT order_id, type = 'refund' AS back, refund_id, event_id, user_id, ts_ms, "
            f"{day_of('ts_ms', self.zones[0])} AS day, amount_minor, "
            "toString(currency) AS currency, items, toString(product_id) AS product_id, "
            "toString(group_id) AS group_id, toString(campaign_id) AS campaign_id, cost_minor "
            f"FROM {self.d}.product_facts "
            f"WHERE {typed(_KINDS)} AND {self.of_new_records('order_id', PRODUCT.name, _KINDS, since)} "
            "ORDER BY order_id, ts_ms, event_id"
        )

    def referrals(self, since: Marks) -> pa.Table:
        """Who named whom as referrer, and on which first day."""
        kinds = "type IN ('signup', 'trial') AND referrer_user_id != ''"
        rows = f"{self.d}.product_facts WHERE {kinds}"
        if PRODUCT.name in since.topics:
            rows = f"{self.d}.product_events WHERE {since.new_records(PRODUCT.name)} AND {kinds}"
        return self.store.read(
            f"SELECT user_id, referrer_user_id, {day_of('min(ts_ms)', self.zones[0])} AS day "
            f"FROM {rows} GROUP BY user_id, referrer_user_id"
        )

    def contacts(self, since: Marks) -> pa.Table:
        """All contacts with users of whom any is new, by user, group, time and event id."""
        return self.store.read(
            "SELECT user_id, toString(group_id) AS group_id, ts_ms, event_id, "
            f"{day_of('ts_ms', self.zones[0])} AS day, "
            "toString(operator_id) AS owner, toString(purpose) AS purpose, toString(depth) AS depth, "
            f"toString(outcome) AS outcome FROM {self.d}.product_facts FINAL "
            f"WHERE {typed(_CONTACT)} AND {self.of_new_records('user_id', PRODUCT.name, _CONTACT, since)} "
            "ORDER BY user_id, group_id, ts_ms, event_id"
        )
