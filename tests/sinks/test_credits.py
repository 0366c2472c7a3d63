"""Paths and credits as the people agent lands them on a real ClickHouse, against the oracle, in any pieces."""

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import own_store
from tests.oracle import referrals
from tests.oracle.credits import ANSWERS
from tests.oracle.people import People
from tests.sinks.pieces import in_any_pieces, one_by_one
from tests.sinks.test_people import ZONES, same

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def same_as_oracle(store: ClickHouseStore, people: People) -> None:
    """All questions have the oracle's rows."""
    for view, answer in (ANSWERS | referrals.ANSWERS).items():
        same(store, view, answer(people))


@pytest.mark.parametrize("zone", ZONES)
def test_credits_are_the_oracles_in_any_pieces(zone: str, store: ClickHouseStore) -> None:
    in_any_pieces(store, zone, same_as_oracle, most=6)


def _told() -> list[tuple[str, float, dict[str, Any]]]:
    """Topic, days ago and event, in the order in which they land."""
    chat, product, links = CHAT.name, PRODUCT.name, LINKS.name
    account = "wecom:c:{}".format
    price = {"order_id": "o1", "amount_minor": 1001, "currency": "CNY"}
    own = {"account_id": account("ann"), "user_id": "u1", "source": "login"}
    return [
        (chat, 9, {"type": "join", "member_id": "bob"}),
        (chat, 8, {"type": "join", "member_id": "ann", "inviter_id": "bob", "campaign_id": "k"}),
        (product, 6, {"type": "click", "user_id": "u1", "campaign_id": "k", "channel": "mail"}),
        (chat, 0, {"type": "heartbeat", "healthy": True}),  # the day begins
        (product, 5, {"type": "purchase", "user_id": "u1"} | price),
        (links, 0, own),  # her join is on the path now
        (product, 5.5, {"type": "click", "user_id": "u1", "campaign_id": "j", "sharer_user_id": "u2"}),  # late
        (product, 7, {"type": "signup", "user_id": "u1", "campaign_id": "j", "referrer_user_id": "u2"}),
        (product, 4, {"type": "refund", "user_id": "u1", "order_id": "o1", "refund_id": "r", "amount_minor": 2,
                      "currency": "CNY"}),
        (chat, 5.6, {"type": "profile", "member_id": "bob", "role": "operator"}),  # who brings nobody
        (links, 0, {"account_id": "u2", "user_id": "u1", "source": "login"}),  # she shared with herself
        (links, 0, {"account_id": "u2", "user_id": "u1", "source": "login", "unlink": True}),
        (links, 0, {"account_id": account("bob"), "user_id": "u2", "source": "login"}),
        (product, 6.2, {"type": "purchase", "user_id": "u1"} | price),  # the same order, paid earlier
        (chat, 5.2, {"type": "call", "call_id": "c", "kind": "poll", "link_ids": ["l"], "campaign_id": "k"}),
        (product, 5.1, {"type": "click", "user_id": "u1", "link_id": "l"}),  # an answer
        (product, 5.05, {"type": "trial", "user_id": "u1"}),
        (chat, 5.15, {"type": "call", "call_id": "d", "kind": "poll", "link_ids": ["l"]}),  # which takes it
        (product, 4, {"type": "contact", "user_id": account("ann"), "operator_id": "op", "purpose": "sales",
                      "outcome": "reached", "group_id": "wecom:c:g"}),
        (product, 3, {"type": "purchase", "user_id": "u1", "order_id": "o2", "amount_minor": 7, "currency": "USD"}),
        (chat, 5.3, {"type": "message", "member_id": "bob", "message_id": "t", "kind": "text", "link_ids": ["m"]}),
        (chat, 5.25, {"type": "reaction", "member_id": "ann", "message_id": "t"}),  # an answer to an implicit call
        (chat, 5.22, {"type": "call", "call_id": "e", "kind": "poll", "message_id": "t"}),  # it was none
        (product, 8, {"type": "signup", "user_id": "u3"}),
        (links, 0, {"account_id": "u3", "user_id": "u1", "source": "login"}),  # who had signed up before
        (product, 8.5, {"type": "signup", "user_id": "u1"}),  # an earlier one of the same user
        (links, 0, own | {"unlink": True}),
        (product, 7, {"type": "purchase", "user_id": "u1"} | price | {"amount_minor": 10**12}),  # absurd
    ]  # fmt: skip


def test_one_event_changes_what_it_touches(store: ClickHouseStore) -> None:
    one_by_one(store, _told(), 3, same_as_oracle)
