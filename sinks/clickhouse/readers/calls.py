"""What is read about calls: what is new, and by their keys the calls of groups, who is in these, and what people did.

Ids of messages, calls, links and campaigns come as 64-bit hashes, 0 for none: they are only compared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from schemas.topics import CHAT, PRODUCT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.news import POST, typed
from sinks.clickhouse.readers.people import ABOUT, SAID, PeopleReader
from sinks.clickhouse.readers.rows import ACCOUNT
from sinks.clickhouse.store import LONG, quote

_WROTE = "toString(group_id) AS group_id, {account} AS account_id, ts_ms, type = 'message' AS wrote, {about} AS about"
_HASH = "if({0} = '', 0, cityHash64(toString({0})))"
_ABOUT_MESSAGE = "if(type = 'message', reply_to_message_id, if(removed, '', message_id))"
_ACTED = (
    f"user_id, ts_ms, {_HASH.format('call_id')} AS about, {_HASH.format('link_id')} AS link, "
    f"{_HASH.format('campaign_id')} AS campaign"
)
_DOES = ("click", "share", "signup", "trial", "purchase")
_DID = f"{typed(_DOES)} AND (call_id != '' OR link_id != '' OR campaign_id != '') AND duplicate = 0 AND excluded = 0"
_LEAST = 4611686018427387904
_GROUPS = pa.schema({"group_id": pa.string(), "told_ms": pa.int64(), "called": pa.uint8()})
_WRITTEN = pa.schema({
    "group_id": pa.string(), "account_id": pa.string(), "ts_ms": pa.int64(), "wrote": pa.uint8(), "about": pa.uint64(),
})  # fmt: skip
_ACTS = pa.schema(
    {"user_id": pa.string(), "ts_ms": pa.int64()} | dict.fromkeys(("about", "link", "campaign"), pa.uint64())
)


@dataclass(frozen=True)
class New:
    """What has come since: of groups the least time of a fact about members and whether there are calls; messages,
    replies and reactions; acts in the product that carry an id."""

    groups: pa.Table
    written: pa.Table
    acted: pa.Table


class CallReader:
    """Reads a database. Every call may raise `BackpressureError` (ClickHouse is unreachable)."""

    def __init__(self, people: PeopleReader) -> None:
        self.people, self.store, self.d = people, people.store, people.d

    def new(self, since: Marks, first: bool, groups: Sequence[str] | None) -> New:
        """What lies beyond these marks, of chat in groups that have posts or calls (None: in all), or get some; at
        first only the groups: what was written and done is read by their calls."""
        everything = first or CHAT.name not in since.topics
        if not everything and groups is not None and not self._gets_any(groups, since):
            return New(_GROUPS.empty_table(), _WRITTEN.empty_table(), self._new_acts(since, first))
        found = self.store.read(
            f"SELECT toString(group_id) AS group_id, min(if(type IN ('call', 'message'), {_LEAST}, ts_ms)) AS told_ms, "
            f"max(type IN ('call', 'message')) AS called FROM {self.people.facts(since)} type IN "
            "('join', 'leave', 'roster', 'roster_end', 'profile', 'call', 'message') "
            f"AND (type != 'message' OR {POST}) AND (type IN ('call', 'message') OR {_in(groups)}) GROUP BY group_id",
            LONG,
        )
        where = f"{int(not first)}" if everything else since.new_records(CHAT.name)
        written = self._written(f"{self.d}.events WHERE {where} AND {_in(groups)}")
        return New(found, written, self._new_acts(since, first))

    def _gets_any(self, groups: Sequence[str], since: Marks) -> bool:
        return bool(groups) or self.people.any_of(("call", "post"), CHAT.name, since)

    def _new_acts(self, since: Marks, first: bool) -> pa.Table:
        beyond = f"{int(not first)}"
        if not first and PRODUCT.name in since.topics:
            if not self.people.any_of(_DOES, PRODUCT.name, since):
                return _ACTS.empty_table()
            beyond = since.new_records(PRODUCT.name)
        return self._acted(f"{self.d}.product_events WHERE {beyond}")

    def _written(self, where: str) -> pa.Table:
        columns = _WROTE.format(account=ACCOUNT, about=_HASH.format(f"({_ABOUT_MESSAGE})"))
        return self.store.read(
            f"SELECT {columns} FROM {where} AND type IN ('message', 'reaction') AND duplicate = 0 AND excluded = 0",
            LONG,
        )

    def _acted(self, where: str) -> pa.Table:
        return self.store.read(f"SELECT {_ACTED} FROM {where} AND {_DID}")

    def written(self, groups: Sequence[str], from_ms: Sequence[int], until_ms: Sequence[int]) -> pa.Table:
        """Messages, replies and reactions in groups within periods, of which those of a group do not overlap."""
        zipped = f"arrayZip([{', '.join(map(quote, groups))}], {list(from_ms)}, {list(until_ms)})"
        periods = (
            "SELECT one.1 AS of_group, toInt64(one.2) AS from_ms, toInt64(one.3) AS until_ms "
            f"FROM (SELECT arrayJoin({zipped}) AS one)"
        )
        return self._written(
            f"{self.d}.events ASOF INNER JOIN ({periods}) AS periods "
            "ON toString(events.group_id) = periods.of_group AND events.ts_ms >= periods.from_ms "
            f"WHERE ts_ms >= {min(from_ms)} AND ts_ms < {max(until_ms)} AND ts_ms < periods.until_ms"
        )

    def acted(self, from_ms: int, end_ms: int) -> pa.Table:
        """Acts in the product that carry an id, within a period."""
        return self._acted(f"{self.d}.product_events WHERE ts_ms >= {from_ms} AND ts_ms < {end_ms}")

    def calls(self, groups: Sequence[str] | None) -> pa.Table:
        """What may be a call in groups (None: in all): each once, as first told; and the role of its author then.

        A group that is held out was not called.

        Of posts only those are read that somebody wrote who was ever said to be more than a plain member.
        """
        columns = (
            "group_id, call, message_id, ts_ms, member_id, kind, mentions_all, series_id, variant, campaign_id, "
            "window_h, link_ids, holdout"
        )
        facts_in = f"{self.d}.facts WHERE {_in(groups)}"
        facts = (
            "SELECT toString(group_id) AS group_id, toString(call_id) AS call, message_id, ts_ms, event_id, member_id, "
            "toString(kind) AS kind, mentions_all, toString(series_id) AS series_id, toString(variant) AS variant, "
            f"toString(campaign_id) AS campaign_id, window_h, link_ids, holdout FROM {facts_in}"
        )
        first = f"SELECT {columns}, {{told}} AS told FROM ({facts} AND {{which}}) ORDER BY ts_ms, event_id LIMIT 1 BY "
        told = first.format(told="toBool(1)", which="type = 'call'") + "group_id, call"
        post = "type = 'message' AND call_id = ''"
        in_a_role = f"SELECT group_id, member_id FROM {facts_in} AND type IN {ABOUT} AND role NOT IN ('', 'member')"
        theirs = f"SELECT group_id, message_id FROM {facts_in} AND {post} AND (group_id, member_id) IN ({in_a_role})"
        posts = first.format(told="toBool(0)", which=f"{post} AND (group_id, message_id) IN ({theirs})")
        posts += "group_id, message_id"
        roles = (
            "SELECT group_id, member_id, ts_ms AS at_ms, max(role_said) OVER (PARTITION BY group_id, member_id "
            "ORDER BY ts_ms) AS named FROM (SELECT toString(group_id) AS group_id, member_id, ts_ms, "
            f"{SAID} FROM {facts_in} AND type IN {ABOUT}) WHERE role_said > 0"
        )
        return self.store.read(
            "SELECT group_id, if(told, call, concat('message:', message_id)) AS call_id, told, ts_ms, kind, "
            "toBool(mentions_all) AS to_all, series_id, variant, window_h, toUInt8(roles.named % 4) AS role, "
            f"cityHash64(call_id) AS id, {_HASH.format('message_id')} AS message, {_HASH.format('campaign_id')} "
            "AS campaign, campaign_id, arrayMap(link -> cityHash64(link), link_ids) AS links "
            f"FROM (SELECT * FROM ({told}) WHERE NOT holdout UNION ALL SELECT * FROM ({posts})) AS found "
            f"ASOF LEFT JOIN ({roles}) AS roles ON roles.group_id = found.group_id "
            "AND roles.member_id = found.member_id AND found.ts_ms > roles.at_ms",
            LONG,
        )

    def said_before(self, groups: Sequence[str], end_ms: int) -> pa.Table:
        """The facts about each member of groups before a moment, as one row without time."""
        return self.store.read(
            f"SELECT toString(group_id) AS group_id, {ACCOUNT} AS account_id, toInt64(-1) AS ts_ms, "
            "max(came) AS came_ms, max(went) AS went_ms, max(role_said) AS named "
            f"FROM (SELECT group_id, member_id, {SAID} FROM {self.d}.facts "
            f"WHERE type IN {ABOUT} AND ts_ms < {end_ms} AND {_in(groups)}) GROUP BY group_id, member_id",
            LONG,
        )

    def said(self, groups: Sequence[str], from_ms: int, end_ms: int) -> pa.Table:
        """Facts about members of groups within a period, one row each."""
        return self.store.read(
            f"SELECT toString(group_id) AS group_id, {ACCOUNT} AS account_id, ts_ms, came AS came_ms, went AS went_ms, "
            f"role_said AS named FROM (SELECT group_id, member_id, ts_ms, {SAID} FROM {self.d}.facts "
            f"WHERE type IN {ABOUT} AND ts_ms >= {from_ms} AND ts_ms < {end_ms} AND {_in(groups)})",
            LONG,
        )

    def rosters(self, groups: Sequence[str]) -> pa.Table:
        """Moments at which a roster of a group was complete, and when that one began, sorted."""
        return self.store.read(
            "SELECT group_id, at_ms, max(began) AS roster_ms FROM ("
            "SELECT group_id, at_ms, min(at_ms) OVER so_far AS began, max(ended) OVER so_far AS whole FROM ("
            "SELECT toString(group_id) AS group_id, snapshot_id, ts_ms AS at_ms, "
            f"max(type = 'roster_end' AND complete) AS ended FROM {self.d}.facts "
            f"WHERE type IN ('roster', 'roster_end') AND {_in(groups)} GROUP BY group_id, snapshot_id, at_ms) "
            "WINDOW so_far AS (PARTITION BY group_id, snapshot_id ORDER BY at_ms)) "
            "WHERE whole GROUP BY group_id, at_ms",
            LONG,
        )

    def references(self, users: Sequence[str]) -> pa.Table:
        """What calls, links and campaigns users acted by, and between when."""
        if not users:
            users = [""]
        return self.store.read(
            f"SELECT user_id, kind = 'call' AS called, kind = 'link' AS linked, cityHash64(reference) AS id, "
            f"min(first_ms) AS first_ms, max(last_ms) AS last_ms FROM {self.d}.user_reference_states "
            f"WHERE bitShiftRight(version, 56) = (SELECT epoch FROM {self.d}.product_epoch) AND kind != 'group' "
            f"AND user_id IN ({', '.join(map(quote, users))}) GROUP BY user_id, kind, reference",
            LONG,
        )


def _in(groups: Sequence[str] | None) -> str:
    return "1" if groups is None else f"group_id IN ({', '.join(map(quote, groups)) or quote('')})"


#: Reads something by keys; blocks.
Request = Callable[[CallReader], Any]
