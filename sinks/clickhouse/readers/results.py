"""What is read about results: touches (joins, clicks, sources of sign-ups, contacts), and what may be a conversion."""

import pyarrow as pa

from schemas.topics import PRODUCT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.rows import ACCOUNT, PLACE, SOMEBODY, RowsReader, day_of
from sinks.clickhouse.store import LONG, quote

#: Columns of touches, as every one of the readings has them. `who` and `other` are accounts or users.
_TOUCH = "ts_ms, event, who, other, campaign_id, channel, group_id, link_id, call_id, kind"
_INVITER = f"if(inviter_id = '', '', concat({PLACE}[1], ':', {PLACE}[2], ':', inviter_id))"
_WAYS = "campaign_id != '' OR channel != '' OR group_id != '' OR link_id != '' OR call_id != ''"
_TOUCHED = (
    f"((type = 'click' AND ({_WAYS} OR sharer_user_id != '')) OR "
    "(type = 'signup' AND (campaign_id != '' OR channel != '' OR referrer_user_id != '')) OR "
    "(type = 'contact' AND outcome = 'reached' AND group_id != ''))"
)
_NAMES = "toString(campaign_id) AS campaign_id, toString(channel) AS channel, toString(group_id) AS group_id, link_id"


class ResultsReader(RowsReader):
    """Reads a database. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    #: Types of events, and names of custom ones, that are conversions.
    goals: tuple[str, ...] = ()

    def joined(self, since: Marks) -> pa.Table:
        """Joins of members, as touches."""
        return self.store.read(
            f"SELECT ts_ms, CRC32(event_id) AS event, {ACCOUNT} AS who, {_INVITER} AS other, {_NAMES}, "
            f"'' AS call_id, 'join' AS kind FROM {self.facts(since)} type = 'join' AND {SOMEBODY}",
            LONG,
        )

    def touched(self, since: Marks) -> pa.Table:
        """Clicks, sources of sign-ups and contacts of users, as touches; a click on what somebody shared is theirs,
        too."""
        return self.store.read(
            f"SELECT {_TOUCH} FROM (SELECT ts_ms, CRC32(event_id) AS event, user_id, {_NAMES}, "
            "toString(call_id) AS call_id, sharer_user_id, arrayJoin(if(type = 'click' AND sharer_user_id != '', "
            "['click', 'shared'], [toString(type)])) AS kind, if(kind = 'shared', sharer_user_id, user_id) AS who, "
            "multiIf(kind = 'shared', user_id, kind = 'click', sharer_user_id, kind = 'signup', referrer_user_id, '') "
            f"AS other FROM {self.d}.product_events WHERE {since.new_records(PRODUCT.name)} "
            f"AND type IN ('click', 'signup', 'contact') AND {_TOUCHED})",
            LONG,
        )

    def claimed(self, since: Marks) -> pa.Table:
        """Sign-ups and trials that name a referrer, and codes that sign-ups were given."""
        return self.store.read(
            "SELECT ts_ms, CRC32(event_id) AS event, user_id, said.1 AS kind, said.2 AS referrer FROM ("
            "SELECT ts_ms, event_id, user_id, arrayJoin(arrayFilter(one -> one.2 != '', "
            "[(toString(type), referrer_user_id), ('code', referral_code)])) AS said "
            f"FROM {self.d}.product_events WHERE {since.new_records(PRODUCT.name)} "
            "AND type IN ('signup', 'trial') AND (referrer_user_id != '' OR referral_code != ''))",
            LONG,
        )

    def converted(self, since: Marks) -> pa.Table:
        """What users did that the rules name as a conversion, by type or a custom event's name; purchases are read as
        orders."""
        goals = ", ".join(quote(goal) for goal in self.goals if goal != "purchase") or quote("")
        return self.store.read(
            "SELECT if(type = 'custom', toString(name), toString(type)) AS goal, event_id, user_id, ts_ms, "
            f"{day_of('ts_ms', self.zones[0])} AS day FROM {self.d}.product_events "
            f"WHERE {since.new_records(PRODUCT.name)} AND if(type = 'custom', name, type) IN ({goals}) "
            "AND type != 'purchase'",
            LONG,
        )

    def prints(self, since: Marks) -> pa.Table:
        """Payments, devices and addresses (kind 0, 1, 2) that users bought with, by number, and when first."""
        told = "[(0, payment_fingerprint), (1, device_fingerprint), (2, ip_hash)]"
        return self.store.read(
            "SELECT user_id, told.1 AS kind, cityHash64(told.1, told.2) AS print, min(ts_ms) AS ts_ms "
            f"FROM {self.d}.product_events ARRAY JOIN {told} AS told "
            f"WHERE {since.new_records(PRODUCT.name)} AND type = 'purchase' AND told.2 != '' "
            "GROUP BY user_id, kind, print",
            LONG,
        )
