"""The rules of retention on literals: days after the join, absences, rosters, first joins, cells."""

from typing import Any

import numpy as np
import pytest

from analytics.people import cohorts
from analytics.people import retention as rules
from analytics.people.lists import lists
from analytics.people.present import GROUP, MEMBER, Everybody
from analytics.people.states import NEVER_MS, NO_DAY, Pairs

_DAY_MS = 86_400_000
_N = len(rules.NTH)
_NO_ONE = np.empty(0, np.int32)


def bits(first: int, *nth: int) -> int:
    """The bits of some of `NTH`."""
    return sum(1 << first + rules.NTH.index(n) for n in nth)


@pytest.mark.parametrize(
    "age, spoke, within",
    [
        (0, (), ()), (1, (1,), (7,)), (2, (), (7,)), (7, (7,), (7,)), (8, (), ()), (23, (), ()), (24, (), (30,)),
        (30, (30,), (30,)), (31, (), ()), (53, (), ()), (54, (), (60,)), (60, (60,), (60,)), (83, (), ()),
        (84, (), (90,)), (90, (90,), (90,)), (91, (), ()), (-1, (), ()),
    ],
)  # fmt: skip
def test_days_after_the_join(age: int, spoke: tuple[int, ...], within: tuple[int, ...]) -> None:
    assert rules.on_day(age) == bits(rules.SPOKE, *spoke) | bits(rules.SPOKE_7D, *within)


def member(**values: int) -> Any:
    """A membership that nothing is known of but this; days begin at 0."""
    one = np.zeros(1, MEMBER)
    one["first_ms"], one["join_ms"], one["joined_day"] = NEVER_MS, NEVER_MS, NO_DAY
    for name, value in values.items():
        one[name] = value
    return one[0]


def joined(day: int, **values: int) -> Any:
    at = {"join_ms": day * _DAY_MS, "joined_day": day, "first_ms": day * _DAY_MS, "first_day": day}
    return member(**at | {"in_ms": day * _DAY_MS} | values)


def absences(*rows: tuple[int, int, int, int]) -> rules.Absences:
    """From absences of membership 0: hours from the beginning, first day, day until, missed."""
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    kinds = (np.int64, np.int32, np.int32, np.uint8)
    found = [column.astype(kind) for column, kind in zip(columns, kinds, strict=True)]
    found[0] *= 3_600_000
    return rules.Absences(np.zeros(len(rows), np.int32), *found)


