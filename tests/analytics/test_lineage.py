"""Who brought whom: bindings and trees."""

import math
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.results.lineage import KINDS, OUTCOMES, Claims, bind, earns, trees

A, B, C, D = range(4)
Claim = tuple[int, int, int, str, int]  # person, referrer, time, kind, id


def claims(*rows: Claim) -> Claims:
    person, referrer, ts_ms, kind, number = zip(*rows, strict=True) if rows else ((),) * 5
    return Claims(
        np.array(person, np.int32), np.array(referrer, np.int32), np.array(ts_ms, np.int64),
        np.array([KINDS.index(name) for name in kind], np.int8), np.array(number, np.int64),
    )  # fmt: skip


def bound(*rows: Claim, persons: int = 4, excluded: tuple[int, ...] = ()) -> tuple[list[int], list[str]]:
    found = bind(claims(*rows), np.isin(np.arange(persons), excluded))
    return found.referrers(claims(*rows))[0].tolist(), [OUTCOMES[number] for number in found.outcome]


def test_the_first_valid_claim_binds() -> None:
    referrers, outcomes = bound(
        (A, C, 9, "signup", 0), (A, B, 5, "share", 1), (A, A, 1, "code", 2), (A, -1, 2, "trial", 3),
        (A, D, 3, "code", 4), excluded=(D,),
    )  # fmt: skip
    assert referrers == [B, -1, -1, -1]
    assert outcomes == ["later", "bound", "self", "unknown", "excluded"]


def test_claims_of_one_moment_count_by_kind_then_by_id() -> None:
    assert bound((A, B, 5, "inviter", 0), (A, C, 5, "trial", 1), (A, D, 5, "trial", 0))[0][A] == D


def test_nobody_is_brought_by_whom_they_brought() -> None:
    referrers, outcomes = bound((B, A, 1, "code", 0), (C, B, 2, "code", 0), (A, C, 3, "code", 0), (A, D, 4, "code", 0))
    assert (referrers, outcomes) == ([D, A, B, -1], ["bound", "bound", "cycle", "bound"])


def test_accounts_that_turn_out_to_be_one_person() -> None:
    """b brought a1 and a1 brought c; then b and c are linked: whichever came first stays, and there is no cycle."""
    assert bound((A, B, 1, "code", 0), (C, A, 2, "code", 0))[0] == [B, -1, A, -1]
    assert bound((A, B, 1, "code", 0), (B, A, 2, "code", 0)) == ([B, -1, -1, -1], ["bound", "cycle"])


def test_since_when_and_for_how_long_a_referrer_earns() -> None:
    rows = claims((A, B, 5, "code", 0))
    referrer, since = bind(rows, np.zeros(2, np.bool_)).referrers(rows)
    assert (referrer.tolist(), since.tolist()) == ([B, -1], [5, 0])
    assert earns(since[[A] * 4], np.array([4, 5, 14, 15]), 10).tolist() == [False, True, True, False]


_CLAIMS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-1, 5), st.integers(0, 9), st.sampled_from(KINDS)), max_size=20
)


@settings(derandomize=True, deadline=None)
@given(_CLAIMS, st.sets(st.integers(0, 5), max_size=2), st.randoms(use_true_random=False))
def test_bindings_equal_a_walk_up_the_tree_in_any_order(rows: list, excluded: set[int], random) -> None:
    numbered = [(*row, number) for number, row in enumerate(rows)]
    referrer = [-1] * 6
    for person, by, *_ in sorted(numbered, key=lambda row: (row[2], KINDS.index(row[3]), row[4])):
        above = by
        while above not in (-1, person):
            above = referrer[above]
        if by >= 0 and by not in excluded and referrer[person] < 0 and above < 0:
            referrer[person] = by
    random.shuffle(numbered)
    assert bound(*numbered, persons=6, excluded=tuple(excluded))[0] == referrer


def grown(referrer: list[int], since: list[int] | None = None):
    return trees(np.array(referrer, np.int32), np.array(since or [0] * len(referrer), np.int64))


@pytest.mark.parametrize(
    ("referrer", "virality", "depth"),
    [([-1, 0, 0, 0, 0], 1.6, 1), ([-1, 0, 1, 2, 3], 2.0, 4), ([-1, 0, 0, 1, 1, 2, 2], 2.2857142857, 2)],
)
def test_structural_virality(referrer: list[int], virality: float, depth: int) -> None:
    found = grown(referrer)
    assert found.virality[0] == pytest.approx(virality, abs=1e-10)
    assert (found.depth[0], found.size[0]) == (depth, len(referrer) - 1)
    assert math.isnan(found.virality[-1])


def test_how_many_and_how_fast() -> None:
    found = grown([-1, 0, 0, 1, 1, 3], [0, 10, 20, 15, 30, 115])
    assert found.direct.tolist() == [2, 2, 0, 1, 0, 0]
    assert found.size.tolist() == [5, 3, 0, 1, 0, 0]
    assert found.k[:2].tolist() == [3 / 5, 1 / 3], "of five people below, one brought two and one brought one"
    assert found.cycle_ms[:2].tolist() == [(5 + 20 + 100) / 3, 100]
    assert np.isnan(found.cycle_ms[2:]).all()
    assert found.root.tolist() == [0] * 6
    assert found.generation.tolist() == [0, 1, 1, 2, 2, 3]


@settings(derandomize=True, deadline=None)
@given(st.lists(st.integers(-1, 100), min_size=1, max_size=12))
def test_trees_equal_a_search_from_everybody(numbers: list[int]) -> None:
    referrer = [min(by, number - 1) for number, by in enumerate(numbers)]
    found = grown(referrer)
    for who in range(len(referrer)):
        below = {who}
        for other in range(who + 1, len(referrer)):
            if referrer[other] in below:
                below.add(other)
        distances = [distance for one in below for distance in _distances(referrer, below, one).values()]
        assert found.size[who] == len(below) - 1
        assert found.depth[who] == max(_distances(referrer, below, who).values())
        if len(below) > 1:
            assert found.virality[who] == pytest.approx(sum(distances) / (len(below) * (len(below) - 1)))


def _distances(referrer: list[int], among: set[int], one: int) -> dict[int, int]:
    found, waiting = {one: 0}, deque([one])
    while waiting:
        who = waiting.popleft()
        for other in among - found.keys():
            if referrer[other] == who or referrer[who] == other:
                found[other] = found[who] + 1
                waiting.append(other)
    return found


@pytest.mark.parametrize("count", [10_000, 1_000_000])
def test_a_chain_of_everybody(count: int) -> None:
    person = np.arange(count, dtype=np.int32)
    chain = Claims(person, person - 1, person[::-1].astype(np.int64), np.zeros(count, np.int8), person.astype(np.int64))
    found = bind(chain, np.zeros(count, np.bool_))
    assert (np.bincount(found.outcome, minlength=3)[:3].tolist()) == [count - 1, 0, 1]
    tree = trees(*found.referrers(chain))
    assert tree.depth[0] == tree.size[0] == tree.generation[-1] == count - 1
    assert tree.virality[0] == pytest.approx((count + 1) / 3)


def test_a_cycle_is_no_tree() -> None:
    with pytest.raises(ValueError, match="bindings must come from `bind`"):
        grown([1, 0])


def test_who_was_brought_after_they_brought_others_has_no_cycle_time() -> None:
    referrer = np.array([-1, 0, 1, 1], np.int32)
    found = trees(referrer, np.array([0, 50, 20, 80], np.int64))
    assert found.cycle_ms[0] == 30
