"""What everybody is now, counted: literals for who looks like a zombie though nobody could see them."""

import numpy as np

from analytics.people import present
from analytics.people.lists import lists
from analytics.people.states import STATES, UNOBSERVABLE

ACTIVE, AT_RISK, LEFT = (STATES.index(name) for name in ("active", "at_risk", "left"))


def members(*found: tuple[int, int]) -> np.ndarray:
    """Memberships by state and whether they are silent."""
    rows = np.zeros(len(found), present.MEMBER)
    for row, (state, silent) in zip(rows, found, strict=True):
        row["state"], row["silent"] = state, silent
    return rows


def test_silent_members_are_counted_within_their_group() -> None:
    rows = members((UNOBSERVABLE, 1), (UNOBSERVABLE, 0), (ACTIVE, 0), (UNOBSERVABLE, 1), (LEFT, 0))
    inside = lists(np.array([0, 0, 0, 1, 1], np.int32), 3)
    counts, silent = np.ones((3, len(STATES)), np.int64), np.ones(3, np.int64)
    present.count_states(rows, inside, np.array([1, 0, 2], np.int32), counts, silent)
    assert silent.tolist() == [1, 1, 0]
    assert counts[:, [ACTIVE, UNOBSERVABLE, LEFT]].tolist() == [[0, 1, 1], [1, 2, 0], [0, 0, 0]]


def test_a_person_is_silent_who_is_so_wherever_nobody_can_tell() -> None:
    rows = members(
        (UNOBSERVABLE, 1), (UNOBSERVABLE, 1),  # everywhere
        (UNOBSERVABLE, 1), (UNOBSERVABLE, 0),  # not in the other group
        (UNOBSERVABLE, 1), (ACTIVE, 0),  # seen in the other group
        (UNOBSERVABLE, 1), (AT_RISK, 0),  # whatever is worse does not count
        (0, 0),  # nothing has landed
    )  # fmt: skip
    of = lists(np.array([0, 0, 1, 1, 2, 2, 3, 3, 4], np.int32), 6)
    best, silent = np.zeros(6, np.uint8), np.ones(6, np.uint8)
    present.best_states_of(rows, of, np.arange(6, dtype=np.int32), best, silent)
    assert best.tolist() == [UNOBSERVABLE, UNOBSERVABLE, ACTIVE, UNOBSERVABLE, 255, 255]
    assert silent.tolist() == [1, 0, 0, 1, 0, 0]
