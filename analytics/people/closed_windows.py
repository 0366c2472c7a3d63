"""How alive groups were in the windows that end with a closed day, and how often members had spoken. Compiled, pure."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import kernel
from analytics.kernels.masks import count_bits
from analytics.people.closed import activity_of, is_known
from analytics.people.states import ACTIVITY, STATES
from analytics.people.tiers import add_member

#: Days of the longest window.
DAYS = 28
_KINDS, _EXCLUDED = len(ACTIVITY), STATES.index("excluded")
#: Beside the bits of days: somebody has a membership that is in the base of tiers.
_IN_BASE = np.uint32(1 << DAYS)


@kernel
def active_in_groups(closed, groups, day, counts):
    """Count what the members of each group did; counts: (groups, 9), by `states.ACTIVITY`."""
    for i in range(len(closed)):
        c = closed[i]
        found = activity_of(c, day)
        if found and is_known(c):
            for kind in range(_KINDS):
                counts[groups[i], kind] += found >> kind & 1


@kernel
def spoke(rows, messages, age, masks, totals):
    """Mark that these members spoke so many days before the last one, and add up what they wrote."""
    for i in range(len(rows)):
        masks[rows[i]] |= np.uint32(1 << age)
        totals[rows[i]] += messages[i]


@kernel
def talk_of_members(state, masks, totals, groups, persons, figures, messages, masks_of, messages_of):
    """What members of the base wrote, of which operators and who has left are no part, and the figures of their groups.
    Persons gather days and messages over all their memberships.

    masks, totals: as of `spoke`; groups, persons: of every membership; figures: (groups, 8), by `tiers.FIGURES`.
    """
    for row in range(len(state)):
        messages[row] = 0
        if 0 < state[row] < _EXCLUDED:
            messages[row] = totals[row]
            add_member(count_bits(np.uint64(masks[row])), np.int64(totals[row]), 1, figures[groups[row]])
            masks_of[persons[row]] |= masks[row] | _IN_BASE
            messages_of[persons[row]] += totals[row]


@kernel
def count_persons(masks_of, messages_of, figures):
    """Count everybody once, by `tiers.FIGURES`."""
    for who in range(len(masks_of)):
        if masks_of[who] & _IN_BASE:
            add_member(count_bits(np.uint64(masks_of[who] ^ _IN_BASE)), np.int64(messages_of[who]), 1, figures)
