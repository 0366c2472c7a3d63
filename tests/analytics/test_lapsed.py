"""Paths that did not convert: by hand, and against a plain reading of their definition."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.results.lapsed import lapsed
from analytics.results.paths import LONGEST, TOUCH

#: Of three kinds, the last never counts.
_LOOKBACK = (5, 12, 0)
Told = list[tuple[int, int]]
Path = tuple[list[int], int]

_persons = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2)), max_size=12).map(sorted),
        st.lists(st.integers(0, 70), max_size=5).map(sorted),
    ),
    max_size=4,
)


def found(persons: list[tuple[Told, list[int]]], until: int = 1000) -> list[list[Path]]:
    """Of every person the places of touches on each path, and when it closed."""
    touches = np.zeros(sum(len(mine) for mine, _ in persons), TOUCH)
    touches["ms"] = [ms for mine, _ in persons for ms, _ in mine]
    touches["kind"] = [kind for mine, _ in persons for _, kind in mine]
    firsts = np.cumsum([0, *(len(mine) for mine, _ in persons)])
    times = np.array([ms for _, some in persons for ms in some], np.int64)
    some = lapsed(touches, firsts, times, np.cumsum([0, *(len(x) for _, x in persons)]), np.array(_LOOKBACK), until)
    paths: list[list[Path]] = [[] for _ in persons]
    for i, (begin, end) in enumerate(pairwise(some.firsts)):
        rows = some.rows[begin:end] - firsts[some.of[i]]
        paths[some.of[i]].append((rows.tolist(), int(some.closed_ms[i])))
    return paths


def plainly(touches: Told, conversions: list[int], until: int) -> list[Path]:
    """The same of one person: all paths first, then those that lapsed."""
    runs = list[list[int]]()
    closes = list[int]()
    for i, (ms, kind) in enumerate(touches):
        if not _LOOKBACK[kind]:
            continue
        begins = not runs or ms >= closes[-1] or any(touches[runs[-1][-1]][0] <= one < ms for one in conversions)
        if begins:
            runs.append([])
            closes.append(0)
        runs[-1].append(i)
        closes[-1] = max(closes[-1], ms + _LOOKBACK[kind])
    return [
        (run, end)
        for run, end in zip(runs, closes, strict=True)
        if end < until and not any(touches[run[-1]][0] <= one < end for one in conversions)
    ]


@settings(derandomize=True, deadline=None, max_examples=300)  # the first example may compile
@given(_persons, st.integers(0, 80))
def test_they_are_those_of_the_definition(persons: list[tuple[Told, list[int]]], until: int) -> None:
    assert found(persons, until) == [plainly(*one, until) for one in persons]


def test_a_lookback_that_is_open_joins_touches() -> None:
    assert found([([(0, 1), (11, 0), (16, 0)], [])]) == [[([0, 1], 16), ([2], 21)]]


def test_a_conversion_splits_and_takes_what_was_open() -> None:
    # at 3 the first touch converts, as does one of the same moment; the next begins another path
    assert found([([(0, 0), (3, 0), (4, 0)], [3])]) == [[([2], 9)]]
    # a conversion of the very moment at which a lookback closes has come too late
    assert found([([(0, 0)], [5])]) == [[([0], 5)]] and found([([(0, 0)], [4])]) == [[]]


def test_a_path_that_is_not_closed_is_none_yet() -> None:
    assert found([([(0, 0)], [])], until=5) == [[]] and found([([(0, 0)], [])], until=6) == [[([0], 5)]]


def test_the_newest_touches_stay() -> None:
    many = [(n, 0) for n in range(LONGEST + 30)]
    assert found([(many, []), ([(1, 1)], [])]) == [[(list(range(30, LONGEST + 30)), LONGEST + 34)], [([0], 13)]]
