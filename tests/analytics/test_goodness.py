"""AUC, Brier score, log loss and calibration, by hand and against the slow definition."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.backtest.goodness import calibration, log_loss
from analytics.people.goodness import auc, brier

steady = settings(derandomize=True, deadline=None, max_examples=200)
judged = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.booleans()), max_size=40)


def columns(rows: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([chance for chance, _ in rows]), np.array([outcome for _, outcome in rows], dtype=np.bool_)


def test_by_hand() -> None:
    chances, outcomes = columns([(0.9, True), (0.6, False), (0.6, True), (0.1, False)])
    assert auc(chances, outcomes) == 3.5 / 4
    assert brier(chances, outcomes) == pytest.approx((0.01 + 0.36 + 0.16 + 0.01) / 4)
    assert log_loss(chances, outcomes) == pytest.approx(-(2 * math.log(0.9) + math.log(0.4) + math.log(0.6)) / 4)
    curve = calibration(chances, outcomes, 2)
    assert curve.predicted == pytest.approx([(0.1 + 0.6 + 0.6) / 3, 0.9])
    assert curve.observed == pytest.approx([1 / 3, 1])
    assert curve.members.tolist() == [3, 1]


def test_certainty_that_was_wrong_is_infinitely_bad() -> None:
    assert log_loss(*columns([(0.0, True), (0.5, True)])) == math.inf
    assert log_loss(*columns([(0.0, False), (1.0, True)])) == 0


@steady
@given(judged)
def test_auc_is_the_share_of_pairs_in_order(rows: list[tuple[float, bool]]) -> None:
    pairs = [(a > b) + (a == b) / 2 for a, with_it in rows if with_it for b, other in rows if not other]
    found = auc(*columns(rows))
    assert found == pytest.approx(sum(pairs) / len(pairs)) if pairs else math.isnan(found)


@steady
@given(judged, st.integers(1, 12))
def test_calibration_leaves_nobody_out_and_parts_no_equals(rows: list[tuple[float, bool]], bins: int) -> None:
    chances, outcomes = columns(rows)
    curve = calibration(chances, outcomes, bins)
    assert len(curve.members) <= bins
    assert curve.members.sum() == len(rows)
    assert curve.predicted @ curve.members == pytest.approx(chances.sum())
    assert curve.observed @ curve.members == pytest.approx(outcomes.sum())
    assert (np.diff(curve.predicted) > 0).all()
    places = np.repeat(np.arange(len(curve.members)), curve.members)
    for chance in set(chances):
        assert len(set(places[np.sort(chances) == chance])) == 1


def test_groups_are_of_equal_size_when_all_differ() -> None:
    chances = np.linspace(0, 1, 20)
    assert calibration(chances, chances > 0.5, 5).members.tolist() == [4] * 5


def test_of_nobody_nothing_is_known() -> None:
    nobody = columns([])
    assert all(math.isnan(measure(*nobody)) for measure in (auc, brier, log_loss))
    assert calibration(*nobody).members.size == 0
