"""Removal effects: an example by hand, ten thousand published paths, and removal done the long way."""

import csv
import gzip
from collections.abc import Sequence
from importlib.metadata import files
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.results.credit import MODELS, Paths, shares, weights_by_importance
from analytics.results.markov import Removal, importance, moves, pool
from analytics.results.markov import removal as removal_by
from analytics.results.path_transforms import exposures, taken


def csr(paths: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.cumsum([0, *map(len, paths)]), np.array([value for path in paths for value in path], np.int32)


def removal(*paths: Any) -> Removal:
    """Of paths, as `moves` takes them."""
    return removal_by(moves(*paths))


def test_three_channels() -> None:
    firsts, values = csr([[0, 1, 2], [0], [], [1, 2]])
    found = removal(firsts, values, np.array([1, 0, 9, 0]), np.array([0, 1, 9, 1]), 3)
    assert found.base == pytest.approx(1 / 3, abs=1e-12)
    assert found.effects == pytest.approx([0, 0.5, 1, 1], abs=1e-12)
    assert found.credit == pytest.approx([0, 0.2, 0.4, 0.4], abs=1e-12)
    of = weights_by_importance(Paths(firsts, values, values), importance(found.effects))
    assert of.tolist() == [500_000_000, 10**9, 10**9, 500_000_000, 10**9, 10**9]


def test_without_conversions_nothing_is_lost() -> None:
    found = removal(*csr([[0, 1]]), np.array([0]), np.array([3]), 3)
    assert (found.base, found.effects.tolist(), found.credit.tolist()) == (0, [0] * 4, [0] * 4)
    assert removal(*csr([]), np.zeros(0, np.int64), np.zeros(0, np.int64), 0).base == 0


class Published:
    """Ten thousand paths that the package mta brings along; its code is not loaded."""

    def __init__(self) -> None:
        (name,) = (file for file in files("mta") or [] if file.name == "data.csv.gz")
        with gzip.open(str(name.locate()), "rt") as file:
            rows = list(csv.DictReader(file))
        paths = [row["path"].split(" > ") for row in rows]
        self.names = sorted({name for path in paths for name in path})
        self.firsts, self.values = csr([[self.names.index(name) for name in path] for path in paths])
        self.conversions, self.nulls = (
            np.array([int(row[column]) for row in rows]) for column in ("total_conversions", "total_null")
        )
        self.worth = sum(float(row["total_conversion_value"]) for row in rows)

    def credit(self, model: str) -> dict[str, float]:
        each = shares(model, Paths(self.firsts, self.values, np.zeros(len(self.values), np.int64)))
        credits = np.bincount(self.values, each * np.repeat(self.conversions, np.diff(self.firsts)))
        return dict(zip(self.names, credits, strict=True))


@pytest.fixture(scope="module")
def published() -> Published:
    return Published()


def test_credit_of_published_paths(published: Published) -> None:
    assert (len(published.conversions), published.conversions.sum(), published.nulls.sum()) == (10_000, 19_785, 68_602)
    assert published.worth == pytest.approx(74_802.97, abs=0.005)
    for model, expected in {
        "first": (6308, 2831, 3164),
        "last": (8447, 989, 4167),
        "linear": (7574.718594, 2083.500145, 3539.951157),
    }.items():
        found = published.credit(model)
        assert [found[name] for name in ("alpha", "beta", "eta")] == pytest.approx(expected, abs=1e-6)
    assert published.credit("shapley")["alpha"] == pytest.approx(7627.944048, abs=1e-6)
    for model in MODELS:
        assert sum(published.credit(model).values()) == pytest.approx(19_785)


@pytest.mark.parametrize("collapsed", [False, True])
def test_removal_from_published_paths(published: Published, collapsed: bool) -> None:
    firsts, values, count = published.firsts, published.values, len(published.names)
    if collapsed:
        stays = exposures(firsts, values)
        firsts, values = taken(firsts, stays), values[stays]
    found = removal(firsts, values, published.conversions, published.nulls, count)
    assert found.base == pytest.approx(0.2238451356, abs=1e-10)
    effects = dict(zip(published.names, found.effects[1:], strict=True))
    expected = {"alpha": 0.558399, "iota": 0.405835, "eta": 0.349026, "beta": 0.264039, "delta": 0.000482}
    assert {name: effects[name] for name in expected} == pytest.approx(expected, abs=5e-7)
    assert found.credit.sum() == pytest.approx(1, abs=1e-12)


def base_without(paths: list[list[int]], ends: list[tuple[int, int]], removed: int | None) -> float:
    """Chance of a conversion by iterating the chain; a removed value leads nowhere."""
    moves = np.zeros((6, 6))  # four values, 4: the start, 5: a conversion
    for path, (conversions, nulls) in zip(paths, ends, strict=True):
        for one, other in zip([4, *path], path, strict=False):
            moves[one, other] += conversions + nulls
        moves[path[-1], 5] += conversions
    leaving = np.zeros(6)
    for path, end in zip(paths, ends, strict=True):
        for one in [4, *path]:
            leaving[one] += sum(end)
    chances = moves / np.maximum(leaving, 1)[:, None]
    if removed is not None:
        chances[:, removed] = 0
    return float(np.linalg.solve(np.eye(6) - chances, np.eye(6)[5])[4])


_PATHS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=8)