def rosters(*days: float) -> rules.Rosters:
    """Complete rosters of group 0."""
    starts = (np.array(days) * _DAY_MS).astype(np.int64)
    return rules.Rosters(np.zeros(len(days), np.int32), starts // _DAY_MS, starts)


def inside(m: Any, days: range, away: rules.Absences, lists_: rules.Rosters) -> list[int]:
    """The days at whose end somebody was in the group."""
    return [day for day in days if rules.in_group(m, 0, 0, day, away, lists_)]


def test_who_leaves_is_out_until_they_come_again() -> None:
    assert inside(joined(2), range(6), absences(), rosters()) == [2, 3, 4, 5]
    assert inside(joined(2), range(9), absences((4 * 24 + 5, 4, 7, 0)), rosters()) == [2, 3, 7, 8]
    early = joined(2, join_ms=2 * _DAY_MS + 18 * 3_600_000)
    assert inside(early, range(5), absences((2 * 24 + 9, 2, 1_000_000, 0)), rosters()) == [2, 3, 4], (
        "left before joining"
    )
    seen = member(first_ms=_DAY_MS, first_day=1)
    assert inside(seen, range(4), absences(), rosters()) == [1, 2, 3], "never seen to join"
    assert inside(member(), range(4), absences(), rosters()) == [], "known by another name"


def test_who_is_missing_from_a_roster_has_left_unless_seen_again() -> None:
    gone = absences((5 * 24, 5, 9, 1))
    assert inside(joined(2), range(4, 11), gone, rosters(5, 8)) == [4, 9, 10]
    assert inside(joined(2, last_ms=6 * _DAY_MS), range(4, 11), gone, rosters(5, 8)) == [4, 5, 6, 7, 9, 10]
    silent = member(first_ms=_DAY_MS, first_day=1)
    assert inside(silent, range(4), absences(), rosters(2.5)) == [1], "no roster has ever named them"
    assert inside(silent, range(4), absences(), rosters(0.5)) == [1, 2, 3]


def everybody(members: list[Any], closed_day: int, person: list[int], linked: list[bool]) -> Everybody:
    """Memberships of one account each in one group."""
    count = len(members)
    groups, accounts = np.zeros(count, np.int32), np.arange(count, dtype=np.int32)
    of = np.array(person, np.int32)
    group = np.zeros(1, GROUP)
    group["closed_day"] = closed_day
    none = Pairs(_NO_ONE, _NO_ONE, _NO_ONE)
    empty = lists(_NO_ONE, count)
    return Everybody(
        np.array(members, MEMBER), groups, accounts, np.empty(0), np.empty(0), _NO_ONE, none, group, of,
        np.array(linked), lists(of, count), empty, empty,
    )  # fmt: skip


def test_persons_count_from_their_first_join_and_stay_anywhere() -> None:
    e = everybody([joined(9), joined(3), joined(3)], 12, [0, 0, 2], [True, False, False])
    days, words = np.array([9, 3, 3], np.uint16), np.zeros(3, np.uint32)
    persons = np.array([0, 2], np.int32)
    firsts, before, tied = np.empty(2, np.int32), np.empty(2, np.int32), np.empty(2, np.bool_)
    rules.first_joins(e, persons, days, words, firsts, before, tied)
    assert (firsts.tolist(), before.tolist(), tied.tolist()) == ([1, 2], [-1, -1], [False, False])
    away = absences((4 * 24, 4, 1_000_000, 0))._replace(members=np.array([1], np.int32))
    rules.work_out_members(e, np.arange(3), days, away, rosters(), words)
    assert words.tolist() == [bits(rules.STAYED, 1) | 1 << rules.LINKED, 0, bits(rules.STAYED, 1, 7)]
    words[:] = 0
    rules.work_out_persons(e, firsts, days, away, rosters(), words)
    first = 1 << rules.FIRST
    assert words.tolist() == [0, first | bits(rules.STAYED, 7) | 1 << rules.LINKED, first | bits(rules.STAYED, 1, 7)]
    rules.first_joins(e, persons, days, words, firsts, before, tied)
    assert before.tolist() == [1, 2]
    e.members["join_ms"][0] = e.members["join_ms"][1]
    rules.first_joins(e, persons, days, words, firsts, before, tied)
    assert tied.tolist() == [True, False]


def test_days_mark_the_words_of_rows_and_persons() -> None:
    e = everybody([joined(9), joined(3), member()], 12, [0, 0, 2], [False] * 3)
    days, words = np.array([9, 3, rules.NO_JOIN], np.uint16), np.zeros(3, np.uint32)
    counts, done = np.array([2, 1, 1], np.int32), np.array([10, 11, 4, 10], np.uint16)
    rules.mark(words, days, np.array([0, -1, 2]), counts, done, rules.SPOKE)
    assert words.tolist() == [bits(rules.SPOKE, 1) | bits(rules.SPOKE_7D, 7), 0, 0]
    words[:] = 0
    rules.mark_persons(words, days, e, np.array([0, 2, 2]), counts, done, rules.USED)
    used = [bits(rules.USED, 1) | bits(rules.USED_7D, 7), bits(rules.USED, 7) | bits(rules.USED_7D, 7), 0]
    assert words.tolist() == used


def test_days_of_a_span_mark_one_bit() -> None:
    days, counts = np.array([40, 40, 40, 40, rules.NO_JOIN], np.uint16), np.ones(6, np.int32)
    rows, done = np.array([0, 1, 2, 3, 4, -1]), np.array([42, 43, 70, 71, 50, 50], np.uint16)
    words = np.zeros(5, np.uint32)
    rules.mark_span(words, days, rows, counts, done, *rules.SPANS[rules.ACTIVE_30], rules.ACTIVE_30)
    assert (words >> rules.ACTIVE_30).tolist() == [0, 1, 1, 0, 0]


@pytest.mark.parametrize("closed_day, closed, closes", [(4, 0, False), (5, 1, True), (6, 1, False), (11, 3, True)])
def test_days_that_are_closed(closed_day: int, closed: int, closes: bool) -> None:
    days, found = np.array([3, rules.NO_JOIN], np.uint16), np.empty(2, np.bool_)
    assert [rules.closed_of(day, closed_day) for day in days] == [closed, 0]
    before = np.array([closed_day - 1], np.int32)
    rules.closing(np.arange(2), np.zeros(2, np.int32), days, before, before + 1, found)
    assert found.tolist() == [closes, False]


def test_cells_are_counted_by_what_brought_their_members() -> None:
    """Two of a group, one of them linked and by inviter 5; a third whose first day is open, a fourth of another."""
    words = np.array([bits(rules.STAYED, 1, 7) | bits(rules.SPOKE, 1) | bits(rules.SPOKE_7D, 7),
                      bits(rules.STAYED, 1) | 1 << rules.LINKED | bits(rules.USED, 7) | bits(rules.USED_7D, 7), 0],
                     np.uint32)  # fmt: skip
    values = np.array([[0] * 4, [2] * 4, [-1, 5, 5, 5], [-1] * 4, [-1] * 4], np.int32)
    cells = np.zeros(4, cohorts.COHORTS)
    cells["group"], cells["dimension"] = 7, (0, 0, 2, 2)
    cells["value"], cells["landed"] = (0, 0, 5, 6), (1, 2, 0, 0)
    keys, once = cohorts.different(cells)
    assert len(keys) == 3 and sorted(once["landed"].tolist()) == [0, 0, 3]
    found, closed = np.empty((5, 4), np.int32), np.array([3, 3, 0, 3])
    cohorts.find(np.array([7, 7, 7, 8], np.int32), values, closed, keys, found)
    at = {(row["dimension"], row["value"]): place for place, row in enumerate(once)}
    assert found.tolist() == [[at[0, 0], at[0, 0], -1, -1], [-1] * 4, [-1, at[2, 5], -1, -1], [-1] * 4, [-1] * 4]
    counts = np.zeros((2, _N, len(rules.COUNTS)), np.int32)
    for i in range(_N):
        cohorts.add_up(words[[0, 1, 1, 2]], closed[[0, 1, 1, 2]], np.array([0, 0, 1, 1]), i, 1, counts[:, i])
    assert counts[0, :2].tolist() == [[2, 2, 1, 0, 1, 0, 0], [2, 1, 0, 1, 1, 1, 1]]
    assert counts[1, :2].tolist() == [[1, 1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 1, 1, 1]]
    assert not counts[:, 2:].any()
    for i in range(_N):
        cohorts.add_up(words[:2], closed[:2], np.array([0, 0]), i, -1, counts[:, i])
    assert not counts[0].any()


def test_bits_of_open_days_do_not_count() -> None:
    assert rules.MASKS[0] == 0
    assert rules.MASKS[1] == bits(rules.SPOKE, 1) | bits(rules.USED, 1) | bits(rules.STAYED, 1) | 1 << rules.LINKED
    assert rules.MASKS[31] == (1 << rules.FIRST) - 1
