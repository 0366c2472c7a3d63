"""The deployment's event time."""

import pytest

from analytics.people.clock import event_time

NOW, HOUR = 1_000_000_000, 3_600_000


@pytest.mark.parametrize(
    ("clocks", "time"),
    [
        ([], 0),
        ([0, 0], 0),
        ([5, 0, 7], 7),
        ([5, NOW + HOUR], NOW),  # an hour ahead is not wrong yet: then time goes on with the present
        ([5, NOW + HOUR + 1], 5),
        ([0, NOW + HOUR + 1], NOW),  # a partition that has had no record does not make another one wrong
        ([NOW + 2 * HOUR, NOW + 3 * HOUR], NOW),
    ],
)
def test_the_highest_clock_that_is_not_wrong_is_now(clocks: list[int], time: int) -> None:
    assert event_time(clocks, NOW, HOUR) == time
