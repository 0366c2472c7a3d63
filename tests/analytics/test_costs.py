"""What campaigns cost: repeats, absurd amounts, declarations, whatever comes first."""

import numpy as np
import pytest

from analytics.people.orders import ABSURD_MINOR
from analytics.results.costs import COST, KINDS, once, said, totals

ADS, LABOUR, DECLARED = KINDS.index("ads"), KINDS.index("labour"), -1


def records(*rows: dict[str, int]) -> np.ndarray:
    """Records of costs; the offset is the row's, unless it says another."""
    found = np.zeros(len(rows), COST)
    for number, row in enumerate(rows):
        found[number]["event"] = found[number]["offset"] = number
        found[number]["channel"] = found[number]["operator"] = -1
        for name, value in row.items():
            found[number][name] = value
    return found


def test_of_repeats_the_least_offset_counts_then_the_lowest_partition() -> None:
    first, later, elsewhere = (
        {"event": 7, "offset": 3, "partition": 1, "amount": 5}, {"event": 7, "offset": 4, "amount": 6},
        {"event": 7, "offset": 3, "partition": 2, "amount": 8},
    )  # fmt: skip
    for rows in ((first, later, elsewhere), (elsewhere, later, first), (first, first)):
        assert once(records(*rows, {"event": 8}))["amount"].tolist() == [5, 0]
    assert len(once(records())) == 0


def test_amounts_add_up_by_cell_and_kind() -> None:
    cells, found = totals(
        records(
            {"cell": 2, "kind": ADS, "amount": 100, "ts_ms": 50}, {"cell": 2, "kind": ADS, "amount": 20, "ts_ms": 40},
            {"cell": 2, "kind": LABOUR, "amount": 3, "ts_ms": 60},
            {"cell": 2, "kind": DECLARED, "amount": 1, "ts_ms": 45},
            {"cell": 5, "kind": ADS, "amount": ABSURD_MINOR}, {"cell": 5, "kind": ADS, "amount": ABSURD_MINOR - 1},
        )
    )  # fmt: skip
    assert cells.tolist() == [2, 5]
    assert found["ads"].tolist() == [120, ABSURD_MINOR - 1] and found["labour"].tolist() == [3, 0]
    assert found["other"].tolist() == [1, 0], "money that a declaration names is not lost"
    assert found["cost"].tolist() == [124, ABSURD_MINOR - 1]
    assert found["records"].tolist() == [4, 2] and found["absurd"].tolist() == [0, 1]
    assert (found["first_ms"][0], found["last_ms"][0]) == (40, 60)


@pytest.mark.parametrize("backwards", [False, True])
def test_the_newest_declaration_names_the_channel_before_any_cost(backwards: bool) -> None:
    rows = records(
        {"campaign": 0, "kind": DECLARED, "channel": 1, "ts_ms": 10},
        {"campaign": 0, "kind": DECLARED, "channel": 2, "ts_ms": 20},
        {"campaign": 0, "kind": DECLARED, "ts_ms": 30}, {"campaign": 0, "kind": ADS, "channel": 3, "ts_ms": 40},
        {"campaign": 1, "kind": ADS, "channel": 4, "ts_ms": 5}, {"campaign": 1, "kind": ADS, "channel": 5, "ts_ms": 5},
    )  # fmt: skip
    assert said(rows[::-1] if backwards else rows, "channel", 3).tolist() == [2, 5, -1]
