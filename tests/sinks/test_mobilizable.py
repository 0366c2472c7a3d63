"""Calls and who answers them, as the people agent lands them on a real ClickHouse, against the oracle."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, clear, empty, own_store
from tests.oracle.call_worlds import EMPTY, A, B, called_by_hand, drawn_calls, made
from tests.oracle.calls import ANSWERS, answers_of, calls_of, mobilizable, mobilizable_groups
from tests.oracle.people import People
from tests.oracle.worlds import World
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_people import people_of, same

pytestmark = pytest.mark.services
_TOPICS = (CHAT, PRODUCT, LINKS)
#: How much of chat, product and links there is by each look.
_ONCE = ((1.0, 1.0, 1.0),)
_TOGETHER = tuple((part / 6,) * 3 for part in range(1, 7))
_LINKS_LATE = ((0.4, 0.2, 0.0), (0.7, 0.9, 0.0), (1.0, 1.0, 0.0), (1.0, 1.0, 0.5), *_ONCE)
_CHAT_LATE = ((0.1, 1.0, 0.0), (0.1, 1.0, 1.0), (0.5, 1.0, 1.0), (0.9, 1.0, 1.0), *_ONCE)
_RANDOM = random.Random(1)
_MANY = (*((n / 16, min(1.0, n / 16 * _RANDOM.uniform(0.5, 2)), n / 16) for n in range(1, 16)), *_ONCE)


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def asked(store: ClickHouseStore, people: People) -> None:
    """Both questions have the oracle's rows, and so has who answered."""
    for view, answer in ANSWERS.items():
        same(store, view, answer(people))
    found = store.native.execute(
        "SELECT group_id, call_id, member_id, first_ms FROM "
        f"{store.address.database}.people_call_answers_now ORDER BY group_id, call_id, member_id"
    )
    answers = answers_of(people, calls_of(people)).items()
    assert found == sorted((*key, member, min(times)) for key, members in answers for member, times in members.items())


def in_pieces(
    store: ClickHouseStore, worlds: Sequence[World], pieces: Sequence[tuple[float, ...]], moves: bool = False
) -> People:
    """Land worlds in pieces, and ask after each; `moves`: every other piece is worked out by another worker."""
    clear(store)
    landings = [Landing(world, store, topic.name) for topic, world in zip(_TOPICS, worlds, strict=True)]
    agent, before, people = PeopleAgent(store, worlds[0].zone), (0, 0, 0), people_of(*worlds)
    for number, piece in enumerate(pieces):
        ends = tuple(round(len(world.records) * part) for world, part in zip(worlds, piece, strict=True))
        for landing, first, end in zip(landings, before, ends, strict=True):
            landing.land(landing.world.records[first:end])
        before = tuple(map(max, before, ends))
        if moves and number % 2:
            agent.taken_over()
        agent.catch_up()
        assert agent.catch_up() == 0
        people = people_of(
            *(replace(world, records=world.records[:end]) for world, end in zip(worlds, before, strict=True))
        )
        asked(store, people)
    return people


@pytest.mark.parametrize("pieces", [_ONCE, _TOGETHER, _LINKS_LATE, _CHAT_LATE], ids=["once", "six", "links", "chat"])
def test_answers_are_the_oracles_in_any_pieces(pieces: tuple[tuple[float, ...], ...], store: ClickHouseStore) -> None:
    zone = "America/New_York"
    empty(store, zone)
    rows = []
    for seed in range(1, 4):
        people = in_pieces(store, drawn_calls(seed, zone), pieces, moves=seed % 2 == 0)
        rows += mobilizable(people)
        assert mobilizable_groups(people)
    assert {row["open"] for row in rows} == {0, 1}
    assert {row["kind"] for row in rows if row["implicit"]} == {"poll", "link", "to_all"}
    for column in ("answered", "talked", "talked_before"):
        assert len({row[column] for row in rows}) > 2, column


