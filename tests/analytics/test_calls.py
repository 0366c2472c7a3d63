"""Rules of calls, on literals."""

from typing import Any

import numpy as np

from analytics.people.calls import (
    ACT,
    CALL,
    WRITE,
    Calls,
    Exposed,
    Members,
    answer,
    concerned,
    implicit_kinds,
    is_call,
    medians,
    talk,
)  # fmt: skip
from analytics.people.hopes import CHANCES, PARTS
from analytics.people.lists import lists

#: Members 0 and 1 of group 0, and 2 of group 1, who is the same person as member 0.
MEMBERS = Members(np.array([0, 0, 1], np.int32), np.array([0, 1], np.int32), lists(np.array([0, 1, 0], np.int32), 2))
_NEVER = 1 << 62


def _records(kind: np.dtype[Any], *rows: dict[str, int]) -> np.ndarray[Any, Any]:
    found = np.zeros(len(rows), kind)
    for i, row in enumerate(rows):
        for name, value in row.items():
            found[name][i] = value
    return found


#: Two calls by one link, the later one in the other group.
CALLS = Calls(
    _records(
        CALL,
        {"called_ms": 100, "end_ms": 200, "id": 1, "message": 7, "links": 0, "link_count": 1, "group": 0},
        {"called_ms": 150, "end_ms": 250, "id": 2, "links": 0, "link_count": 1, "group": 1},
    ),
    np.array([9], np.uint64), lists(np.array([0, 1], np.int32), 2), 100,
)  # fmt: skip
EXPOSED = Exposed(np.array([0, 2]), np.array([2, 1], np.int32), np.array([0, 1, 2], np.int32))


def first_answers(*acts: dict[str, int]) -> list[int]:
    """When members 0, 1 and 2 answered the call of their group; 0: not."""
    first = np.full(3, _NEVER)
    answer(CALLS, MEMBERS, _records(ACT, *acts), EXPOSED, np.array([1, 0], np.int32), first)
    return np.where(first < _NEVER, first, 0).tolist()


def test_an_act_answers_the_latest_call_that_it_fits() -> None:
    click = {"who": 0, "product": 1, "link": 9}
    assert first_answers(click | {"ts_ms": 99}) == [0, 0, 0]
    assert first_answers(click | {"ts_ms": 100}) == [100, 0, 0]
    assert first_answers(click | {"ts_ms": 150}) == [0, 0, 150]
    assert first_answers(click | {"ts_ms": 250}) == [0, 0, 0]
    assert first_answers(click | {"who": 1, "ts_ms": 160}) == [0, 160, 0], "who is in one group only"
    assert first_answers(click | {"ts_ms": 160, "about": 1}) == [160, 0, 0], "a call that is named takes it"
    assert first_answers(click | {"ts_ms": 160, "about": 3}) == [0, 0, 0]
    reply = {"who": 1, "about": 7}
    assert first_answers(reply | {"ts_ms": 190}, reply | {"ts_ms": 180}) == [0, 180, 0]


def test_all_calls_that_an_act_fits_are_concerned() -> None:
    acts = _records(ACT, {"who": 0, "product": 1, "link": 9, "ts_ms": 160}, {"who": 1, "about": 7, "ts_ms": 210})
    found, chosen = np.zeros(2, np.bool_), np.zeros(2, np.bool_)
    concerned(CALLS, MEMBERS, acts, np.array([True, False]), found, chosen)
    assert (found.tolist(), chosen.tolist()) == ([True, True], [True, False])


def test_talk_in_the_window_and_in_the_equal_window_before() -> None:
    writes = _records(WRITE, *({"member": member, "ts_ms": ts} for member, ts in ((0, 0), (0, 199), (1, 200), (2, 49))))
    during, before = np.zeros(3, np.bool_), np.zeros(3, np.bool_)
    talk(CALLS, MEMBERS.groups, writes, EXPOSED, during, before)
    assert (during.tolist(), before.tolist()) == ([True, False, False], [True, False, False])


def test_medians_chances_and_kinds() -> None:
    waited = np.array([3000, 1000, 2000, 4000, 5000])
    assert medians(np.array([0, 0, 2, 2, 2]), waited, 3).tolist() == [2.0, 0.0, 4.0]
    assert (CHANCES[0] / PARTS, CHANCES[6 * 5 + 5] / PARTS, CHANCES[6 * 1] / PARTS) == (1 / 2, 6 / 7, 1 / 3)
    kinds = implicit_kinds(np.array(["poll", "text", "image"], object), np.array([True, True, False]))
    assert kinds.tolist() == ["poll", "to_all", "link"]
    told, named, role = np.array([True, False, False, False]), np.array([True, True, False, False]), [0, 1, 1, 0]
    assert is_call(told, named, np.array(role), 1).tolist() == [True, False, True, False]
