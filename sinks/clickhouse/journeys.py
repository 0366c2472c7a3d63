"""What accounts did: landed records copied inside ClickHouse into `journey_acts`, sorted by account and time."""

from dataclasses import dataclass, field

from schemas.topics import CHAT, PRODUCT
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.store import LONG, ClickHouseStore, quote
from sinks.contract import EPOCH_SHIFT

#: Offsets of a partition that one statement copies at most.
_MOST = 500_000
_PLACE = "splitByChar(':', toString(group_id))"
#: The epoch that says whether a record counts, then the version of the landed row without its own epoch.
_VERSION = f"{{epoch}} * {1 << EPOCH_SHIFT} + bitAnd(version, {(1 << EPOCH_SHIFT) - 1})"
#: Rosters, and what says something of groups, are nobody's acts.
_SELECTS = {
    CHAT.name: f"""
        SELECT
            concat({_PLACE}[1], ':', {_PLACE}[2], ':', member_id) AS account_id, ts_ms, topic, partition, offset,
            {_VERSION} AS version, duplicate OR excluded AS gone, 'chat' AS side, group_id, type AS what,
            multiIf(
                type = 'message', toString(kind), type = 'reaction', if(removed, 'removed', toString(emoji)),
                type = 'read', toString(count), type = 'join', toString(source), type = 'leave', toString(reason),
                type = 'profile', toString(role), ''
            ) AS detail,
            event_id
        FROM {{database}}.events
        WHERE {{where}} AND type IN ('message', 'edit', 'recall', 'reaction', 'read', 'join', 'leave', 'profile')""",
    PRODUCT.name: f"""
        SELECT
            user_id AS account_id, ts_ms, topic, partition, offset,
            {_VERSION} AS version, duplicate OR excluded AS gone, 'product' AS side, group_id, type AS what,
            multiIf(
                type IN ('signup', 'trial'), referrer_user_id, type IN ('open', 'view'), content_id,
                type = 'click', link_id, type = 'share', toString(target),
                type IN ('purchase', 'refund'), concat(order_id, ' ', toString(amount_minor), ' ', toString(currency)),
                type = 'contact', concat(toString(purpose), ' ', toString(outcome)), type = 'custom', toString(name), ''
            ) AS detail,
            event_id
        FROM {{database}}.product_events
        WHERE {{where}} AND type != 'tick'""",
}
_COLUMNS = "account_id, ts_ms, topic, partition, offset, version, gone, side, group_id, what, detail, event_id"


def copy_acts(store: ClickHouseStore, contract: str, epoch: int, where: str) -> None:
    """Copy the acts among these landed records as they count in an epoch; nothing if this contract topic has none."""
    if contract in _SELECTS:
        d = store.address.database
        select = _SELECTS[contract].format(database=d, epoch=epoch, where=where)
        store.native.execute(f"INSERT INTO {d}.journey_acts ({_COLUMNS}) {select}", settings=LONG)


@dataclass
class Journeys:
    """Copies what is new up to marks. Whoever does so, and however often: the same rows come of it."""

    store: ClickHouseStore
    _done: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def behind(self, marks: Marks) -> dict[str, list[tuple[int, int, int]]]:
        """By source: partition, first and end offset of what is not copied yet."""
        found: dict[str, list[tuple[int, int, int]]] = {}
        for (contract, partition), end in sorted(marks.offsets.items()):
            if contract in _SELECTS:
                first = self._done.get((marks.topics[contract], partition, marks.epochs[contract]), 0)
                if first < end:
                    found.setdefault(contract, []).append((partition, first, end))
        return found

    def land(self, marks: Marks) -> bool:
        """Copy some of what is new, of every source; whether there was anything. May raise `BackpressureError`."""
        if not self._done and self.behind(marks):
            self._done = self._known()
        behind = self.behind(marks)
        for contract, ranges in behind.items():
            parts = [(partition, first, min(end, first + _MOST)) for partition, first, end in ranges]
            self._copy(contract, marks.topics[contract], marks.epochs[contract], parts)
        return bool(behind)

    def _copy(self, contract: str, topic: str, epoch: int, parts: list[tuple[int, int, int]]) -> None:
        d, execute = self.store.address.database, self.store.native.execute
        ranges = " OR ".join(f"(partition = {p} AND offset >= {first} AND offset < {end})" for p, first, end in parts)
        copy_acts(self.store, contract, epoch, f"topic = {quote(topic)} AND ({ranges})")
        rows = ", ".join(f"({quote(topic)}, {p}, {epoch}, {end})" for p, _, end in parts)
        execute(f"INSERT INTO {d}.journey_marks (topic, partition, epoch, next_offset) SELECT * FROM VALUES({rows})")
        self._done |= {(topic, p, epoch): end for p, _, end in parts}

    def _known(self) -> dict[tuple[str, int, int], int]:
        rows = self.store.native.execute(
            "SELECT topic, partition, epoch, max(next_offset) "
            f"FROM {self.store.address.database}.journey_marks GROUP BY topic, partition, epoch"
        )
        return {(topic, partition, epoch): end for topic, partition, epoch, end in rows}
