"""Day numbers against the time zone database, for many zones and the odd days of their clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.kernels.calendar import day_of, day_starts
from schemas.fields import MAX_TS_MS, MIN_TS_MS

#: Half-hour and quarter-hour zones, midnights that do not exist or come twice, a day that was left out, the far ends.
ZONES = (
    "UTC", "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "Europe/London", "Europe/Berlin", "America/New_York",
    "America/Sao_Paulo", "America/Havana", "America/Asuncion", "Asia/Beirut", "Asia/Tehran", "Africa/Cairo",
    "Atlantic/Azores", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati", "Etc/GMT+12",
)  # fmt: skip
_DAY_MS = 86_400_000


def local_day(ts_ms: int, zone: str) -> int:
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ts_ms)).astimezone(ZoneInfo(zone))
    return (local.date() - date(1970, 1, 1)).days


@settings(derandomize=True, deadline=None, max_examples=500)
@given(st.sampled_from(ZONES), st.integers(MIN_TS_MS - 2 * _DAY_MS, MAX_TS_MS))
def test_any_moment(zone: str, ts_ms: int) -> None:
    assert day_of(day_starts(zone), ts_ms) == local_day(ts_ms, zone)


@pytest.mark.parametrize("zone", ZONES)
def test_both_sides_of_every_midnight(zone: str) -> None:
    starts = day_starts(zone)
    for day in range(10_957, 16_802):  # 2000 to 2015, when many zones moved their clocks at midnight
        for ts_ms in (int(starts[day]) - 1, int(starts[day])):
            assert day_of(starts, ts_ms) == local_day(ts_ms, zone), (day, ts_ms)


def test_a_day_that_was_left_out_has_no_moment() -> None:
    starts = day_starts("Pacific/Apia")
    left_out = (date(2011, 12, 30) - date(1970, 1, 1)).days
    assert starts[left_out] == starts[left_out + 1]
    assert day_of(starts, int(starts[left_out])) == left_out + 1
