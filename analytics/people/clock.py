"""Which time it is in a deployment, by the clocks of its sources. Milliseconds. Pure."""

from collections.abc import Collection


def is_wrong(clock_ms: int, present_ms: int, most_ms: int) -> bool:
    """Whether a clock is further ahead of the present than the most that one may be."""
    return clock_ms > present_ms + most_ms


def event_time(clocks: Collection[int], present_ms: int, most_ms: int) -> int:
    """The highest clock, and never later than the present; 0 if there is none. A wrong one counts only if all are.

    clocks: those of partitions, or of groups; 0: nothing has come yet.
    """
    begun = [clock for clock in clocks if clock > 0]
    right = [clock for clock in begun if not is_wrong(clock, present_ms, most_ms)]
    return min(max(right or begun, default=0), present_ms)
