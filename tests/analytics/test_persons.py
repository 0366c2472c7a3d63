"""Whose account it is: ends of chains, cycles and crowds."""

import numpy as np
import pytest

from analytics.people.persons import persons

A, B, C, D, E = range(5)


@pytest.mark.parametrize(
    ("owner", "person"),
    [
        ([-1, -1], [A, B]),
        ([B, -1], [B, B]),
        ([B, C, -1], [C, C, C]),
        ([B, C, D, -1], [D, D, D, D]),
        ([B, C, D, E, -1], [A, E, E, E, E]),  # four links are one too many for the first
        ([A], [A]),
        ([B, A, B], [A, B, C]),  # a cycle, and whom it holds
        ([B, C, B], [A, B, C]),
    ],
)
def test_a_person_is_the_end_of_the_chain(owner: list[int], person: list[int]) -> None:
    found, linked = persons(np.array(owner, np.int32), 100)
    assert found.tolist() == person
    assert linked.tolist() == [one != number for number, one in enumerate(person)]


@pytest.mark.parametrize(("accounts", "believed"), [(3, True), (4, False)])
def test_a_crowd_is_nobody(accounts: int, believed: bool) -> None:
    found, linked = persons(np.array([accounts] * accounts + [-1], np.int32), 3)
    assert found.tolist() == ([accounts] * accounts if believed else list(range(accounts))) + [accounts]
    assert linked.tolist() == [believed] * accounts + [False]


def test_accounts_through_others_are_of_the_crowd() -> None:
    """a and b belong to c, c and d to e: four accounts of e."""
    found, _ = persons(np.array([C, C, E, E, -1], np.int32), 3)
    assert found.tolist() == [A, B, C, D, E]
