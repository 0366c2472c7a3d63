"""What everybody is now, counted: literals for who looks like a zombie though nobody could see them."""

import numpy as np

from analytics.people import present
from analytics.people.lists import lists
from analytics.people.states import STATES, UNOBSERVABLE

ACTIVE, LURKER, AT_RISK, LEFT = (STATES.index(name) for name in ("active", "lurker", "at_risk", "left"))


def members(*found: tuple[int, int]) -> np.ndarray:
    """Memberships by state and whether they are silent."""
    rows = np.zeros(len(found), present.MEMBER)
    for row, (state, silent) in zip(rows, found, strict=True):
        row["state"], row["silent"] = state, silent
    return rows


def test_silent_members_are_counted_within_their_group() -> None:
    rows = members((UNOBSERVABLE, 1), (UNOBSERVABLE, 0), (ACTIVE, 0), (UNOBSERVABLE, 1), (LEFT, 0), (0, 1))
    groups = np.array([0, 0, 0, 1, 1, 1], np.int32)
    counts, silent = np.zeros((3, len(STATES)), np.int64), np.zeros(3, np.int64)
    present.count_states(rows, groups, np.arange(6), 1, counts, silent)
    assert silent.tolist() == [1, 1, 0], "of whom nothing has landed, nothing counts"
    assert counts[:, [ACTIVE, UNOBSERVABLE, LEFT]].tolist() == [[1, 2, 0], [0, 1, 1], [0, 0, 0]]
    present.count_states(rows, groups, np.array([0, 4, 5]), -1, counts, silent)
    assert silent.tolist() == [0, 1, 0] and counts.sum() == 3


def test_a_person_is_effective_once_in_each_group() -> None:
    rows = members((ACTIVE, 0), (LURKER, 0), (ACTIVE, 0), (AT_RISK, 0), (LURKER, 0))
    groups, persons = np.array([0, 0, 1, 1, 1], np.int32), np.arange(2, dtype=np.int32)
    counted, counts = np.zeros(5, np.uint8), np.zeros(2, np.int64)

    def count(of: list[int]) -> list[int]:
        seen = np.zeros(2, np.int64)
        present.count_effective(rows, groups, lists(np.array(of), 2), persons, counted, seen, counts)
        return list(counts)

    assert count([0, 0, 0, 1, 1]) == [1, 2]
    assert count([0, 0, 0, 0, 0]) == [1, 1], "an account that belongs to the same person now counts no more"
    rows["state"][:2] = AT_RISK
    assert count([0, 0, 0, 1, 1]) == [0, 2]


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
