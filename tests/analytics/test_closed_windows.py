"""Windows that end with a closed day, in literals."""

import numpy as np

from analytics.people import closed
from analytics.people.closed_windows import active_in_groups, count_persons, spoke, talk_of_members
from analytics.people.states import NO_DAY, STATES
from analytics.people.tiers import FIGURES

DAY = 20_000
_ACTIVE, _EXCLUDED, _LEFT, _ZOMBIE = (STATES.index(name) for name in ("active", "excluded", "left", "zombie"))


def test_who_did_what_in_windows_of_1_7_and_28_days() -> None:
    members = np.zeros(4, closed.CLOSED)
    for name in ("spoke_day", "reacted_day", "read_day"):
        members[name] = NO_DAY
    members["ever"] = 1
    members["spoke_day"] = DAY, DAY - 6, DAY - 28, DAY - 7
    members["read_day"][2] = DAY - 1
    counts = np.zeros((2, 9), np.int64)
    active_in_groups(members, np.array([0, 0, 0, 1], np.int32), DAY, counts)
    assert counts.tolist() == [[1, 2, 2, 0, 0, 0, 0, 1, 1], [0, 0, 1, 0, 0, 0, 0, 0, 0]]


def test_days_and_messages_of_members_and_persons() -> None:
    state = np.array([_ACTIVE, _ZOMBIE, _EXCLUDED, _LEFT, 0], np.uint8)
    masks, totals = np.zeros(5, np.uint32), np.zeros(5, np.int32)
    every = np.arange(5, dtype=np.int32)
    spoke(every, np.full(5, 3, np.int32), 0, masks, totals)
    spoke(
        every[:2], np.array([2, 0], np.int32), 27, masks, totals
    )  # a late message is a sign of life that is not counted
    messages, groups = np.empty(5, np.int32), np.array([0, 0, 0, 0, 1], np.int32)
    persons, in_groups = np.array([0, 0, 1, 1, 2], np.int32), np.zeros((3, len(FIGURES)), np.int64)
    masks_of, messages_of = np.zeros(4, np.uint32), np.zeros(4, np.int32)
    talk_of_members(state, masks, totals, groups, persons, in_groups, messages, masks_of, messages_of)
    assert messages.tolist() == [5, 3, 0, 0, 0]
    assert dict(zip(FIGURES, in_groups[0].tolist(), strict=True)) == dict.fromkeys(FIGURES, 0) | {
        "members": 2, "occasional": 2, "messages": 8, "occasional_messages": 8,
    }  # fmt: skip
    assert not in_groups[1:].any()
    figures = np.zeros(len(FIGURES), np.int64)
    count_persons(masks_of, messages_of, figures)
    found = dict(zip(FIGURES, figures.tolist(), strict=True))
    assert found == dict.fromkeys(FIGURES, 0) | {
        "members": 1, "occasional": 1, "messages": 8, "occasional_messages": 8,
    }  # fmt: skip
