"""Path transforms, with literals."""

from itertools import pairwise

import numpy as np
import pytest

from analytics.results.path_transforms import exposures, first_of_each, taken, without_final

_PATHS = ["aaaDaDD", "", "DDD", "Da", "a"]
_FIRSTS = np.cumsum([0, *map(len, _PATHS)])
_VALUES = np.array(["aD".index(letter) for letter in "".join(_PATHS)], np.int32)


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        (exposures(_FIRSTS, _VALUES), ["aDaD", "", "D", "Da", "a"]),
        (first_of_each(_FIRSTS, _VALUES), ["aD", "", "D", "Da", "a"]),
        (without_final(_FIRSTS, _VALUES, 1), ["aaaDa", "", "DDD", "Da", "a"]),
        (without_final(_FIRSTS, _VALUES, 0), ["aaaDaDD", "", "DDD", "D", "a"]),
    ],
)
def test_what_stays(stays: np.ndarray, expected: list[str]) -> None:
    text = "".join("aD"[value] for value in _VALUES[stays])
    firsts = taken(_FIRSTS, stays)
    assert [text[a:b] for a, b in pairwise(firsts)] == expected


def test_nothing() -> None:
    nothing = np.zeros(1, np.int64), np.empty(0, np.int32)
    assert [len(exposures(*nothing)), len(first_of_each(*nothing)), len(without_final(*nothing, 0))] == [0, 0, 0]
