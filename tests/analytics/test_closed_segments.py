"""Segments of closed days, with literals: what memberships, users and orders make of a person."""

from typing import Any

import numpy as np
import pytest

from analytics.people import closed
from analytics.people.closed_segments import SEGMENT, bought_by, hash_persons, hash_rows, seen_by, segments
from analytics.people.orders import WORTH
from analytics.people.segments import LIFECYCLES, STAGES, referred
from analytics.people.states import NO_DAY
from streams.people.memory.names import blank

DAY, FAR = 20_000, 1_000_000


def member(role: int = 0, **values: int) -> np.ndarray:
    """A membership that was first heard of 300 days ago."""
    known = {"first_ms": 1, "first_day": DAY - 300, "named": role} | values
    return blank(closed.CLOSED, **closed.UNKNOWN | known)


def active(ago: int, **values: int) -> np.ndarray:
    return member(ever=1, base_day=DAY - ago, **values)


def judged(
    *members: np.ndarray, person: tuple[int, ...] = (), users: dict[int, tuple[int, int]] | None = None,
    signed_up: tuple[int, ...] = (), worth: tuple[tuple[int, int, int, int], ...] = (), named: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """What person 0 is, of as many names as there are memberships, all of them 0's unless said; users: first and newest
    day of use by name; worth: currency, orders, net, and day of the last order of 0."""
    count = max(len(members), 1)
    persons = np.array(person or [0] * count, np.int32)
    began, used = np.full(count, FAR, np.int32), np.full(count, NO_DAY, np.int32)
    for name, (first, last) in (users or {}).items():
        began[name], used[name] = DAY - first, DAY - last
    flags = np.isin(np.arange(count), signed_up)
    rows = np.concatenate(members) if members else np.empty(0, closed.CLOSED)
    seen = seen_by(rows, np.arange(len(rows), dtype=np.int32), (began, used, flags), persons, DAY)
    worths, firsts = np.zeros(len(worth), WORTH), np.full(count + 2, len(worth))
    firsts[0] = 0
    for n, name in enumerate(("currency", "orders", "net", "last_day")):
        worths[name] = [one[n] for one in worth]
    counts = np.zeros(count, np.int32)
    counts[0] = named
    bought = bought_by(seen, firsts, worths, np.array([1, 0]), counts)
    found = np.zeros(1, SEGMENT)
    segments(seen, bought, np.zeros(1, np.int32), DAY, found)
    hashes, one = np.empty(count, np.uint64), np.empty(1, np.uint64)
    hash_persons(seen, bought, DAY, np.zeros(1, SEGMENT), hashes)
    hash_rows(found, one)
    assert one[0] == hashes[0]
    names = {"lifecycle": LIFECYCLES, "stage": STAGES}
    return {name: names[name][found[name][0]] if name in names else int(found[name][0]) for name in SEGMENT.names or ()}


@pytest.mark.parametrize(
    ("first", "ago", "wanted"),
    [
        (6, None, "new"), (7, None, "fading"), (300, 13, "engaged"), (300, 14, "fading"), (300, 27, "fading"),
        (300, 28, "dormant"), (300, 89, "dormant"), (300, 90, "lost"), (300, None, "lost"), (27, None, "fading"),
    ],
)  # fmt: skip
def test_life_cycles(first: int, ago: int | None, wanted: str) -> None:
    one = member(first_day=DAY - first) if ago is None else active(ago, first_day=DAY - first)
    found = judged(one)
    assert found["lifecycle"] == wanted and found["first_day"] == DAY - first
    assert found["last_day"] == (0 if ago is None or wanted == "engaged" else DAY - ago)


def test_stages_and_what_is_worth_winning_back() -> None:
    spoke = active(40, spoke_day=DAY - 40)
    cases: list[tuple[dict[str, Any], str, int]] = [
        (judged(active(40)), "acquisition", 0), (judged(active(27)), "retention", 0),
        (judged(active(27, first_day=DAY - 54)), "acquisition", 0), (judged(spoke), "activation", 1),
        (judged(active(40), signed_up=(0,)), "activation", 1),
        (judged(active(40), worth=((0, 1, 5, DAY - 50),)), "revenue", 1),
        (judged(active(40), worth=((0, 1, 0, DAY - 50),)), "acquisition", 0),
        (judged(active(100), worth=((0, 1, 5, DAY - 50),)), "revenue", 1),
        (judged(active(100, spoke_day=DAY - 100)), "activation", 0), (judged(active(40), named=1), "referral", 0),
    ]  # fmt: skip
    for found, stage, back in cases:
        assert (found["stage"], found["win_back"]) == (stage, back), found


def test_a_person_is_all_plain_memberships_and_users() -> None:
    found = judged(active(40), member(first_day=DAY - 400), users={1: (350, 20)})
    assert (found["first_day"], found["last_day"], found["lifecycle"]) == (DAY - 400, DAY - 20, "fading")
    joined = judged(active(40, joined_day=DAY - 500), active(1, role=1, first_day=DAY - 900))
    assert (joined["first_day"], joined["last_day"]) == (DAY - 500, DAY - 40), "an operator's acts are not a customer's"
    apart = judged(active(40), active(3), person=(0, 1))
    assert apart["last_day"] == DAY - 40


def test_who_is_nobody() -> None:
    alias, unknown = member(role=2, by_name=1), blank(closed.CLOSED, **closed.UNKNOWN)
    assert closed.is_known(member(role=2)[0]) and not closed.is_known(alias[0])
    for found in (
        judged(active(3, role=1)), judged(active(3, role=1), users={0: (3, 3)}), judged(), judged(unknown),
        judged(unknown, signed_up=(0,)),
    ):  # fmt: skip
        assert not found["lifecycle"] and not any(value for value in found.values())
    for found in (judged(users={0: (3, 3)}), judged(alias, users={0: (3, 3)}), judged(active(3), active(3, role=1))):
        assert found["lifecycle"] in ("new", "engaged")


def test_the_currency_of_most_orders_and_of_two_the_first_by_name() -> None:
    most = judged(active(3), worth=((0, 1, 900, DAY - 9), (1, 2, 5, DAY - 8)))
    assert (most["currency"], most["orders"], most["net"], most["last_order"]) == (1, 2, 5, DAY - 8)
    assert judged(active(3), worth=((0, 1, 9, DAY), (1, 1, 9, DAY)))["currency"] == 1
    assert [most[name] for name in ("recency", "frequency", "monetary")] == [1, 1, 1]


def test_people_are_referred_once_and_not_by_themselves() -> None:
    by, who = np.array([0, 0, 0, 1, 2], np.int32), np.array([1, 1, 2, 1, 0], np.int32)
    assert referred(by, who, 4).tolist() == [2, 0, 1, 0]


def test_every_difference_shows_in_the_hash() -> None:
    rows = np.zeros(1 + len(SEGMENT.names or ()), SEGMENT)
    rows["lifecycle"] = 1
    for number, name in enumerate(SEGMENT.names or (), 1):
        rows[name][number] += 1
    found = np.empty(len(rows), np.uint64)
    hash_rows(rows, found)
    assert len(set(found.tolist())) == len(rows) and found.all()
    rows["lifecycle"] = 0
    hash_rows(rows, found)
    assert not found.any()
