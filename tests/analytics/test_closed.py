"""Active days as a closed day keeps them, against sets of days."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.people import closed
from analytics.people.score_features import Habits
from streams.people.memory.names import blank

steady = settings(derandomize=True, deadline=None, max_examples=400)
#: What a member did on days that come one after the other: spoke, reacted, read.
acts = st.dictionaries(
    st.one_of(st.integers(1_000, 1_300), st.sampled_from([1_127, 1_128, 1_255, 1_256])),
    st.tuples(st.booleans(), st.booleans(), st.booleans()).filter(any), max_size=12,
)  # fmt: skip
Acts = dict[int, tuple[bool, bool, bool]]


def habits_on(members: np.ndarray, day: int) -> tuple[set[int], int, int, int]:
    """Days of the mask, days since the newest older one, number of days, and age of the first member."""
    habits = Habits.blank(1)
    closed.habits_then(members, day, *habits)
    word = int(habits.low[0]) | int(habits.high[0]) << 64
    return (
        {day - bit for bit in range(128) if word >> bit & 1},
        *(int(one[0]) for one in habits[3:]),
        int(habits.age[0]),
    )


def wanted(did: Acts, day: int) -> tuple[set[int], int, int, int]:
    older = [one for one in did if one <= day - 128]
    return {one for one in did if one > day - 128}, day - max(older) if older else -1, len(did), day - min(did)


def taken(did: Acts, members: np.ndarray) -> np.ndarray:
    days = sorted(did)
    flags = (np.array([did[day][n] for day in days], np.uint8) for n in range(3))
    closed.acted(members, np.zeros(len(days), np.int32), np.array(days, np.int32), *flags)
    return members


@steady
@given(acts.filter(bool), st.integers(0, 300))
def test_active_days(did: Acts, later: int) -> None:
    members, newest = taken(did, blank(closed.CLOSED, **closed.UNKNOWN)), max(did)
    assert habits_on(members, newest + later) == wanted(did, newest + later)
    for n, name in enumerate(("spoke_day", "reacted_day", "read_day")):
        assert members[name][0] == max((day for day, what in did.items() if what[n]), default=closed.UNKNOWN[name])


@steady
@given(acts.filter(bool), acts, st.integers(0, 200))
def test_whoever_is_loaded_goes_on_as_if_never_away(did: Acts, more: Acts, idle: int) -> None:
    last = max(did) + idle
    days, left, ever, _ = wanted(did, last)
    loaded = blank(closed.CLOSED, **closed.UNKNOWN)
    word = sum(1 << last - day for day in days)
    loaded["low"], loaded["high"] = word & (1 << 64) - 1, word >> 64
    loaded["left"], loaded["ever"], loaded["base_day"], loaded["first_day"] = left, ever, last, min(did)
    closed.settle(loaded, np.zeros(1, np.int32))
    assert loaded["base_day"][0] == max(did)
    later = {last + 1 + day - 1_000: what for day, what in more.items()}
    members, end = taken(later, loaded), max(later, default=last)
    assert habits_on(members, end) == wanted(did | later, end)
