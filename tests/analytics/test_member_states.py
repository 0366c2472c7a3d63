"""What a member is against the definition, over what is known."""

from typing import get_args

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.people.states import AT_RISK, FAR, REASONS, STATES, best_states, is_gone, state_of
from schemas.chat import Role

steady = settings(derandomize=True, deadline=None, max_examples=400)
days_ago = st.sampled_from([FAR, FAR, 0, 6, 7, 27, 28])
times = st.integers(0, 3)


@steady
@given(
    st.booleans(), st.sampled_from([0, 0, 0, 1, 2, 3]), *[days_ago] * 4, st.sampled_from([FAR, -1, 0, 6, 7]),
    *[days_ago] * 2, st.booleans(),
)  # fmt: skip
def test_the_first_state_that_fits(
    gone: bool, role: int, spoke: int, reacted: int, read: int, acted: int, joined: int, used: int, elsewhere: int,
    observable: bool,
) -> None:  # fmt: skip
    rules = (
        ("left", "left", gone), ("excluded", get_args(Role)[role], role > 0), ("active", "spoke_7d", spoke < 7),
        ("participant", "spoke_28d", spoke < 28), ("participant", "reacted_28d", reacted < 28),
        ("lurker", "read_28d", read < 28), ("lurker", "acted_here_28d", acted < 28),
        ("newcomer", "joined_7d", joined in range(7)), ("elsewhere", "used_28d", used < 28),
        ("elsewhere", "other_group_28d", elsewhere < 28), ("unobservable", "no_reading_no_product", not observable),
        ("at_risk", "score", True),
    )  # fmt: skip
    state, reason = state_of(gone, role, spoke, reacted, read, acted, joined, used, elsewhere, observable)
    assert (STATES[state], REASONS[reason]) == next((one, why) for one, why, holds in rules if holds)


@steady
@given(times, times, times, times)
def test_who_has_left(came: int, went: int, seen: int, roster: int) -> None:
    assert is_gone(came, went, seen, roster) == ((went > 0 and went >= came) or roster > max(came, seen))


@steady
@given(st.lists(st.tuples(st.integers(0, len(STATES) - 1), st.booleans(), st.integers(0, 3)), max_size=12))
def test_the_best_state_of_a_person_and_who_is_silent_in_all_of_it(found: list[tuple[int, bool, int]]) -> None:
    person, best, quiet = np.array([0, 1, 1, 3], np.int32), np.empty(4, np.uint8), np.empty(4, np.uint8)
    state, silent, accounts = (
        np.array([one[place] for one in found], kind) for place, kind in enumerate((np.uint8, np.uint8, np.int32))
    )
    best_states(state, silent, accounts, person, best, quiet)
    for who in range(4):
        mine = [(s, quietly) for s, quietly, account in found if s and person[account] == who]
        assert best[who] == min((s for s, _ in mine), default=255)
        assert quiet[who] == (bool(mine) and all(quietly for s, quietly in mine if s == best[who]))


def test_codes_are_in_the_order_in_which_the_best_is_chosen() -> None:
    assert STATES.index("active") < STATES.index("lurker") < AT_RISK < STATES.index("zombie") < STATES.index("left")
