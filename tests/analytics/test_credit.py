"""Credit by every model, and amounts that add up to the unit."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics.results.credit import (
    LARGEST_SUM,
    LARGEST_TOTAL,
    MODELS,
    Paths,
    allocate,
    shares,
    weights,
    weights_by_importance,
)  # fmt: skip

_DAY_MS = 86_400_000
Path = list[tuple[int, int]]  # of every touch: value, age


def paths(*touches: Path) -> Paths:
    flat = [touch for path in touches for touch in path]
    return Paths(
        np.cumsum([0, *map(len, touches)]),
        np.array([value for value, _ in flat], np.int32),
        np.array([age for _, age in flat], np.int64),
    )


def by_age(*days: int) -> Path:
    return [(n, day * _DAY_MS) for n, day in enumerate(days)]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("first", [1, 0, 0, 0]),
        ("last", [0, 0, 0, 1]),
        ("linear", [0.25] * 4),
        ("position", [0.4, 0.1, 0.1, 0.4]),
        ("decay", [0.0941363, 0.1882726, 0.3410459, 0.3765452]),
        ("shapley", [0.25] * 4),
    ],
)
def test_shares_of_four_touches(model: str, expected: list[float]) -> None:
    assert shares(model, paths([], by_age(14, 7, 1, 0), [])) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("model", MODELS)
def test_short_paths(model: str) -> None:
    found = shares(model, paths(by_age(3), [], by_age(2, 2)))
    assert found.tolist() == [1, *{"first": [1, 0], "last": [0, 1]}.get(model, [0.5, 0.5])]
    assert len(shares(model, paths())) == 0


def test_credit_of_values_is_split_over_their_touches() -> None:
    found = shares("shapley", paths([(0, 0)] * 3 + [(5, 0), (-1, 0), (5, 0)]))
    assert found.tolist() == pytest.approx([1 / 9] * 3 + [1 / 6, 1 / 3, 1 / 6])


def test_shapley_of_two_sets() -> None:
    two = paths([(0, 0)], [(0, 0), (1, 0)])
    credit = np.bincount(two.values, shares("shapley", two) * np.repeat([4, 6], [1, 2]))
    assert credit.tolist() == [7, 3]


def test_values_that_matter_more_get_more() -> None:
    importance = np.array([0, 600, 300, 0])
    found = weights_by_importance(paths([(0, 0), (1, 0), (0, 0), (2, 0)], [(2, 0), (2, 0), (-1, 0)]), importance)
    assert found[:4].tolist() == [600, 600, 600, 0]
    assert found[4:].tolist() == [1, 1, 2], "of values that do not matter, all are alike"


def test_a_model_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="'best': there are first, last"):
        weights("best", paths())


def test_splits_by_largest_remainder() -> None:
    firsts = np.array([0, 3, 3, 6, 8])
    found = allocate(np.array([1001, 5, 2, 10**12 + 1]), firsts, np.array([40, 20, 40, 1, 1, 1, 1, 1]))
    assert found.tolist() == [401, 200, 400, 1, 1, 0, 500_000_000_001, 500_000_000_000]


@pytest.mark.parametrize(
    ("total", "of"), [(-1, [1]), (LARGEST_TOTAL + 1, [1]), (1, [0, 0]), (1, [2, -1]), (1, [LARGEST_SUM, 1])]
)
def test_what_cannot_be_allocated(total: int, of: list[int]) -> None:
    with pytest.raises(ValueError, match=f"path 1 cannot share out {total}"):
        allocate(np.array([7, total]), np.array([0, 1, 1 + len(of)]), np.array([1, *of]))


def plainly(total: int, of: list[int]) -> list[int]:
    exact = [Fraction(total * weight, sum(of)) for weight in of]
    found = [int(share) for share in exact]
    for i in sorted(range(len(of)), key=lambda i: (found[i] - exact[i], i))[: total - sum(found)]:
        found[i] += 1
    return found


_WEIGHTS = st.lists(st.integers(0, 9) | st.integers(0, LARGEST_SUM // 12), min_size=1, max_size=12).filter(any)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99) | st.integers(0, LARGEST_TOTAL), _WEIGHTS), min_size=1, max_size=5))
@example([(LARGEST_TOTAL, [LARGEST_SUM]), (LARGEST_TOTAL, [LARGEST_SUM - 2, 1, 1])])
def test_allocation_equals_one_in_fractions(conversions: list[tuple[int, list[int]]]) -> None:
    totals = np.array([total for total, _ in conversions])
    firsts = np.cumsum([0, *(len(of) for _, of in conversions)])
    found = allocate(totals, firsts, np.concatenate([of for _, of in conversions]))
    assert found.tolist() == [amount for total, of in conversions for amount in plainly(total, of)]


_PATHS = st.lists(st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 90 * _DAY_MS)), max_size=40), max_size=4)


@settings(derandomize=True, deadline=None)
@given(_PATHS, st.sampled_from(MODELS), st.integers(0, 10**12))
@example([[(value, 0) for value in range(6) for _ in range((1, 3, 64, 81, 625, 343)[value])]], "shapley", 10**12)
def test_every_model_allocates_everything(touches: list[Path], model: str, total: int) -> None:
    of, totals = paths(*touches), np.full(len(touches), total)
    found = allocate(totals, of.firsts, weights(model, of))
    assert found.min(initial=0) >= 0
    assert [found[a:b].sum() for a, b in pairwise(of.firsts)] == [total * bool(path) for path in touches]
