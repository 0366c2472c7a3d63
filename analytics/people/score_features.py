"""What the zombie score looks at: features of a member's habits, as one small countable number per member.

Habits are a day mask, and what has left it: the newest older day and the number of active days ever. They also tell
what was known on an earlier day, so members of the past are looked at exactly as today's are. Each field is
log(1 + value), rounded to steps of 1/8 and kept in a few bits of a key. Members who look alike share a key, so learning
from a histogram of keys costs the same for any number of members.
"""

# mypy: disable-error-code="no-untyped-call"

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.kernels.masks import DAY_BITS, count_bits, window
from schemas.errors import ConfigError

Words = NDArray[np.uint64]
Whole = NDArray[np.int64]

#: Half-lives in days of the exponentially weighted numbers of active days.
HALF_LIVES = (3.0, 7.0, 28.0)
#: What the score is a function of. Repeat days: active days but the first. Missed days: the active days to expect in
#: the silence, idle · (repeat + 1)/(age + 1). All as log(1 + value), but for `never_active`: 1 without any active day.
FEATURES = (
    "idle_days", "recent_3", "recent_7", "recent_28", "repeat_days", "age_days", "never_active", "missed_days",
)  # fmt: skip
#: Steps per unit of log(1 + value).
STEPS = 8
#: The longest horizon in days: two horizons, and as many days to look at in the older one, share a mask.
LONGEST_HORIZON = DAY_BITS // 3
#: Bits of days or sums, and the places of fields in a key: idle, three sums, repeat, age, then two flags.
_DAYS, _SUM = 7, 6
_RECENT, _REPEAT = _DAYS, _DAYS + 3 * _SUM
_AGE, _NEVER = _REPEAT + _DAYS, _REPEAT + 2 * _DAYS
_SILENT = _NEVER + 1
_WEIGHTS = 0.5 ** (np.arange(DAY_BITS) / np.array(HALF_LIVES)[:, None])
_NONE, _ONE = np.uint64(0), np.uint64(1)


class Habits(NamedTuple):
    """What is known of members' active days at the end of a day, each of shape (n,).

    low, high: day masks, bit 0 the day itself. age: days since the member was first known, negative before that.
    left: days since the newest active day older than the mask, −1 when there is none. ever: the number of active days.
    """

    low: Words
    high: Words
    age: Whole
    left: Whole
    ever: Whole

    def chosen(self, rows: Whole | NDArray[np.bool_]) -> "Habits":
        """Those of some members."""
        return Habits(self.low[rows], self.high[rows], self.age[rows], self.left[rows], self.ever[rows])

    @staticmethod
    def blank(members: int) -> "Habits":
        """Room for the habits of so many members, to be filled in."""
        words, whole = (np.empty((n, members), kind) for n, kind in ((2, np.uint64), (3, np.int64)))
        return Habits(*words, *whole)


def _check(horizon: int) -> None:
    if not 1 <= horizon <= LONGEST_HORIZON:
        raise ConfigError(f"A horizon of {horizon} days cannot be used: give 1 to {LONGEST_HORIZON} days.")


@kernel
def newest_day(word: Any) -> Any:
    """The lowest bit of a word that is set."""
    return count_bits((word & (~word + _ONE)) - _ONE)


@kernel
def _step(value: float, bits: int) -> Any:
    return min(np.int64(math.log1p(value) * STEPS + 0.5), (1 << bits) - 1)


