"""What the people agent lands of how good joins are, on a real ClickHouse against the oracle, in any pieces."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from analytics.results.joins import COUNTS, DIMENSIONS
from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import own_store
from tests.oracle.joins import joins_quality
from tests.oracle.people import People
from tests.oracle.worlds import DAY_MS
from tests.sinks.pieces import END_MS, in_any_pieces, one_by_one
from tests.sinks.test_people import ZONES, same

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def hold(store: ClickHouseStore, people: People) -> None:
    rows = joins_quality(people)
    same(store, "joins_quality", rows)
    joined = f"SELECT DISTINCT campaign_id, joined FROM {store.address.database}.campaign_stability WHERE joined > 0"
    assert dict(store.native.execute(joined)) == {
        row["value"]: row["people"] for row in rows if row["dimension"] == "campaign"
    }


@pytest.mark.parametrize("zone", ZONES)
def test_joins_are_the_oracles_in_any_pieces(zone: str, store: ClickHouseStore) -> None:
    in_any_pieces(store, zone, hold, most=5)


def _told() -> list[tuple[str, float, dict[str, Any]]]:
    """Topic, days ago and event, in the order in which they land."""
    chat, product, links = CHAT.name, PRODUCT.name, LINKS.name
    price = {"order_id": "o1", "amount_minor": 1001, "currency": "CNY"}
    ann = {"account_id": "wecom:c:ann", "user_id": "u1", "source": "login"}
    way = {"link_id": "l"}
    return [
        (chat, 60, {"type": "join", "member_id": "ann", "inviter_id": "bob", "campaign_id": "k", "channel": "mail"}),
        (chat, 59.98, {"type": "join", "member_id": "cid", "inviter_id": "bob", "campaign_id": "k"}),
        (chat, 59.97, {"type": "leave", "member_id": "cid"}),
        (chat, 59.96, {"type": "join", "member_id": "cid"}),  # came again that day
        (chat, 59.5, {"type": "message", "member_id": "ann", "message_id": "m", "kind": "text", "link_ids": ["l"]}),
        (product, 40, {"type": "purchase", "user_id": "u1"} | price),
        (product, 10, {"type": "tick"}),  # closes the product's days
        (chat, 53, {"type": "tick"}),
        (links, 0, ann),  # her order is a result of her join now
        (chat, 40, {"type": "read", "member_id": "cid", "count": 1}),
        (chat, 20, {"type": "tick"}),  # closes day 30
        (product, 35, {"type": "click", "user_id": "u1"} | way),  # effective by an act alone
        (product, 20, {"type": "signup", "user_id": "u2"}),
        (product, 45, {"type": "signup", "user_id": "u1"}),
        (product, 59, {"type": "purchase", "user_id": "u1", "order_id": "o2", "amount_minor": 5, "currency": "USD"}),
        (product, 39, {"type": "refund", "user_id": "u1", "refund_id": "r"} | price | {"amount_minor": 1}),
        (chat, 70, {"type": "join", "member_id": "ann", "source": "qr", "group_id": "wecom:c:h"}),  # it began there
        (chat, 60.1, {"type": "roster", "member_id": "ann", "snapshot_id": "s", "joined_at_ms": END_MS - 61 * DAY_MS}),
        (links, 0, ann | {"account_id": "wecom:c:cid"}),  # one person
        (links, 0, ann | {"account_id": "wecom:c:bob"}),  # who has invited nobody else
        (links, 0, ann | {"account_id": "wecom:c:bob", "unlink": True}),
        (links, 0, ann | {"unlink": True}),
        (product, 64, {"type": "purchase", "user_id": "wecom:c:ann"} | price | {"order_id": "o3"}),
        (chat, 69.9, {"type": "leave", "member_id": "ann", "group_id": "wecom:c:h"}),
        (chat, 5, {"type": "profile", "member_id": "cid", "role": "operator"}),
        (chat, 69.5, {"type": "profile", "member_id": "ann", "role": "bot", "group_id": "wecom:c:h"}),
    ]  # fmt: skip


def test_one_event_changes_what_it_touches(store: ClickHouseStore) -> None:
    seen: Counter[str] = Counter()

    def count(store: ClickHouseStore, people: People) -> None:
        hold(store, people)
        for row in joins_quality(people):
            seen.update(name for name, value in row.items() if value)
            seen[row["dimension"]] += 1

    one_by_one(store, _told(), 0, count)
    told = {*DIMENSIONS, *COUNTS, "net_minor", "bought_30d"} - {"invited", "left_of_7d"}
    assert not told - set(seen), "every column tells something at some time"
