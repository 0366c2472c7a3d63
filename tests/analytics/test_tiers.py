"""How unequally messages are spread over their writers, and who counts in which tier."""

import numpy as np
import pytest

from analytics.people.tiers import DAILY, FIGURES, LOUD, OUT, add_member, concentration


def shape(*counts: int) -> tuple[float, float, int]:
    """Of messages per speaker."""
    values, times = np.unique(np.array(counts, np.int64), return_counts=True)
    once = concentration(np.sort(np.array(counts, np.int64)), np.ones(len(counts), np.int64))
    assert concentration(values, times) == pytest.approx(once), "equal counts may come together"
    return once


def test_published_values() -> None:
    effective, gini, half = shape(50, 30, 10, 5, 5)
    assert effective == pytest.approx(3.447320174)
    assert gini == pytest.approx(0.46)
    assert half == 1


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ((), (0, 0, 0)),
        ((7,), (1, 0, 1)),
        ((4, 4, 4, 4), (4, 0, 2)),
        ((1, 1, 1), (3, 0, 2)),  # half of three is two messages
    ],
)
def test_equal_speakers(counts: tuple[int, ...], wanted: tuple[float, float, int]) -> None:
    assert shape(*counts) == pytest.approx(wanted)


def test_tiers_by_days_spoken() -> None:
    figures = np.zeros(len(FIGURES), np.int64)
    for days, messages in ((OUT, 9), (0, 0), (1, 2), (LOUD - 1, 30), (LOUD, 400), (DAILY, 5000)):
        add_member(days, messages, 1, figures)
    assert dict(zip(FIGURES, figures.tolist(), strict=True)) == {
        "members": 5, "daily": 1, "loud": 2, "occasional": 2, "silent": 1,
        "messages": 5432, "loud_messages": 5400, "occasional_messages": 32,
    }  # fmt: skip
    add_member(DAILY, 5000, -1, figures)
    assert figures.tolist()[:3] == [4, 0, 1]
