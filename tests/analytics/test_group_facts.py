"""Rosters and sizes: which one counts, whatever the order and however often they were merged."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.people.group_facts import merged_rosters, newest_sizes, roster_starts

steady = settings(derandomize=True, deadline=None, max_examples=100)
moments = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 6), st.integers(0, 1)), max_size=12)
sizes = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(0, 5)), max_size=12)


def table(rows: list[tuple[int, ...]], width: int) -> np.ndarray:
    return np.array(rows, np.int64).reshape(-1, width)


@steady
@given(moments, st.randoms())
def test_the_newest_complete_roster_counts_from_its_start(said: list[tuple[int, ...]], rng: random.Random) -> None:
    wanted = [0, 0, 0]
    for group in range(3):
        by_snapshot = [[row for row in said if row[:2] == (group, snapshot)] for snapshot in range(3)]
        whole = [(max(r[2] for r in rows), min(r[2] for r in rows)) for rows in by_snapshot if any(r[3] for r in rows)]
        wanted[group] = max(whole, default=(0, 0))[1]
    rows = [(group, snapshot, at, at, whole) for group, snapshot, at, whole in said]
    cut = rng.randint(0, len(rows))
    parts = merged_rosters(table(rows[:cut], 5)), table(rows[cut:], 5)
    assert roster_starts(merged_rosters(np.concatenate(parts)), 3).tolist() == wanted


@steady
@given(sizes, st.randoms())
def test_the_newest_size_counts(said: list[tuple[int, ...]], rng: random.Random) -> None:
    wanted = {group: max((at, n) for one, at, n in said if one == group) for group in {row[0] for row in said}}
    cut = rng.randint(0, len(said))
    found = newest_sizes(np.concatenate([newest_sizes(table(said[:cut], 3)), table(said[cut:], 3)]))
    assert {group: (at, n) for group, at, n in found.tolist()} == wanted