@settings(derandomize=True, deadline=None)
@given(_PATHS, st.data())
def test_effects_equal_removing_each_value(paths: list[list[int]], data: st.DataObject) -> None:
    ends = [(data.draw(st.integers(0, 5)), data.draw(st.integers(0, 5))) for _ in paths]
    conversions, nulls = np.array(ends).T
    found = removal(*csr(paths), conversions, nulls, 4)
    base = base_without(paths, ends, None)
    assert found.base == pytest.approx(base, abs=1e-12)
    expected = [1 - base_without(paths, ends, value) / base for value in range(4)] if base else [0] * 4
    assert found.effects[1:] == pytest.approx(expected, abs=1e-12)


def test_days_add_up() -> None:
    firsts, values = csr([[0, 1, 2], [0], [], [1, 2]])
    one, other = (np.array([1, 0, 9, 0]), np.array([0, 1, 9, 1])), (np.array([2, 2, 0, 5]), np.array([7, 0, 1, 1]))
    both = moves(firsts, values, one[0] + other[0], one[1] + other[1], 3)
    assert (moves(firsts, values, *one, 3) + moves(firsts, values, *other, 3) == both).all()


def test_the_order_of_paths_does_not_matter(published: Published) -> None:
    firsts, values = published.firsts, published.values
    order = np.random.default_rng(7).permutation(len(firsts) - 1)
    shuffled = csr([values[firsts[i] : firsts[i + 1]] for i in order])
    one = removal(firsts, values, published.conversions, published.nulls, len(published.names))
    other = removal(*shuffled, published.conversions[order], published.nulls[order], len(published.names))
    assert np.array_equal(one.effects, other.effects)


@pytest.mark.parametrize("value", [-2, 3])
def test_a_value_that_is_not_known(value: int) -> None:
    with pytest.raises(ValueError, match=f"from {value} to {value}: only -1 to 2 are known"):
        removal(*csr([[value]]), np.ones(1, np.int64), np.ones(1, np.int64), 3)
    with pytest.raises(ValueError, match="only -1 to 2"):
        weights_by_importance(Paths(*csr([[value]]), np.zeros(1, np.int64)), np.ones(4, np.int64))


def test_values_with_few_touches_share_a_place() -> None:
    found = pool(["d", "a", "c", "b"], np.array([5, 3, 9, 3]), most=3)
    assert found.kept.tolist() == [2, 0, 1]
    assert found.number.tolist() == [1, 2, 0, 3]
    assert pool(["d", "a"], np.array([5, 8])).number.tolist() == [1, 0]
