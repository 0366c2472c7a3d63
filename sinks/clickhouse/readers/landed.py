"""What landed of a topic since given offsets: how much, about whom, from when, and what of it does not count."""

from dataclasses import dataclass, replace
from typing import Any

from schemas.agents import AgentSpec
from schemas.columns import columns
from sinks.clickhouse.readers.rows import SOMEBODY
from sinks.clickhouse.store import ClickHouseStore, quote

#: Fields in which copies of the same event may differ: who reported it, by which version of the contract.
_TELLING = {"event_id", "schema_version", "source_id"}
#: An account in the deployment: a member of a platform's workspace.
_ACCOUNT = "substringIndex(group_id, ':', 2), member_id"


@dataclass(frozen=True)
class Landed:
    """Records of one agent's topic, ticks left out. Times in ms since the Unix epoch, 0 where there are none.

    `kinds` has all by type, `dead` the dead letters by error. `repeated` had an event id that came before; `late` ones
    were left out of hours and days that were closed. `contradicted`: repeated events that contradict their first copy;
    `orders`: orders paid in several events.
    """

    kinds: dict[str, int]
    dead: dict[str, int]
    groups: int = 0
    people: int = 0
    first_ms: int = 0
    last_ms: int = 0
    repeated: int = 0
    late: int = 0
    first_late_ms: int = 0
    contradicted: int = 0
    orders: int = 0

    @property
    def records(self) -> int:
        """All records that keep the contract."""
        return sum(self.kinds.values())


def heads(store: ClickHouseStore, agent: AgentSpec, topic: str) -> dict[int, int]:
    """The next offset of each partition, by its newest checkpoint; none for partitions without one."""
    epoch = store.epoch(agent.contract)
    if epoch is None:
        return {}
    rows = store.native.execute(
        f"SELECT partition, argMax(offsets[{quote(topic)}], (term, sequence)) "
        f"FROM {store.address.database}.checkpoints WHERE topic = {quote(topic)} AND epoch = {epoch.number} "
        "GROUP BY partition"
    )
    return dict(rows)


def landed_since(store: ClickHouseStore, agent: AgentSpec, topic: str, since: dict[int, int]) -> Landed:
    """What landed at and after these offsets; partitions that are not named are counted from their beginning."""
    d, where = store.address.database, _since(topic, since)
    names = {column.name for column in columns(agent.contract).fields}
    of_users = "user_id" in names
    people = f"uniqExactIf(cityHash64({_ACCOUNT}), {SOMEBODY}{_unmerged(d, agent)})" if "member_id" in names else "0"
    people = "uniqExactIf(user_id, user_id != '')" if of_users else people
    groups = "uniqExactIf(group_id, group_id != '')" if "group_id" in names else "0"
    events = f"FROM {d}.{agent.raw.name} FINAL WHERE {where} AND type != 'tick'"

    def ask(query: str) -> list[tuple[Any, ...]]:
        return list(store.native.execute(query))

    kinds = dict(ask(f"SELECT toString(type), count() {events} GROUP BY type ORDER BY count() DESC, type"))
    (counts,) = ask(
        f"SELECT {groups}, {people}, min(ts_ms), max(ts_ms), "
        f"countIf(duplicate = 1), countIf(late = 1), minIf(ts_ms, late = 1) {events}"
    )
    dead = ask(
        f"SELECT toString(error), count() FROM {d}.dead_letters FINAL WHERE {where} GROUP BY error "
        "ORDER BY count() DESC, error"
    )
    found = Landed(kinds, dict(dead), *counts)
    if of_users and found.repeated:  # messages may be reported again with later edits; acts and links are not
        content = ", ".join(sorted(names - _TELLING))
        again = f"SELECT event_hash FROM {d}.{agent.raw.name} WHERE {where} AND duplicate = 1"
        ((contradicted,),) = ask(
            f"SELECT count() FROM (SELECT event_id FROM {d}.{agent.raw.name} WHERE topic = {quote(topic)} "
            f"AND event_hash IN ({again}) GROUP BY event_id HAVING uniqExact(({content})) > 1)"
        )
        found = replace(found, contradicted=contradicted)
    if "purchase" in kinds:
        paid = f"SELECT order_id FROM {d}.{agent.raw.name} WHERE {where} AND type = 'purchase'"
        ((orders,),) = ask(
            f"SELECT count() FROM (SELECT order_id FROM {d}.product_facts WHERE type = 'purchase' "
            f"AND order_id IN ({paid}) GROUP BY order_id HAVING uniqExact(event_id) > 1)"
        )
        found = replace(found, orders=orders)
    return found


def _unmerged(database: str, agent: AgentSpec) -> str:
    """The condition that a member is not a mere name whose own id has become known since."""
    merged = f"SELECT group_id, member_id FROM {database}.{agent.raw.name} WHERE type = 'profile' AND role = 'alias'"
    return f" AND NOT (startsWith(member_id, 'name:') AND (group_id, member_id) IN ({merged}))"


def _since(topic: str, since: dict[int, int]) -> str:
    """The condition that a row of a topic is at or after its partition's offset."""
    places = [f"(partition = {partition} AND offset >= {offset})" for partition, offset in sorted(since.items())]
    others = [f"partition NOT IN ({', '.join(map(str, since))})"] if since else ["1"]
    return f"topic = {quote(topic)} AND ({' OR '.join(places + others)})"
