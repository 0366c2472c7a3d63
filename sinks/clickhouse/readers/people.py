"""What is read to hold everybody in memory: memberships, facts about them, users, acts, links; all or only changes.

Of each membership, user and account the newest row is read; what changed since is what lies beyond the marks
(`sinks.clickhouse.readers.marks`) of the previous read.
"""

from typing import get_args

import pyarrow as pa

from schemas.chat import Role
from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.readers.activity import ActivityReader
from sinks.clickhouse.readers.campaigns import CampaignsReader
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.news import CALLED
from sinks.clickhouse.readers.orders import OrdersReader
from sinks.clickhouse.readers.profiles import ProfilesReader
from sinks.clickhouse.readers.results import ResultsReader
from sinks.clickhouse.readers.retention import RetentionReader
from sinks.clickhouse.readers.rewards import RewardsReader
from sinks.clickhouse.readers.rows import ACCOUNT, PLACE, day_of

#: Stands for all groups, in which each person counts once.
ALL = "*"
_MASKS = "spoke_lo, reacted_lo, read_lo, bitOr(bitOr(spoke_hi, reacted_hi), read_hi) AS active_hi"
#: A name whose member has since become known by id no longer counts.
_FIRST = "if(role = 'alias' AND startsWith(member_id, 'name:'), 4611686018427387904, found.first_ms) AS first_ms"
ABOUT = "('join', 'leave', 'roster', 'profile')"
_INVITED = "join_ms < 4611686018427387904 AND inviter_id != ''"
_INVITER = f"if({_INVITED}, concat({PLACE}[1], ':', {PLACE}[2], ':', inviter_id), '')"
#: The records that say whose an account is, and what `analytics.people.links` wants of them.
LINKED = "account_id != '' AND excluded = 0"
LINK = "account_id, ts_ms, unlink, event_id, user_id, toString(source) AS source"
_ROLE = f"greatest(indexOf({list(get_args(Role))}, toString(role)), 1) - 1"


class PeopleReader(
    ActivityReader,
    CampaignsReader,
    OrdersReader,
    ProfilesReader,
    ResultsReader,
    RetentionReader,
    RewardsReader,
):
    """Reads a database. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    # --- rows of state: each key's newest

    def memberships(self, since: Marks) -> pa.Table:
        """Masks, times and days of memberships, and who they are by now."""
        return self.store.read(
            f"SELECT toString(group_id) AS group_id, {ACCOUNT} AS account_id, {_MASKS}, spoke_hours, reacted_hours, "
            f"read_hours, open_messages, {_FIRST}, last_ms, spoke_ms, "
            f"join_ms, in_ms, out_ms, toUInt8({_ROLE}) AS plays, {_INVITER} AS inviter, toString(source) AS source, "
            f"{day_of('last_ms', self.zones[0])} AS base_day, {day_of('found.first_ms', self.zones[0])} AS first_day, "
            f"if(join_ms < 4611686018427387904, {day_of('join_ms', self.zones[0])}, -1000000) AS joined_day "
            f"FROM ({self.newest('membership_states', CHAT.name, 'epoch', 'group_id, member_id', since)}) AS found"
        )

    def users(self, since: Marks) -> pa.Table:
        """Masks of use of users."""
        return self.store.read(
            f"SELECT user_id, used_lo, used_hi, first_ms, last_ms, {day_of('last_ms', self.zones[1])} AS base_day, "
            f"{day_of('first_ms', self.zones[0])} AS first_day, "
            f"if(signup_ms < 4611686018427387904, {day_of('signup_ms', self.zones[1])}, -1000000) AS signup_day "
            f"FROM ({self.newest('user_states', PRODUCT.name, 'product_epoch', 'user_id', since)})"
        )

    def acts(self, since: Marks) -> pa.Table:
        """Acts of users with the id of a group, or by a `way`: one of the group's calls, or a link that was posted."""
        rows = self.newest("user_reference_states", PRODUCT.name, "product_epoch", "user_id, kind, reference", since)
        return self.store.read(
            "SELECT user_id, if(kind = 'group', reference, '') AS group_id, "
            "if(kind = 'group', '', concat(kind, ':', reference)) AS way, acted_lo, last_ms, "
            f"{day_of('last_ms', self.zones[1])} AS base_day FROM ({rows}) WHERE kind != 'campaign'"
        )

    def links(self, since: Marks) -> pa.Table:
        """All records about every account about which there are new ones."""
        newer = since.newer(LINKS.name, "offset", since.offsets, ">=")
        concerned = f"(SELECT account_id FROM {self.d}.link_events WHERE {newer})"
        only = f"account_id IN {concerned}" if LINKS.name in since.topics else "1"
        return self.store.read(f"SELECT {LINK} FROM {self.d}.link_events WHERE {LINKED} AND {only}")

    def ways(self, since: Marks) -> pa.Table:
        """Calls of groups, and links that were posted there."""
        return self.store.read(
            "SELECT DISTINCT toString(group_id) AS group_id, arrayJoin(arrayConcat("
            f"if({CALLED}, [concat('call:', toString(call_id))], []), "
            "arrayMap(link -> concat('link:', link), link_ids))) AS way "
            f"FROM {self.facts(since)} ({CALLED} OR (type = 'message' AND notEmpty(link_ids)))"
        )

    def reading(self, since: Marks) -> pa.Table:
        """Groups for which a source has reported reading."""
        return self.store.read(
            "SELECT toString(group_id) AS group_id FROM "
            f"(SELECT group_id FROM {self.records(since)} type = 'read' GROUP BY group_id)"
        )

    # --- groups

    def groups_now(self, since: Marks) -> pa.Table:
        """Groups as their worker last wrote them: newest complete roster, first event, the first day that is not
        closed, the platform's count or -1."""
        return self.store.read(
            "SELECT toString(group_id) AS group_id, roster_ms, first_ms, closed_day, "
            "toInt32(if(count_ms > 0, member_count, -1)) AS members "
            f"FROM ({self.newest('group_states', CHAT.name, 'epoch', 'group_id', since)})"
        )


#: When a fact says that a member came, went, and is of a role.
SAID = (
    "if(type IN ('join', 'roster'), ts_ms, 0) AS came, if(type = 'leave', ts_ms, 0) AS went, "
    f"if(type = 'roster' OR role != '', ts_ms * 4 + {_ROLE}, 0) AS role_said"
)


def prefix(group_id: str) -> str:
    """What precedes the member id in the accounts of a group."""
    place = group_id.split(":")
    return f"{place[0]}:{place[1] if len(place) > 1 else ''}:"
