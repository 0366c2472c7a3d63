"""Who people are: which values of attributes count, in a group and over all groups. Compiled, pure.

Of what is said about a member, the newest counts per attribute; what profiles say comes before what nicknames say. Over
all groups a person has one value per attribute, the newest of all the memberships, of equally new ones the last by its
bytes.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.arena import later_id
from analytics.kernels.compiled import kernel
from analytics.people.payers import is_inside

#: What is said about a member: an attribute and value (a label), and how new that is.
SAID = np.dtype(
    [
        ("newest", "i8"),  # `newness` of it
        ("member", "i4"),
        ("label", "i4"),
        ("counted", "u1"),  # the state with which it counts over all groups; 0: it does not
    ]
)
_PROFILE = 1 << 62


class Labels(NamedTuple):
    """Attributes and values by the numbers of labels; where the bytes of each value lie in an arena."""

    attributes: NDArray[np.int32]
    values: NDArray[np.int32]
    places: NDArray[np.int64]
    arena: NDArray[np.uint8]


class Said(NamedTuple):
    """All that is said, sorted by member; that about member `m` is from `firsts[m]` to `firsts[m + 1]`."""

    rows: NDArray[np.void]
    firsts: NDArray[np.int64]
    labels: Labels


def newness(ts_ms: NDArray[np.int64], profile: bool) -> NDArray[np.int64]:
    """How new something is, among all that profiles and nicknames say."""
    return ts_ms + _PROFILE * profile


def by_profile(newest: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a profile says it."""
    found: NDArray[np.bool_] = newest >= _PROFILE
    return found


@kernel
def _counts(said, one, first, end):
    """Whether nothing newer from `first` to `end` is about the same attribute; of equals, only one counts."""
    mine, labels = said.rows[one], said.labels
    for other in range(first, end):
        theirs = said.rows[other]
        if other == one or labels.attributes[theirs.label] != labels.attributes[mine.label]:
            continue
        if theirs.newest != mine.newest:
            if theirs.newest > mine.newest:
                return False
        elif theirs.label == mine.label:
            if other < one:
                return False
        else:
            places = labels.places[labels.values[theirs.label]], labels.places[labels.values[mine.label]]
            if later_id(labels.arena, places[0], places[1]):
                return False
    return True


@kernel
def values_in_groups(members, members_in, accounts, person, said, groups, place, label, state, who):
    """What counts of the members of these groups: group + 1, label, state and person, into arrays with room for all
    that is said there. Returns how many there are."""
    count = 0
    for group in groups:
        for i in range(members_in.firsts[group], members_in.firsts[group + 1]):
            row = members_in.rows[i]
            if not is_inside(members[row].state):
                continue
            first, end = said.firsts[row], said.firsts[row + 1]
            for one in range(first, end):
                if _counts(said, one, first, end):
                    place[count], label[count] = group + 1, said.rows[one].label
                    state[count], who[count] = members[row].state, person[accounts[row]]
                    count += 1
    return count


@kernel
def _counts_of(members, mine, said, one, mine_first, mine_end):
    """The same, among all that is said of a person's memberships."""
    for i in range(mine_first, mine_end):
        row = mine[i]
        if is_inside(members[row].state) and not _counts(said, one, said.firsts[row], said.firsts[row + 1]):
            return False
    return True


@kernel
def recount_everybody(members, members_of, said, persons, best, counts, dirty):
    """Count these persons anew, each once per attribute, with their best state.

    best: of every person; counts: (labels, states); dirty: labels whose counts have changed.
    """
    for who in persons:
        begin, end = members_of.firsts[who], members_of.firsts[who + 1]
        for i in range(begin, end):
            for one in range(said.firsts[members_of.rows[i]], said.firsts[members_of.rows[i] + 1]):
                row = said.rows[one]
                if row.counted:
                    counts[row.label, row.counted] -= 1
                    dirty[row.label] = True
                    row.counted = 0
        if not is_inside(best[who]):
            continue
        for i in range(begin, end):
            member = members_of.rows[i]
            if not is_inside(members[member].state):
                continue
            for one in range(said.firsts[member], said.firsts[member + 1]):
                row = said.rows[one]
                if _counts_of(members, members_of.rows, said, one, begin, end):
                    row.counted = best[who]
                    counts[row.label, row.counted] += 1
                    dirty[row.label] = True


@kernel
def values_of_payers(members_of, said, payers, label, who):
    """Labels with which these persons count over all groups, into arrays with room for all. Returns how many."""
    count = 0
    for one in payers:
        for i in range(members_of.firsts[one], members_of.firsts[one + 1]):
            row = members_of.rows[i]
            for at in range(said.firsts[row], said.firsts[row + 1]):
                if said.rows[at].counted:
                    label[count], who[count] = said.rows[at].label, one
                    count += 1
    return count
