"""Who is dead here and alive there, with literals."""

import numpy as np

from analytics.people.across import members_across
from analytics.people.lists import lists
from analytics.people.present import MEMBER
from analytics.people.states import STATES


def test_members_of_several_groups_and_where_they_are_alive() -> None:
    known = (  # person, group, state
        (0, 0, "zombie"), (0, 1, "active"), (0, 1, "lurker"), (0, 2, "left"),
        (1, 0, "active"), (1, 0, "at_risk"), (1, 2, "excluded"),
        (2, 3, "newcomer"), (2, 1, "participant"), (2, 0, "active"),
    )  # fmt: skip
    members = np.zeros(len(known), MEMBER)
    members["state"] = [STATES.index(state) for *_, state in known]
    persons, groups = (np.array(column, np.int32) for column in zip(*[row[:2] for row in known], strict=True))
    rows, counts, dead, ends = (np.zeros(10, np.int32) for _ in range(4))
    elsewhere = np.zeros(20, np.int32)
    count, size = members_across(members, groups, lists(persons, 3), np.arange(3), rows, counts, dead, ends, elsewhere)
    found = {
        int(rows[n]): (int(counts[n]), int(dead[n]), sorted(elsewhere[(ends[n - 1] if n else 0) : ends[n]].tolist()))
        for n in range(count)
    }
    assert found == {
        0: (2, 1, [1]), 1: (2, 0, []), 2: (2, 0, []), 7: (3, 0, [0, 1]), 8: (3, 0, [0]), 9: (3, 0, [1]),
    }  # fmt: skip
    none = np.zeros(0, np.int32)
    assert members_across(members, groups, lists(persons, 3), np.arange(3), rows, counts, dead, ends, none) == (6, size)