@kernel
def _fill(
    low: Any, high: Any, age: Any, left: Any, ever: Any, shift: int, horizon: int, weights: Any, keys: Any
) -> None:
    """Keys of all members `shift` days ago; −1 of those who were not there yet."""
    width = DAY_BITS - 2 * horizon
    for i in range(len(age)):
        there = age[i] - shift
        if there < 0:
            keys[i] = -1
            continue
        days = ever[i] - count_bits(window(low[i], high[i], 0, min(shift, 64)))
        if shift > 64:
            days -= count_bits(window(low[i], high[i], 64, shift - 64))
        idle = left[i] - shift if left[i] >= 0 else there
        recent_3, recent_7, recent_28 = 0.0, 0.0, 0.0
        for part in range(2):
            first = 64 * (1 - part)  # the older word first, so that the newer one has the last say
            word = window(low[i], high[i], shift + first, 64)
            if word != _NONE:
                idle = first + newest_day(word)
        for part in range(2):
            first = 64 * part
            word = window(low[i], high[i], shift + first, width - first) if width > first else _NONE
            while word != _NONE:
                day = first + newest_day(word)
                recent_3 += weights[0, day]
                recent_7 += weights[1, day]
                recent_28 += weights[2, day]
                word &= word - _ONE
        key = _step(idle, _DAYS) | _step(recent_3, _SUM) << _RECENT | _step(recent_7, _SUM) << _RECENT + _SUM
        key |= _step(recent_28, _SUM) << _RECENT + 2 * _SUM | _step(max(days - 1, 0), _DAYS) << _REPEAT
        keys[i] = key | _step(there, _DAYS) << _AGE | (days <= 0) << _NEVER | (idle >= horizon) << _SILENT


def keys(habits: Habits, horizon: int, shift: int = 0) -> Whole:
    """Key of each member, of now or of `shift` days ago (at most 2 · horizon); −1 for those not there yet; shape (n,).

    horizon: days the score looks ahead. Raises `ConfigError` for a horizon that no mask can hold.
    """
    _check(horizon)
    found = np.empty(len(habits.age), dtype=np.int64)
    _fill(*habits, shift, horizon, _WEIGHTS, found)
    return found


@kernel
def _part(key: int, place: int, bits: int) -> Any:
    return (key >> place & (1 << bits) - 1) / STEPS


@kernel
def features(key: int, row: Any) -> Any:
    """Write the features of a key into a row of shape (8,); returns whether it is of a member silent for a horizon."""
    row[0] = _part(key, 0, _DAYS)
    for n in range(3):
        row[1 + n] = _part(key, _RECENT + n * _SUM, _SUM)
    row[4], row[5] = _part(key, _REPEAT, _DAYS), _part(key, _AGE, _DAYS)
    row[6] = float(key >> _NEVER & 1)
    row[7] = math.log1p(math.expm1(row[0]) * math.exp(row[4]) / math.exp(row[5]))
    return key >> _SILENT & 1 == 1


@kernel
def _spread(keys: Any, rows: Any, silent: Any) -> None:
    for i in range(len(keys)):
        silent[i] = features(keys[i], rows[i])


def values(of_keys: Whole) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Features of keys, shape (n, 8) in the order of `FEATURES`; and who has been silent for a horizon, shape (n,)."""
    rows, silent = np.empty((len(of_keys), len(FEATURES))), np.empty(len(of_keys), np.bool_)
    _spread(of_keys, rows, silent)
    return rows, silent


@kernel
def seen_on(low: Any, high: Any, left: int, ever: int, days: int) -> Any:
    """The same of a member so many days after the base of the mask, or before it if negative.

    left: days from the newest older day to the base, −1: none known. ever: number of active days, −1: of the mask.
    """
    if ever < 0:
        ever = count_bits(low) + count_bits(high)
    start, found = max(DAY_BITS - days, 0), -1
    for part in range(2):
        word = window(low, high, start + 64 * part, 64)  # days that the moved mask no longer holds
        if word != _NONE and found < 0:
            found = start + 64 * part + newest_day(word) + days
    if found < 0 and left >= 0:
        found = left + days
    new_low, new_high = window(low, high, -days, 64), window(low, high, 64 - days, 64)
    if days < 0:  # the newest days have not been yet
        ever -= count_bits(low) + count_bits(high) - count_bits(new_low) - count_bits(new_high)
    return new_low, new_high, found, ever


@kernel
def _see_on(habits: Any, days: Any, found: Any) -> None:
    for i in range(len(days)):
        found.low[i], found.high[i], found.left[i], found.ever[i] = seen_on(
            habits.low[i], habits.high[i], habits.left[i], habits.ever[i], days[i]
        )
        found.age[i] = habits.age[i] + days[i]


def moved(habits: Habits, days: Whole) -> Habits:
    """Habits so many days later, or earlier if negative, when nothing was known of later days; shape (n,).

    A number of −1 active days ever stands for those of the mask.
    """
    found = Habits.blank(len(days))
    _see_on(habits, days, found)
    return found
