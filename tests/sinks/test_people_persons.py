"""What the people agent lands about persons, on a real ClickHouse, against the oracle, in any number of pieces."""

from collections.abc import Iterator

import pytest

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import own_store
from tests.oracle.people import People, orders, payers
from tests.oracle.people_questions import contacts, cross_group, journey, profiles
from tests.oracle.segments import segments
from tests.sinks.people_agent import FIELDS
from tests.sinks.pieces import in_any_pieces, one_by_one
from tests.sinks.test_people import ZONES, same

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def same_as_oracle(store: ClickHouseStore, people: People) -> None:
    same(store, "orders", orders(people))
    same(store, "payers", payers(people))
    same(store, "cross_group", cross_group(people))
    same(store, "contacts", contacts(people))
    same(store, "segments", segments(people))
    same(store, "profiles", profiles(people, FIELDS))
    for person in ("u1", "irc:-:m2", "wecom:公司:m1"):
        same(store, f"journeys(person = '{person}')", journey(people, person))


@pytest.mark.parametrize("zone", ZONES)
def test_persons_are_the_oracles_in_any_pieces(zone: str, store: ClickHouseStore) -> None:
    in_any_pieces(store, zone, same_as_oracle, most=3)


def test_one_event_changes_rows_of_others(store: ClickHouseStore) -> None:
    """Within a day only those are worked out anew whom an event concerns: here, more than who it is about."""
    account, price = "wecom:c:{}".format, {"order_id": "o", "amount_minor": 5, "currency": "CNY"}
    contact = {"operator_id": "o", "purpose": "sales", "outcome": "refused"}
    chat, product, links = (topic.name for topic in (CHAT, PRODUCT, LINKS))
    told = [(chat, 3, {"type": "join", "member_id": name}) for name in ("ann", "bob", "cy")]
    told.append((chat, 0, {"type": "join", "member_id": "eve"}))  # the day begins
    joined = len(told) - 1
    told += [
        (product, 0, {"type": "signup", "user_id": "u9", "referrer_user_id": "u1"}),
        (links, 0, {"account_id": account("ann"), "user_id": "u1", "source": "login"}),
        (product, 0, {"type": "trial", "user_id": "u8", "referrer_user_id": "u1"}),
        (links, 0, {"account_id": "u8", "user_id": "u9", "source": "login"}),  # who were two are one
        (product, 0, {"type": "contact", "user_id": "u1"} | contact),
        (chat, 0, {"type": "join", "member_id": "dan", "inviter_id": "ann"}),  # who has no rank that could move
        (product, 0, {"type": "purchase", "user_id": account("cy")} | price),
        (chat, 0, {"type": "profile", "member_id": "ann", "attributes": {"city": "Ulm", "role": "maker"}}),
        (chat, 0, {"type": "roster", "member_id": "bob", "nickname": "Bob-buyer-steel-Ulm"}),
        (chat, 0, {"type": "profile", "member_id": "ann", "attributes": {"city": "Bonn"}}),
        (links, 0, {"account_id": account("bob"), "user_id": "u1", "source": "login"}),
        (chat, 0, {"type": "profile", "member_id": "ann", "attributes": {"city": ""}}),
        (chat, 0, {"type": "leave", "member_id": "cy"}),
        (links, 0, {"account_id": account("ann"), "user_id": "u1", "source": "login", "unlink": True}),
    ]
    one_by_one(store, told, joined, same_as_oracle)
