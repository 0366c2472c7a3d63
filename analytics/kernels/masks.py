"""Day and hour masks: bit 0 is the base day (or hour), bit n the nth before it. Compiled, pure.

Rolling forward shifts left (0 past the width); a late event sets the bit of its age. Distinct counts over windows are
bit counts, exact and O(1). A day mask is 128 bits in two words, an hour mask 64 bits.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.calendar import day_of
from analytics.kernels.compiled import kernel

DAY_BITS, HOUR_BITS = 128, 64


@kernel
def roll(low, high, days):
    """A day mask whose base moves `days` (≥ 0) forward."""
    if days >= 128:
        return np.uint64(0), np.uint64(0)
    if days >= 64:
        return np.uint64(0), low << np.uint64(days - 64)
    if days == 0:
        return low, high
    n = np.uint64(days)
    return low << n, high << n | low >> np.uint64(64) - n


@kernel
def roll_hours(mask, hours):
    """An hour mask whose base moves `hours` (≥ 0) forward."""
    return np.uint64(0) if hours >= 64 else mask << np.uint64(hours)


@kernel
def bit(age, first):
    """Bit of an age in the 64-bit word whose bit 0 has age `first`; none outside it."""
    return np.uint64(1) << np.uint64(age - first) if first <= age < first + 64 else np.uint64(0)


@kernel
def window(low, high, age, days):
    """The `days` (1 to 64) bits that end `age` days before the base (negative: after it), newest in bit 0."""
    if age < 0:
        word = np.uint64(0) if age <= -64 else low << np.uint64(-age)
    elif age >= 128:
        word = np.uint64(0)
    elif age >= 64:
        word = high >> np.uint64(age - 64)
    elif age == 0:
        word = low
    else:
        word = low >> np.uint64(age) | high << np.uint64(64 - age)
    return word if days >= 64 else word & ((np.uint64(1) << np.uint64(days)) - np.uint64(1))


@kernel
def days_held(starts, last_ms, first_day, until_day):
    """Base day of a day mask, which is that of `last_ms` (0: empty); of the days from `first_day` to the one before
    `until_day`, the first that it may hold, and the one after the last."""
    if last_ms == 0 or last_ms < starts[first_day]:
        return 0, 0, 0
    base = day_of(starts, last_ms)
    return base, max(first_day, base - DAY_BITS + 1), min(until_day, base + 1)


@kernel
def count_bits(word):
    """Number of bits set in a 64-bit word."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))
