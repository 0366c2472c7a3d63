"""What the people agent lands about persons, on a real ClickHouse, against the oracle, in any number of pieces."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, clear, empty, own_store
from tests.oracle.community import Record
from tests.oracle.people import People, orders, payers
from tests.oracle.people_questions import contacts, cross_group, journey, profiles
from tests.oracle.segments import segments
from tests.oracle.worlds import DAY_MS, World
from tests.sinks.people_agent import FIELDS, PeopleAgent
from tests.sinks.pieces import in_any_pieces
from tests.sinks.test_people import ZONES, people_of, same

pytestmark = pytest.mark.services
END_MS = 1_772_000_000_000


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
    empty(store, "UTC")
    clear(store)
    account, price = "wecom:c:{}".format, {"order_id": "o", "amount_minor": 5, "currency": "CNY"}
    contact = {"operator_id": "o", "purpose": "sales", "outcome": "refused"}
    chat, product, links = topics = [topic.name for topic in (CHAT, PRODUCT, LINKS)]
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
    records: dict[str, list[Record]] = {topic: [] for topic in topics}
    order = []
    for number, (topic, ago, event) in enumerate(told):
        place = {"group_id": "wecom:c:g", "platform": "wecom"} if topic == chat else {}
        ts_ms = END_MS - ago * DAY_MS + number
        value = json.dumps(event | place | {"event_id": f"e{number}", "ts_ms": ts_ms}).encode()
        records[topic].append(Record(len(records[topic]), ts_ms, value))
        order.append((topic, records[topic][-1]))
    worlds = {topic: World("UTC", 48, 4_000_000, tuple(records[topic])) for topic in topics}
    landings = {topic: Landing(world, store, topic) for topic, world in worlds.items()}
    agent, so_far = PeopleAgent(store), {topic: list[Record]() for topic in topics}
    for number, (topic, record) in enumerate(order):
        landings[topic].land((record,))
        so_far[topic].append(record)
        if number >= joined:
            agent.catch_up()
            same_as_oracle(
                store, people_of(*(replace(worlds[topic], records=tuple(so_far[topic])) for topic in topics))
            )
