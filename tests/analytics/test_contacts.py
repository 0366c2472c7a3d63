"""Contacts, with literals."""

import numpy as np
import pytest

from analytics.people.contacts import Facts, Names, newest_told, priority_of, rank_next, returned_after
from analytics.people.lists import lists
from analytics.people.states import NO_DAY, STATES

DAY = 1000


def test_the_newest_contact_counts_and_the_newest_refusal() -> None:
    user, place = np.array([1, 1, 1, 1, 2], np.int32), np.array([0, 0, 0, 4, 0], np.int32)
    refused = np.array([False, True, False, False, True])
    days = np.array([7, 8, 9, 3, 5], np.int32)
    last, told = newest_told(Facts(user, place, days.astype(np.int64) * 100, days, refused))
    assert last.tolist() == [2, 3, 4]
    assert [told[name].tolist() for name in ("ts_ms", "count", "day", "refused_day")] == [
        [900, 300, 500], [3, 1, 1], [9, 3, 5], [8, NO_DAY, 5],
    ]  # fmt: skip
    none = np.empty(0, np.int32)
    assert not len(newest_told(Facts(none, none, none.astype(np.int64), none, none.astype(np.bool_)))[0])


@pytest.mark.parametrize(
    ("contacted", "wanted"),
    [
        (DAY - 101, 1), (DAY - 100, 0), (DAY - 114, 1), (DAY - 115, 0),  # the same day is no return, the 14th after is
        (DAY - 128, 0), (DAY - 129, -1), (DAY - 145, -1), (DAY - 165, 0),  # no longer known, back to the first day
    ],
)  # fmt: skip
def test_who_came_back_within_two_weeks(contacted: int, wanted: int) -> None:
    low, high = np.uint64(1), np.uint64(1 << 36)  # the base day, and 100 days before it
    first_day = DAY - 150
    assert returned_after(contacted, low, high, True, DAY, first_day) == wanted
    assert returned_after(contacted, low, high, False, DAY, first_day) == 0


def test_whom_to_contact_next() -> None:
    newcomer, active, at_risk, zombie = (STATES.index(name) for name in ("newcomer", "active", "at_risk", "zombie"))
    in_order = [
        (newcomer, False, False, False, True, 0.2),
        (newcomer, False, False, False, False, 0.9),
        (active, True, False, False, True, 0.1),
        (active, True, True, False, False, 0.1),
        (at_risk, False, False, False, True, 0.1),
        (at_risk, False, False, False, False, 0.1 + 1e-9),
        (at_risk, False, False, False, False, 0.1),
    ]
    found = [priority_of(*one) for one in in_order]
    assert found == sorted(set(found), reverse=True)
    assert min(found) > 0
    assert priority_of(at_risk, False, False, False, False, 0.1 + 1e-12) == found[-1]
    nobody = [
        (newcomer, False, True, False, False, 0.9),  # contacted before
        (active, False, False, False, True, 0.9),
        (zombie, False, False, False, True, 0.04),
        (active, True, False, True, True, 0.9),  # barred
    ]
    assert [priority_of(*one) for one in nobody] == [0, 0, 0, 0]


@pytest.mark.parametrize("room", [2, 3, 4, 100])
def test_members_are_ranked_by_priority_and_id(room: int) -> None:
    """Two groups: of equals the first by id is first, and those without priority have no rank."""
    ids = [b"b", b"ab", b"a", b"d", b"c", b"e"]
    arena = np.frombuffer(b"".join(len(one).to_bytes(2, "little") + one for one in ids), np.uint8)
    names = Names(np.cumsum([0, *(2 + len(one) for one in ids[:-1])]), arena)
    accounts, groups = np.arange(6, dtype=np.int32), np.array([0, 0, 0, 0, 1, 0], np.int32)
    priority = np.array([5, 5, 5, 9, 1, 0])
    rank = np.full(6, 77, np.uint16)
    rank_next(lists(groups, 2), np.array([0]), priority, accounts, names, np.empty(room, np.int32), rank)
    wanted = {3: 1, 2: 2, 1: 3, 0: 4}
    assert rank.tolist() == [wanted.get(n, 0) * (wanted.get(n, 0) <= room) for n in range(4)] + [77, 0]
