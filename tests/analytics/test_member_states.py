"""States of members at the end of a day against the definition, over sets of days and what is known beside them."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.kernels.pairs import find_pairs
from analytics.people.score_features import Habits
from analytics.people.states import (
    ACT,
    AT_RISK,
    MEMBER,
    NEVER_MS,
    NO_DAY,
    REASONS,
    STATES,
    USER,
    Known,
    Pairs,
    active_persons,
    best_states,
    habits_of,
    recent_acts,
    states,
    using_persons,
)  # fmt: skip

steady = settings(derandomize=True, deadline=None, max_examples=400)
#: The day that is asked of, and its end as a time.
DAY, END_MS = 1_000, 500
#: Days before the day asked of, some of them after it; each window's both edges are likely.
some_ages = st.sets(st.one_of(st.sampled_from([-27, -1, 0, 6, 7, 27, 28, 99]), st.integers(-27, 99)), max_size=3)
ages = st.one_of(st.just(set()), st.just(set()), some_ages)
times = st.sampled_from([0, 1, 2, 3, END_MS - 1, END_MS, END_MS + 1])
members = st.lists(
    st.fixed_dictionaries(
        {
            "spoke": ages, "reacted": ages, "read": ages, "first_ms": times, "came_ms": times, "went_ms": times,
            "role": st.sampled_from([0, 0, 0, 1, 2, 3]),
            "joined_day": st.sampled_from([NO_DAY, DAY - 8, DAY - 7, DAY - 6, DAY, DAY + 1]),
            "group": st.integers(0, 1), "account": st.integers(0, 3), "person": st.integers(0, 3),
            "last_ms": times, "linked": st.booleans(),
        }
    ),
    max_size=12,
)  # fmt: skip
flags = st.lists(st.booleans(), min_size=4, max_size=4)
rosters = st.lists(times, min_size=2, max_size=2)
acted = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 1)), max_size=3)


def masked(ages_of: list[set[int]], base_age: int) -> list[int]:
    """Day masks whose bit 0 is `base_age` days before the day asked of."""
    return [sum(1 << age - base_age for age in found) for found in ages_of]


def records(found: list[dict[str, Any]]) -> np.ndarray:
    rows = np.zeros(len(found), MEMBER)
    for row, one in zip(rows, found, strict=True):
        for name in ("first_ms", "came_ms", "went_ms", "last_ms", "joined_day"):
            row[name] = one[name]
        row["named"] = 17 * 4 + one["role"]
        masks = [one[what] for what in ("spoke", "reacted", "read")]
        base = min((age for mask in masks for age in mask), default=0)
        row["base_day"] = DAY - base
        for what, mask in zip(("spoke", "reacted", "read"), masked(masks, base), strict=True):
            row[f"{what}_lo"] = mask & (1 << 64) - 1
            row["active_hi"] |= mask >> 64
    return rows


def known(
    used: list[bool],
    ever: list[bool],
    activity: list[bool],
    linked: list[bool],
    roster_ms: list[int],
    acts: set[tuple[int, int]],
) -> Known:
    pairs = Pairs(np.empty(8, np.int32), np.empty(8, np.int32), np.full(32, -1, np.int32))
    ones, others = (np.array([pair[place] for pair in sorted(acts)], np.int32) for place in (0, 1))
    find_pairs(*pairs, 0, ones, others, np.empty(len(acts), np.int32))
    reported = np.array([False, True])
    return Known(
        np.array(used),
        np.array(ever),
        np.array(activity, np.uint16),
        pairs,
        np.array(linked),
        np.array(roster_ms),
        reported,
    )


def within(found: set[int], days: int) -> bool:
    return any(0 <= age < days for age in found)


def defined(m: dict[str, Any], k: Known, roster_ms: list[int], acts: set[tuple[int, int]]) -> tuple[str, str]:
    """The definition, word by word."""
    who, group = m["account"], m["group"]
    if m["went_ms"] and m["went_ms"] >= m["came_ms"]:
        return "left", "left"
    if roster_ms[group] > max(m["came_ms"], m["last_ms"], m["first_ms"]):
        return "left", "left"
    rules = (
        ("excluded", ("", "operator", "alias", "bot")[m["role"]], m["role"] > 0),
        ("active", "spoke_7d", within(m["spoke"], 7)), ("participant", "spoke_28d", within(m["spoke"], 28)),
        ("participant", "reacted_28d", within(m["reacted"], 28)), ("lurker", "read_28d", within(m["read"], 28)),
        ("lurker", "acted_here_28d", (who, group) in acts),
        ("newcomer", "joined_7d", m["joined_day"] in range(DAY - 6, DAY + 1)), ("elsewhere", "used_28d", k.used[who]),
        ("elsewhere", "other_group_28d", k.activity[who]),
        ("unobservable", "no_reading_no_product", group == 0 and not k.linked[who] and not k.used_ever[who]),
        ("at_risk", "score", True),
    )  # fmt: skip
    return next((state, reason) for state, reason, holds in rules if holds)


@steady
@given(members, flags, flags, flags, flags, rosters, acted)
def test_the_first_state_that_fits(
    found: list[dict[str, Any]], used: list[bool], ever: list[bool], active: list[bool], linked: list[bool],
    roster_ms: list[int], acts: set[tuple[int, int]],
) -> None:  # fmt: skip
    k = known(used, ever, active, linked, roster_ms, acts)
    groups, accounts = (np.array([m[name] for m in found], np.int32) for name in ("group", "account"))
    state, reason = np.empty(len(found), np.uint8), np.empty(len(found), np.uint8)
    states(records(found), groups, accounts, np.arange(4, dtype=np.int32), DAY, END_MS, k, state, reason)
    wanted = [defined(m, k, roster_ms, acts) if m["first_ms"] < END_MS else ("", "") for m in found]
    assert [(STATES[s], REASONS[r]) for s, r in zip(state, reason, strict=True)] == wanted
    best = np.empty(4, np.uint8)
    best_states(state, accounts, np.array([0, 1, 1, 3], np.int32), best)
    mine = {
        who: [s for s, m in zip(state, found, strict=True) if s and m["account"] in some]
        for who, some in ((0, (0,)), (1, (1, 2)), (3, (3,)))
    }
    assert [min(mine.get(who, []), default=255) for who in range(4)] == best.tolist()


@steady
@given(members)
def test_who_is_active_somewhere_and_what_the_score_looks_at(found: list[dict[str, Any]]) -> None:
    rows, person = records(found), np.array([0, 0, 2, 3], np.int32)
    accounts, activity = np.array([m["account"] for m in found], np.int32), np.zeros(4, np.uint16)
    active_persons(rows, accounts, person, DAY, activity)
    kinds = [(what, days) for what in ("spoke", "reacted", "read") for days in (1, 7, 28)]
    wanted = [0] * 4
    for m in found:
        wanted[person[m["account"]]] |= sum(within(m[what], days) << bit for bit, (what, days) in enumerate(kinds))
    assert activity.tolist() == wanted
    any_of = [m["spoke"] | m["reacted"] | m["read"] for m in found]
    rows["first_day"] = DAY - 30
    habits = Habits.blank(len(found))
    habits_of(rows, np.arange(len(found)), DAY, *habits)
    past = [{age for age in some if age >= 0} for some in any_of]
    words = [int(lo) | int(hi) << 64 for lo, hi in zip(habits.low, habits.high, strict=True)]
    assert words == masked(past, 0) and set(habits.age.tolist()) <= {30}
    assert habits.ever.tolist() == list(map(len, past)) and set(habits.left.tolist()) <= {-1}


@steady
@given(st.lists(st.tuples(ages, st.integers(0, 3), times), max_size=4))
def test_who_uses_the_product_and_did_so_before(found: list[tuple[set[int], int, int]]) -> None:
    users, acts = np.zeros(len(found), USER), np.zeros(len(found), ACT)
    for user, act, (some, _, first_ms) in zip(users, acts, found, strict=True):
        base = min(some, default=0)
        user["used_lo"] = act["acted_lo"] = masked([some], base)[0] & (1 << 64) - 1
        user["base_day"] = act["base_day"] = DAY - base
        user["first_ms"] = first_ms or NEVER_MS
    used, ever, recent = np.zeros(4, np.bool_), np.zeros(4, np.bool_), np.empty(len(found), np.bool_)
    names, person = np.array([who for _, who, _ in found], np.int32), np.array([1, 1, 2, 3], np.int32)
    using_persons(users, names, person, DAY, END_MS, used, ever)
    recent_acts(acts, DAY, recent)
    assert recent.tolist() == [within(some, 28) for some, _, _ in found]
    assert used.tolist() == [any(within(some, 28) and person[who] == one for some, who, _ in found) for one in range(4)]
    assert ever.tolist() == [any(0 < ms < END_MS and person[who] == one for _, who, ms in found) for one in range(4)]


def test_codes_are_in_the_order_in_which_the_best_is_chosen() -> None:
    assert STATES.index("active") < STATES.index("lurker") < AT_RISK < STATES.index("zombie") < STATES.index("left")
