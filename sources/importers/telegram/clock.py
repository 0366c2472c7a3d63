"""The clock of the computer that wrote a Telegram export: which UTC offset its local times have.

Messages carry local and Unix time, reactions only local time. The offsets that messages tell over the years, with all
changes, give the time of each reaction.
"""

from bisect import bisect_right
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

_DAY_S = 86_400
_EPOCH = datetime(1970, 1, 1)
#: Times from here on (2100) are mistakes.
_LATEST_S = 4_102_444_800


def local_s(date: object) -> int | None:
    """A local time as if it were UTC, seconds since 1970; None when there is none."""
    try:
        since = datetime.fromisoformat(date).replace(tzinfo=None) - _EPOCH  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return since.days * _DAY_S + since.seconds


def unix_s(value: object) -> int | None:
    """A Unix time as exports write it, seconds; None when there is none."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 15 else None


def _offset(zone: str, at: int) -> float | None:
    """The offset of a time zone at a moment, seconds."""
    found = datetime.fromtimestamp(at, ZoneInfo(zone)).utcoffset()
    return found.total_seconds() if found is not None else None


@cache
def _zones(spans: tuple[tuple[int, int, int], ...]) -> tuple[str, ...]:
    """The time zones that had these offsets (first and last moment, offset), all of them."""
    ends = [(at, offset) for first, last, offset in spans for at in (first, last)]
    return tuple(zone for zone in available_timezones() if all(_offset(zone, at) == offset for at, offset in ends))


class Clock:
    """Offsets of local time, as far as messages tell them. Few are kept per day, however many messages there are."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], list[int]] = {}
        self._spans: list[tuple[int, int, int]] = []
        self._offsets: list[int] = []

    def look(self, message: dict[str, Any]) -> None:
        """Note the offset when a message, or its edit, gives both times."""
        for name in ("date", "edited"):
            if name not in message:
                continue
            local, at = local_s(message[name]), unix_s(message.get(f"{name}_unixtime"))
            if local is not None and at is not None and at < _LATEST_S and abs(local - at) <= _DAY_S:
                span = self._seen.setdefault((at // _DAY_S, local - at), [at, at])
                span[0], span[1] = min(span[0], at), max(span[1], at)
                self._spans = []

    def unix_of(self, local: int, not_before: int) -> int | None:
        """When a local time was, given a moment that it does not precede; None where no message tells.

        For an hour that the clock showed twice, the first possible one is taken. Where the clock changed between two
        messages, time zones that had all offsets of the export decide; if there are none, the earlier offset is taken.
        """
        if not self._spans:
            self._spans = sorted((first, last, offset) for (_, offset), (first, last) in self._seen.items())
            self._offsets = sorted({offset for _, _, offset in self._spans})
        found = []
        for offset in self._offsets:
            at = local - offset
            place = bisect_right(self._spans, at, key=lambda span: span[0])
            before = self._spans[place - 1] if place else self._spans[0]
            after = self._spans[place] if place < len(self._spans) else before
            possible = offset == before[2] or (at > before[1] and offset == after[2])
            if possible and max(not_before, 0) <= at < _LATEST_S:
                found.append((offset != before[2], at))
        if len({changed for changed, _ in found}) > 1:
            zones = _zones(self._changes())
            votes = {at: sum(_offset(zone, at) == local - at for zone in zones) for _, at in found}
            return max(found, key=lambda one: (votes[one[1]], not one[0]))[1]
        return min(found)[1] if found else None

    def _changes(self) -> tuple[tuple[int, int, int], ...]:
        """Merge consecutive spans of the same offset."""
        runs = ([*run] for _, run in groupby(self._spans, key=lambda span: span[2]))
        return tuple((run[0][0], max(last for _, last, _ in run), run[0][2]) for run in runs)
