"""What is read of orders, referrals and contacts: all there is about an order or a user, and who named whom."""

import pyarrow as pa

from schemas.topics import PRODUCT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.rows import day_of
from sinks.clickhouse.store import ClickHouseStore, quote

_KINDS, _CONTACT = "type IN ('purchase', 'refund')", "type = 'contact'"


class OrdersReader:
    """Reads a database. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    store: ClickHouseStore
    d: str
    zones: tuple[str, str]

    def orders(self, since: Marks) -> pa.Table:
        """Everything about orders of which anything is new, by order, time and event id."""
        return self.store.read(
            "SELECT order_id, type = 'refund' AS back, refund_id, event_id, user_id, ts_ms, "
            f"{day_of('ts_ms', self.zones[0])} AS day, amount_minor, "
            "toString(currency) AS currency, items, toString(product_id) AS product_id, "
            "toString(group_id) AS group_id, toString(campaign_id) AS campaign_id, cost_minor "
            f"FROM {self.d}.product_facts WHERE {_KINDS} AND {self._of_new_records('order_id', _KINDS, since)} "
            "ORDER BY order_id, ts_ms, event_id"
        )

    def referrals(self, since: Marks) -> pa.Table:
        """Who named whom as referrer, and on which first day."""
        topic, kinds = since.topics.get(PRODUCT.name), "type IN ('signup', 'trial') AND referrer_user_id != ''"
        rows = f"{self.d}.product_facts WHERE {kinds}"
        if topic is not None:
            rows = f"{self.d}.product_events WHERE {_new_records(topic, since)} AND {kinds}"
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
            f"WHERE {_CONTACT} AND {self._of_new_records('user_id', _CONTACT, since)} "
            "ORDER BY user_id, group_id, ts_ms, event_id"
        )

    def _of_new_records(self, key: str, kinds: str, since: Marks) -> str:
        """The condition that a fact has the key of a new product record of these kinds."""
        topic = since.topics.get(PRODUCT.name)
        if topic is None:
            return "1"
        new = f"SELECT {key} FROM {self.d}.product_events WHERE {_new_records(topic, since)} AND {kinds}"
        # without any, the facts need not be looked through
        return f"{key} IN ({new})" if self.store.native.execute(f"{new} LIMIT 1") else "0"


def _new_records(topic: str, since: Marks) -> str:
    """The condition that a landed product record is new and counts."""
    least = min(offset for (contract, _), offset in since.offsets.items() if contract == PRODUCT.name)
    newer = since.newer(PRODUCT.name, "offset", since.offsets, ">=")
    return f"topic = {quote(topic)} AND offset >= {least} AND {newer} AND duplicate = 0 AND excluded = 0"
