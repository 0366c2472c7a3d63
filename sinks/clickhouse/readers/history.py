"""What closed days are worked out from, for one stretch of days after the other.

What is known to the days up to the one before a stretch comes as of that day, in one row.
"""

from dataclasses import replace

import pyarrow as pa

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.readers.cuts import ALIAS, FAR, Known, Stretch, cuts_of
from sinks.clickhouse.readers.marks import marks
from sinks.clickhouse.readers.news import CALLED
from sinks.clickhouse.readers.people import ABOUT, LINK, LINKED, SAID, PeopleReader
from sinks.clickhouse.readers.rows import COUNTED, MEMBER, SOMEBODY, day_of
from sinks.clickhouse.store import ClickHouseStore
from sinks.clickhouse.templates import WINDOW


class HistoryReader(Known):
    """Reads for one history. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    #: What is read for a stretch of days.
    reads = (
        "acts",
        "counted",
        "said",
        "used",
        "referred",
        "links",
        "rosters",
        "groups",
        "ways",
        "orders",
        "signed_up",
    )

    def offsets(self) -> pa.Table:
        """Closing offsets: `topic`, `partition`, the days `first_day` to `until_day` - 1, and `next_offset`."""
        rows = " UNION ALL ".join(self.closings(contract) for contract in self.cuts.topics)
        return self.store.read(f"SELECT * FROM ({rows}) ORDER BY topic, partition, until_day")

    def first_day(self) -> int | None:
        """The first day that knows anything of a member or a group; without chat, of a user or an account."""
        if CHAT.name in self.cuts.topics:
            knowing = [self.facts(f"NOT ({ALIAS})"), f"SELECT day AS known_day FROM ({self.member_acts()})"]
        else:
            knowing = [self.user_acts(), self._links()]
        first = [f"SELECT if(count() > 0, min(known_day), {FAR}) AS day FROM ({rows})" for rows in knowing]
        ((day,),) = self.store.native.execute(f"SELECT min(day) FROM ({' UNION ALL '.join(first)})")
        return None if day == FAR else int(day)

    def acts(self, days: Stretch) -> pa.Table:
        """Active days of members; those before the first day are `habits`."""
        return self.store.read(
            f"SELECT {MEMBER}, day AS at, messages, spoke, reacted, read FROM ({self.member_acts()}) "
            f"WHERE day BETWEEN {days.first} AND {days.last} ORDER BY at"
        )

    def spoken(self, days: Stretch) -> pa.Table:
        """On which of these days members spoke, and how many `messages` they wrote: a list each."""
        return self.store.read(
            f"SELECT {MEMBER}, groupArray(day) AS days, groupArray(messages) AS messages FROM ({self.member_acts()}) "
            f"WHERE day BETWEEN {days.first} AND {days.last} AND spoke GROUP BY group_id, member_id"
        )

    def counted(self, days: Stretch) -> pa.Table:
        """What groups counted on these days; the first of all knows those before, of which a window tells."""
        first = days.first - WINDOW + 1 if days.fresh else days.first
        return self.store.read(
            f"SELECT toString(group_id) AS group_id, day, greatest(day, toInt32({days.first})) AS at, "
            f"{', '.join(COUNTED)} FROM ({self.group_counts()}) WHERE day BETWEEN {first} AND {days.last} ORDER BY at"
        )

    def habits(self, last: int) -> pa.Table:
        """What members' active days up to one amount to: masks whose bit 0 is that day, newest days, and counts."""
        ago, low, high = f"({last} - day)", "ago BETWEEN 0 AND 63", "ago BETWEEN 64 AND 127"
        none = "-1000000"
        newest = ", ".join(f"maxOrDefaultIf(day, {what}) AS {what}_at" for what in ("spoke", "reacted", "read"))
        return self.store.read(
            f"SELECT {MEMBER}, groupBitOr(if({low}, bitShiftLeft(toUInt64(1), toUInt8(ago)), 0)) AS low, "
            f"groupBitOr(if({high}, bitShiftLeft(toUInt64(1), toUInt8(ago - 64)), 0)) AS high, "
            f"if(min(day) < {last} - 127, {last} - maxIf(day, ago > 127), -1) AS left, toInt32(count()) AS ever, "
            f"min(day) AS first_day, {newest}, if(spoke_at = 0, {none}, spoke_at) AS spoke_day, "
            f"if(reacted_at = 0, {none}, reacted_at) AS reacted_day, if(read_at = 0, {none}, read_at) AS read_day "
            f"FROM (SELECT *, {ago} AS ago FROM ({self.member_acts()}) WHERE day <= {last}) "
            "GROUP BY group_id, member_id"
        )

    def said(self, days: Stretch) -> pa.Table:
        """What was said of members: newest join or roster row, leave and role, first word and first join."""
        never = 2**62
        joined = f"multiIf(type = 'join', ts_ms, type = 'roster' AND joined_at_ms > 0, joined_at_ms, {never})"
        facts = self.facts(f"type IN {ABOUT} AND {SOMEBODY}", f"group_id, member_id, {SAID}, {joined} AS joined")
        return self.store.read(
            f"SELECT {MEMBER}, at, max(came) AS came_ms, max(went) AS went_ms, max(role_said) AS named, "
            f"min(ts_ms) AS first_ms, {day_of('first_ms', self.zone)} AS first_day, min(joined) AS join_ms, "
            f"if(join_ms < {never}, {day_of('join_ms', self.zone)}, -1000000) AS joined_day, "
            "toUInt8(startsWith(member_id, 'name:')) AS by_name "
            f"FROM ({_as_of(facts, days)}) GROUP BY at, group_id, member_id ORDER BY at"
        )

    def used(self, days: Stretch) -> pa.Table:
        """The newest `day` on which users used the product, and the first one."""
        return self.store.read(
            "SELECT at, user_id, max(acts.day) AS day, min(acts.day) AS first_day "
            f"FROM ({_as_of(self.user_acts(), days)}) AS acts GROUP BY at, user_id ORDER BY at"
        )

    def referred(self, days: Stretch) -> pa.Table:
        """The newest `day` of acts with the id of a group, or by a `way`: one of a group's calls, or a link that was
        posted."""
        return self.store.read(
            "SELECT at, user_id, if(kind = 'group', reference, '') AS group_id, "
            "if(kind = 'group', '', concat(kind, ':', reference)) AS way, max(day) AS day "
            f"FROM ({_as_of(self.reference_acts(), days)}) GROUP BY at, user_id, kind, reference ORDER BY at"
        )

    def links(self, days: Stretch) -> pa.Table:
        """All that is known of every account about which a day knows something new: its records, `at` the day that
        first knows them, or the first day."""
        known = self._links()
        told = f"(SELECT account_id FROM ({known}) WHERE known_day BETWEEN {days.first} AND {days.last})"
        return self.store.read(
            f"SELECT {LINK}, greatest(known_day, toInt32({days.first})) AS at FROM ({known}) "
            f"WHERE known_day <= {days.last}{'' if days.fresh else f' AND account_id IN {told}'}"
        )

    def rosters(self, days: Stretch) -> pa.Table:
        """First and last moment of rosters, and whether one of their rows says that the roster is complete."""
        facts = self.facts("type IN ('roster', 'roster_end')", "group_id, type, complete, snapshot_id")
        return self.store.read(
            "SELECT at, toString(group_id) AS group_id, snapshot_id, min(ts_ms) AS start_ms, "
            "max(ts_ms) AS newest_ms, max(type = 'roster_end' AND complete) AS whole "
            f"FROM ({_as_of(facts, days)}) GROUP BY at, group_id, snapshot_id ORDER BY at"
        )

    def groups(self, days: Stretch) -> pa.Table:
        """Groups about which something is said, and how many members the platform counts (-1: it does not say)."""
        facts = self.facts("type IN ('group', 'roster', 'roster_end', 'call')", "group_id, member_count")
        return self.store.read(
            "SELECT at, toString(group_id) AS group_id, maxIf(ts_ms, member_count IS NOT NULL) AS counted_ms, "
            "toInt64(ifNull(argMaxIf(assumeNotNull(member_count), (ts_ms, assumeNotNull(member_count)), "
            "member_count IS NOT NULL), 0)) AS counted, if(counted_ms > 0, counted, -1) AS members "
            f"FROM ({_as_of(facts, days)}) GROUP BY at, group_id ORDER BY at"
        )

    def ways(self, days: Stretch) -> pa.Table:
        """Calls of groups, and links that were posted there."""
        facts = self.facts(
            f"({CALLED} OR (type = 'message' AND notEmpty(link_ids)))", "group_id, type, call_id, link_ids"
        )
        return self.store.read(
            "SELECT min(at) AS at, group_id, way FROM (SELECT at, toString(group_id) AS group_id, "
            "arrayJoin(arrayConcat(if(type = 'call', [concat('call:', toString(call_id))], []), "
            f"arrayMap(link -> concat('link:', link), link_ids))) AS way FROM ({_as_of(facts, days)})) "
            "GROUP BY group_id, way ORDER BY at"
        )

    def signed_up(self, days: Stretch) -> pa.Table:
        """Users who began something: whether they signed up, and whom they named as referrer."""
        facts = self._product_facts("type IN ('signup', 'trial')", "user_id, type, referrer_user_id")
        return self.store.read(
            "SELECT min(at) AS at, user_id, toUInt8(type = 'signup') AS signed_up, referrer_user_id "
            f"FROM ({_as_of(facts, days)}) GROUP BY user_id, signed_up, referrer_user_id ORDER BY at"
        )

    def orders(self, days: Stretch) -> pa.Table:
        """All that each day knows of an order about which it knows something new, by order, time and event id."""
        facts = self._product_facts(
            "type IN ('purchase', 'refund')",
            "order_id, type, refund_id, event_id, user_id, amount_minor, toString(currency) AS currency",
        )
        told = (
            f"SELECT DISTINCT order_id, greatest(told.at, toInt32({days.first})) AS at "
            f"FROM ({_as_of(facts, days)}) AS told"
        )
        return self.store.read(
            "SELECT new.at AS at, order_id, type = 'refund' AS back, refund_id, event_id, user_id, "
            f"{day_of('ts_ms', self.zone)} AS day, amount_minor, currency "
            f"FROM ({facts}) AS facts INNER JOIN ({told}) AS new USING order_id "
            "WHERE known_day <= new.at ORDER BY at, order_id, ts_ms, event_id"
        )

    def _links(self) -> str:
        return self.known(LINKS.name, f"{self.d}.link_events", LINKED, "account_id, unlink, event_id, user_id, source")

    def _product_facts(self, only: str, columns: str) -> str:
        return self.known(PRODUCT.name, f"{self.d}.product_facts", only, columns)


def _as_of(rows: str, days: Stretch) -> str:
    """The rows that matter for a stretch of days, `at` the day of it, or the one before it, that first knows them."""
    least = days.first - 1
    return (
        f"SELECT *, greatest(known_day, toInt32({least})) AS at FROM ({rows}) "
        f"WHERE known_day <= {days.last}{'' if days.fresh else f' AND known_day >= {days.first}'}"
    )


def uncounted(store: ClickHouseStore) -> bool:
    """Whether there are records of closed days that these do not know, since they came later."""
    reader, now = PeopleReader(store), marks(store)
    cuts = cuts_of(reader, now)
    return Known(reader, cuts).late() != Known(reader, replace(cuts, corrected=now.offsets)).late()
