"""The clock of the computer that wrote a Telegram export: which UTC offset its local times have.

Messages carry local and Unix time, reactions local time alone. What messages tell of the offset through the years, its
changes included, says when a reaction was.
"""

from bisect import bisect_right
from datetime import UTC, datetime
from typing import Any

_DAY_S = 86_400


def local_s(date: object) -> int | None:
    """A local time as if it were UTC, seconds since 1970; None when there is none."""
    try:
        return int(datetime.fromisoformat(str(date)).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def unix_s(value: object) -> int | None:
    """A Unix time as exports write it, seconds; None when there is none."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 15 else None


class Clock:
    """Offsets of local time, as far as messages have told them. Two a day are kept, however many messages there are."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], list[int]] = {}
        self._spans: list[tuple[int, int, int]] = []

    def look(self, message: dict[str, Any]) -> None:
        """Take note of what a message, or its edit, says in both ways."""
        for name in ("date", "edited"):
            local, at = local_s(message.get(name)), unix_s(message.get(f"{name}_unixtime"))
            if local is not None and at is not None:
                span = self._seen.setdefault((at // _DAY_S, local - at), [at, at])
                span[0], span[1] = min(span[0], at), max(span[1], at)
                self._spans = []

    def unix_of(self, local: int, not_before: int) -> int | None:
        """When a local time was that is not before another moment; None where no message tells.

        An hour that the clock had twice is the first one that can be. Where the change itself lies between two
        messages, the offset of the earlier one counts, if it can.
        """
        if not self._spans:
            self._spans = sorted((first, last, offset) for (_, offset), (first, last) in self._seen.items())
        found = []
        for offset in {offset for _, _, offset in self._spans}:
            at = local - offset
            place = bisect_right(self._spans, at, key=lambda span: span[0])
            before = self._spans[place - 1] if place else self._spans[0]
            after = self._spans[place] if place < len(self._spans) else before
            if at >= not_before and (offset == before[2] or (at > before[1] and offset == after[2])):
                found.append((offset != before[2], at))
        return min(found)[1] if found else None
