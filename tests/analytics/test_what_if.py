"""What would be earned: one value by hand, and what it depends on."""

from dataclasses import replace

import pytest

from analytics.results.what_if import INPUTS, Inputs, profit, sensitivities

GIVEN = Inputs(traffic=10_000, conversion=0.03, average_order=19_900, unit_cost=8_000, repurchases=0.5, cac=6_000)


def test_profit_by_hand() -> None:
    assert profit(GIVEN) == pytest.approx(300 * (11_900 * 1.5 - 6_000)) == pytest.approx(3_555_000)
    assert profit(replace(GIVEN, cac=20_000)) == pytest.approx(-645_000), "what is lost"
    assert profit(replace(GIVEN, traffic=0)) == 0


def test_each_input_alone_is_changed() -> None:
    found = {one.input: (one.lower, one.higher) for one in sensitivities(GIVEN)}
    assert tuple(found) == INPUTS
    assert found["traffic"] == found["conversion"] == pytest.approx((3_199_500, 3_910_500))
    assert found["average_order"] == pytest.approx((2_659_500, 4_450_500))
    assert found["cac"] == pytest.approx((3_735_000, 3_375_000))


def test_nobody_converts_more_than_everybody() -> None:
    everybody = replace(GIVEN, conversion=1.0)
    (found,) = (one for one in sensitivities(everybody) if one.input == "conversion")
    assert found.higher == profit(everybody)