def test_many_small_pieces(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    in_pieces(store, drawn_calls(7), _MANY)


def test_a_call_told_late_takes_answers_from_another_group(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    chat = [(0, {"type": "join", "group_id": group, "member_id": "ann"}) for group in (A, B)]
    for minute, call, group in ((100, "c1", A), (150, "c2", B)):
        called = {"type": "call", "group_id": group, "call_id": call, "kind": "poll", "link_ids": ["l"], "window_h": 24}
        chat.append((minute, called))
    product = [(200, {"type": "click", "user_id": "wecom:公司:ann", "link_id": "l"})]
    link = {"account_id": "wecom:公司:ann", "user_id": "wecom:公司:ann", "source": "login"}
    worlds = made("UTC", chat, product, [(0, link)], end=300)
    before = in_pieces(store, worlds, [(0.75, 1.0, 1.0)])
    assert [row["answered"] for row in mobilizable(before)] == [1]
    after = in_pieces(store, worlds, [(0.75, 1.0, 1.0), *_ONCE])
    assert {row["call_id"]: row["answered"] for row in mobilizable(after)} == {"c1": 0, "c2": 1}


def test_a_message_that_a_call_names_later_is_no_call_any_more(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    post = {"type": "message", "member_id": "op", "message_id": "t", "kind": "text", "link_ids": ["l"]}
    events = [
        (0, {"type": "roster", "member_id": "op", "role": "operator"}), (0, {"type": "join", "member_id": "ann"}),
        (100, post), (110, {"type": "reaction", "member_id": "ann", "message_id": "t"}),
        (120, {"type": "call", "call_id": "c", "kind": "poll", "message_id": "t", "window_h": 1}),
    ]  # fmt: skip
    chat = [(minute, event | {"group_id": A}) for minute, event in events]
    link = {"account_id": "wecom:公司:ann", "user_id": "u", "source": "login"}
    worlds = made("UTC", chat, [(0, {"type": "open", "user_id": "u"})], [(0, link)], end=300)
    after = in_pieces(store, worlds, [(0.8, 1.0, 1.0), *_ONCE])
    assert {row["call_id"]: row["answered"] for row in mobilizable(after)} == {"c": 0}


def test_every_edge(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    people = in_pieces(store, called_by_hand(), _MANY, moves=True)
    found = {row["call_id"]: row for row in mobilizable(people)}
    assert {found[name]["group_id"] for name in ("c1", "c3", "a9")} == {A}
    assert {found[name]["group_id"] for name in ("c2", "b0", "b9")} == {B} and found["c4"]["group_id"] == EMPTY
    calls = calls_of(people)
    answered = {key[1]: set(members) for key, members in answers_of(people, calls).items()}
    assert answered.pop("message:t5") == {"last", "bob"}
    assert (found["message:t5"]["implicit"], found["message:t5"]["kind"], found["message:t5"]["window_h"]) == (
        1,
        "link",
        48,
    )
    assert {name for name, row in found.items() if row["implicit"]} == {"message:t5"} and "held" not in found
    assert answered == {"c1": {"atonce", "last", "reacted", "bob", "dan"}, "c2": {"ann"}, "b0": {"dan"}, "b9": {"ann"}}
    exposed = {call.event["call_id"]: set(call.exposed) for call in calls}
    assert not exposed["c1"] & {"left", "operator", "missed", "newcomer"} and {"missedlater", "later"} <= exposed["c1"]
    first = found["c1"]
    assert (first["window_h"], first["series_id"], first["variant"], first["open"]) == (2, "weekly", "b", 0)
    assert (first["exposed"], first["answered"], first["median_answer_s"]) == (16, 5, 40 * 60.0)
    assert (first["talked"], first["talked_before"]) == (1, 1)
    assert (found["c3"]["open"], found["c3"]["rate"], found["c3"]["median_answer_s"]) == (1, 0.0, None)
    assert exposed["c2"] == {"ann", "dan", "othergroup"} and found["b9"]["exposed"] == 1
    assert {row["group_id"]: (row["calls"], row["answered_any"]) for row in mobilizable_groups(people)}[B] == (5, 1)
    assert (found["c4"]["exposed"], found["c4"]["rate"]) == (0, None)
