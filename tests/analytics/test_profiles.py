"""Which values of attributes count, with literals."""

from typing import Any

import numpy as np
import pyarrow as pa

from analytics.people.lists import lists
from analytics.people.present import MEMBER
from analytics.people.profiles import (
    SAID,
    Labels,
    Said,
    newness,
    recount_everybody,
    values_in_groups,
    values_of_payers,
)
from analytics.people.states import STATES
from streams.people.persons.nicknames import told_by

ACTIVE, ZOMBIE, LEFT = (STATES.index(name) for name in ("active", "zombie", "left"))
#: Labels: city Bonn, city Ulm, role maker, city Aachen.
VALUES = (b"Bonn", b"Ulm", b"maker", b"Aachen")
LABELS = Labels(
    np.array([0, 0, 1, 0], np.int32), np.arange(4, dtype=np.int32),
    np.cumsum([0, *(2 + len(value) for value in VALUES[:-1])]),
    np.frombuffer(b"".join(len(value).to_bytes(2, "little") + value for value in VALUES), np.uint8),
)  # fmt: skip
BONN, ULM, MAKER, AACHEN = range(4)


def said(count: int, *rows: tuple[int, int, int, bool]) -> Said:
    """(member, label, time, by a profile), by member."""
    found = np.zeros(len(rows), SAID)
    for row, (member, label, ts_ms, profile) in zip(found, rows, strict=True):
        row["member"], row["label"], row["newest"] = member, label, newness(np.int64(ts_ms), profile)
    return Said(found, np.searchsorted(found["member"], np.arange(count + 1)), LABELS)


def members(*states: int) -> Any:
    found = np.zeros(len(states), MEMBER)
    found["state"] = states
    return found


def test_in_a_group_profiles_come_before_nicknames_and_newer_before_older() -> None:
    told = said(4, (0, BONN, 5, True), (0, MAKER, 1, True), (0, ULM, 9, False), (1, ULM, 9, False), (2, BONN, 1, True),
                (3, BONN, 1, True))  # fmt: skip
    known = members(ACTIVE, ZOMBIE, LEFT, 0)  # who has left, or is nobody, says nothing
    accounts, groups = np.arange(4, dtype=np.int32), np.array([0], np.int32)
    place, label, who = (np.zeros(6, np.int32) for _ in range(3))
    state = np.zeros(6, np.uint8)
    of = lists(np.zeros(4, np.int32), 1)
    count = values_in_groups(known, of, accounts, accounts + 10, told, groups, place, label, state, who)
    found = [one.tolist() for one in np.stack([place, label, state, who], axis=1)[:count]]
    assert found == [[1, BONN, ACTIVE, 10], [1, MAKER, ACTIVE, 10], [1, ULM, ZOMBIE, 11]]


def test_over_all_groups_a_person_counts_once_with_the_best_state() -> None:
    """Of three memberships: the newest value, of equally new ones the last by its bytes; who has left says nothing."""
    told = said(
        4, (0, BONN, 5, True), (0, MAKER, 1, True), (1, AACHEN, 5, True), (1, MAKER, 1, True), (2, ULM, 9, True),
        (3, ULM, 9, True),
    )  # fmt: skip
    known, of = members(ZOMBIE, ACTIVE, LEFT, ACTIVE), lists(np.array([0, 0, 0, 1], np.int32), 2)
    counts, dirty = np.zeros((4, len(STATES)), np.int32), np.zeros(4, np.bool_)
    everybody, best = np.array([0, 1], np.int32), np.array([ACTIVE, ACTIVE], np.uint8)
    for _ in range(2):  # counting again changes nothing
        recount_everybody(known, of, told, everybody, best, counts, dirty)
        assert counts[:, ACTIVE].tolist() == [1, 1, 1, 0]
        assert counts.sum() == 3
        assert dirty.tolist() == [True, True, True, False]
    label, who = np.zeros(6, np.int32), np.zeros(6, np.int32)
    assert values_of_payers(of, told, np.array([0], np.int32), label, who) == 2
    assert sorted(label[:2].tolist()) == [BONN, MAKER]
    best[0] = LEFT
    recount_everybody(known, of, told, everybody, best, counts, dirty)
    assert counts[:, ACTIVE].tolist() == [0, 1, 0, 0]


def test_nicknames_that_follow_the_convention() -> None:
    called = [
        "Ann-buyer-steel-Berlin", "Ann - buyer- steel -Berlin", "Ann", "Ann-buyer-steel", "Ann-buyer--Berlin",
        "Ann-buyer-steel-Berlin-x", "Ann/buyer/steel/Berlin", "Bo-maker-wood-Ulm",
    ]  # fmt: skip
    rows, attributes, columns = told_by(pa.chunked_array([called]), "name-role-industry-city")
    assert rows.tolist() == [0, 1, 7]
    assert dict(zip(attributes, (column.to_pylist() for column in columns), strict=True)) == {
        "role": ["buyer", "buyer", "maker"],
        "industry": ["steel", "steel", "wood"],
        "city": ["Berlin", "Berlin", "Ulm"],
    }
    assert told_by(pa.chunked_array([called]), "")[0].tolist() == []
