"""How holds end, with literals: a hold of 10 from time 0 on."""

import numpy as np
import pytest

from analytics.results.holds import Case, Review, resolve
from analytics.results.plans import NEVER

ANN, BEN = 0, 1


def held(*told: Case | Review, merged_ms: int = NEVER, ts_ms: int = 0) -> tuple[int, int, int]:
    cases = [one for one in told if isinstance(one, Case)]
    reviews = [one for one in told if isinstance(one, Review)]
    found = [
        resolve(np.array([ANN], np.int32), np.array([ts_ms]), np.array([10]), np.array([merged_ms]), c, r)
        for c, r in ((cases, reviews), (cases[::-1], reviews[::-1]))
    ]
    assert found[0] == found[1]
    return tuple(int(column[0]) for column in found[0])  # type: ignore[return-value]


def _review(decision: str, ts_ms: int, case: int = -1) -> Review:
    return Review(ANN, case, decision, ts_ms)


@pytest.mark.parametrize(
    ("told", "released", "void", "case"),
    [
        ([], 10, NEVER, -1),
        ([Case(7, BEN, 5)], 10, NEVER, -1),
        ([Case(7, ANN, 5)], NEVER, NEVER, 7),
        ([Case(7, ANN, 10)], NEVER, NEVER, 7),
        ([Case(7, ANN, 11)], 10, NEVER, -1),
        ([Case(7, ANN, 5), _review("release", 8, 7)], 10, NEVER, -1),
        ([Case(7, ANN, 5), _review("release", 12, 7)], 12, NEVER, -1),
        ([Case(7, ANN, 5), _review("release", 12, 8)], NEVER, NEVER, 7),
        ([Case(7, ANN, 5), _review("release", 4, 7)], NEVER, NEVER, 7),
        ([Case(7, ANN, 5), Case(8, ANN, 12), _review("release", 12, 7)], NEVER, NEVER, 8),
        ([Case(7, ANN, 5), Case(8, ANN, 6), _review("release", 12), _review("release", 15)], 12, NEVER, -1),
        ([_review("void", 9)], NEVER, 9, -1),
        ([_review("void", 10)], NEVER, 10, -1),
        ([_review("void", 11)], 10, NEVER, -1),
        ([Case(7, ANN, 5), _review("void", 30, 7)], NEVER, 30, -1),
        ([Case(7, ANN, 5), _review("release", 20, 7), _review("void", 30, 7)], 20, NEVER, -1),
        ([_review("trust", 3), Case(7, ANN, 5)], 10, NEVER, -1),
        ([Case(7, ANN, 5), Case(8, ANN, 6), _review("trust", 20, 7)], 20, NEVER, -1),
        ([_review("trust", 3), _review("void", 4)], NEVER, 4, -1),
    ],
)
def test_how_a_hold_ends(told: list[Case | Review], released: int, void: int, case: int) -> None:
    assert held(*told) == (released, void, case)


def test_who_turns_out_to_be_the_buyer_gets_what_was_released() -> None:
    assert held(merged_ms=10) == (NEVER, 10, -1)
    assert held(merged_ms=11) == (10, NEVER, -1)


def test_a_void_takes_only_what_there_was() -> None:
    assert held(_review("void", 4), ts_ms=5) == (15, NEVER, -1)
    assert held(_review("void", 5), ts_ms=5) == (NEVER, 5, -1)
