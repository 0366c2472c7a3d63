"""What members are at the end of a day: the states of `effective_members`, the first that fits, for all at once."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.masks import count_bits, window
from analytics.people.score_features import seen_on

#: States by code, in the order in which a person's best is chosen; 0: not known yet on that day.
STATES = (
    "", "active", "participant", "lurker", "newcomer", "elsewhere", "unobservable", "at_risk", "zombie", "excluded",
    "left",
)  # fmt: skip
#: Which rule decided, by code.
REASONS = (
    "", "left", "operator", "alias", "bot", "spoke_7d", "spoke_28d", "reacted_28d", "read_28d", "acted_here_28d",
    "joined_7d", "used_28d", "other_group_28d", "no_reading_no_product", "score",
)  # fmt: skip
AT_RISK, ZOMBIE = STATES.index("at_risk"), STATES.index("zombie")
UNOBSERVABLE = STATES.index("unobservable")
_ACTIVE, _PARTICIPANT, LURKER, _NEWCOMER, _ELSEWHERE, _UNOBSERVABLE = range(1, 7)
_EXCLUDED, _LEFT = STATES.index("excluded"), STATES.index("left")
_SPOKE_7D, _SPOKE_28D, _REACTED, _READ, _ACTED, _JOINED, _USED, _OTHER_GROUP, _UNKNOWN, _SCORE = range(5, 15)

#: What persons did in which windows, by bit.
ACTIVITY = tuple(f"{what}_{days}d" for what in ("speakers", "reactors", "readers") for days in (1, 7, 28))

NEVER_MS, NO_DAY = 2**62, -1_000_000
#: Days since something that never was.
FAR = 1_000_000
_ZERO = np.uint64(0)


class Pairs(NamedTuple):
    """Rows found by two numbers (`analytics.kernels.pairs`): as many as there are, and the index."""

    ones: NDArray[np.int32]
    others: NDArray[np.int32]
    places: NDArray[np.int32]


def effective(state: NDArray[Any]) -> NDArray[np.bool_]:
    """Who spoke, reacted, read or acted in the group lately, by code of the state."""
    found: NDArray[np.bool_] = (state > 0) & (state <= LURKER)
    return found


@kernel
def newest_ago(mask_lo, base_day, day):
    """Days from the newest active day to `day`, 0 to 27; `FAR` if there is none. Later days do not count."""
    recent = window(mask_lo, _ZERO, base_day - day, 28)
    if recent == _ZERO:
        return FAR
    return count_bits((recent & (~recent + np.uint64(1))) - np.uint64(1))


@kernel
def is_gone(in_ms, out_ms, seen_ms, roster_ms):
    """Whether a member has left the group: the newest word is a leave, or a complete roster newer than every sign of
    the member."""
    return (out_ms > 0 and out_ms >= in_ms) or roster_ms > max(in_ms, seen_ms)


@kernel
def state_of(gone, role, spoke, reacted, read, acted_here, joined, used, elsewhere, observable):
    """State and reason at the end of a day, as far as the score does not decide: the first that fits.

    spoke, reacted, read (in the group), acted_here (in the product, with an id of the group), joined, used (the
    product), elsewhere (active in any group): days since, `FAR` if never; role: by `schemas.chat.Role`; observable:
    reading is reported, or the person is known in the product.
    """
    if gone:
        return _LEFT, 1
    if role:
        return _EXCLUDED, 1 + role
    if spoke < 7:
        return _ACTIVE, _SPOKE_7D
    if spoke < 28:
        return _PARTICIPANT, _SPOKE_28D
    if reacted < 28:
        return _PARTICIPANT, _REACTED
    if read < 28:
        return LURKER, _READ
    if acted_here < 28:
        return LURKER, _ACTED
    if 0 <= joined < 7:
        return _NEWCOMER, _JOINED
    if used < 28:
        return _ELSEWHERE, _USED
    if elsewhere < 28:
        return _ELSEWHERE, _OTHER_GROUP
    if not observable:
        return _UNOBSERVABLE, _UNKNOWN
    return AT_RISK, _SCORE


@kernel
def is_better(state, silent, best, best_silent):
    """Whether a membership counts for its person instead of the best one so far: by its state, or because nobody can
    tell in either group, and only there the person is not `score.silent_zombies`."""
    return state != 0 and (state < best or (state == best and silent < best_silent))


@kernel
def best_states(state, silent, accounts, person, best, best_silent):
    """The best state of every person, 255 where there is none; and who is silent in all memberships of that state."""
    best[:], best_silent[:] = 255, 0
    for i in range(len(state)):
        who = person[accounts[i]]
        if is_better(state[i], silent[i], best[who], best_silent[who]):
            best[who], best_silent[who] = state[i], silent[i]


@kernel
def habits_of(members, chosen, day, low, high, age, left, ever):
    """Write the `Habits` of the chosen members at the end of a day, of any activity."""
    for i in range(len(chosen)):
        m = members[chosen[i]]
        active_lo = m.spoke_lo | m.reacted_lo | m.read_lo
        low[i], high[i], left[i], ever[i] = seen_on(active_lo, m.active_hi, -1, -1, day - m.base_day)
        age[i] = day - m.first_day
