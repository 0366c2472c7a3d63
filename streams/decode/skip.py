"""Skips one JSON value of any kind that is not read, in constant memory. RFC 8259.

Places are indices into the buffer; -1 means "not sure", as in `streams.decode.json_text`.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import load64
from schemas.fields import MAX_DEPTH
from streams.decode.json_text import hex4, space, special, word

_FAIL = -1
_ONE, _ZERO = np.uint64(1), np.uint64(0)
if MAX_DEPTH > 128:
    raise ImportError("two words hold one bit per level")


@kernel
def skip(buffer, at, end):
    """Place after the value that begins at `at`, inside an event's object, or -1."""
    low = high = _ZERO  # one bit per level: 1 for an object, 0 for a list
    level = 0
    while at < end:
        c = buffer[at]
        if c == 34:
            at = _string(buffer, at + 1, end)
        elif c == 123 or c == 91:
            level += 1
            if level >= MAX_DEPTH:
                return _FAIL
            bit = _ONE << np.uint64((level - 1) & 63)
            if level <= 64:
                low = low | bit if c == 123 else low & ~bit
            else:
                high = high | bit if c == 123 else high & ~bit
            at = space(buffer, at + 1, end)
            if at >= end:
                return _FAIL
            if buffer[at] == c + 2:  # the closing bracket of either kind
                at, level = at + 1, level - 1
            elif c == 123:
                at = _name(buffer, at, end)
                if at < 0:
                    return _FAIL
                continue
            else:
                continue
        elif c == 45 or 48 <= c <= 57:
            at = _number(buffer, at, end)
        else:
            at, _ = word(buffer, at, end)
        if at < 0:
            return _FAIL
        more = False
        while level > 0 and not more:
            at = space(buffer, at, end)
            if at >= end:
                return _FAIL
            bits = low if level <= 64 else high
            inside = bits >> np.uint64((level - 1) & 63) & _ONE == _ONE
            if buffer[at] == (125 if inside else 93):
                at, level = at + 1, level - 1
                continue
            if buffer[at] != 44:
                return _FAIL
            at, more = space(buffer, at + 1, end), True
            if inside:
                at = _name(buffer, at, end)
                if at < 0:
                    return _FAIL
        if not more:
            return at
    return _FAIL


@kernel
def _name(buffer, at, end):
    """Place of the value after the name that begins at `at`, or -1."""
    if at >= end or buffer[at] != 34:
        return _FAIL
    at = _string(buffer, at + 1, end)
    if at < 0:
        return _FAIL
    at = space(buffer, at, end)
    if at >= end or buffer[at] != 58:
        return _FAIL
    return space(buffer, at + 1, end)


@kernel
def _string(buffer, at, end):
    """Place after the closing quote of the string whose opening one is at `at - 1`, or -1."""
    while at < end:
        stops = special(load64(buffer, at))
        if stops == _ZERO:
            at += 8
            continue
        at += np.int64(trailing_zeros(stops)) >> 3
        if at >= end:
            break
        c = buffer[at]
        if c == 34:
            return at + 1
        if c == 127:
            at += 1
            continue
        if c != 92 or at + 1 >= end:
            break
        c = buffer[at + 1]
        if c == 117:
            if hex4(buffer, at + 2, end) < 0:
                break
            at += 6
        elif c == 34 or c == 92 or c == 47 or c == 98 or c == 102 or c == 110 or c == 114 or c == 116:
            at += 2
        else:
            break
    return _FAIL


@kernel
def _number(buffer, at, end):
    """Place after a number of any length, or -1."""
    if buffer[at] == 45:
        at += 1
    first = at
    at = _digits(buffer, at, end)
    if at == first or (at - first > 1 and buffer[first] == 48):
        return _FAIL
    if at < end and buffer[at] == 46:
        first = at + 1
        at = _digits(buffer, first, end)
        if at == first:
            return _FAIL
    if at < end and (buffer[at] == 101 or buffer[at] == 69):
        first = at + 1
        if first < end and (buffer[first] == 43 or buffer[first] == 45):
            first += 1
        at = _digits(buffer, first, end)
        if at == first:
            return _FAIL
    return at


@kernel
def _digits(buffer, at, end):
    while at < end and 48 <= buffer[at] <= 57:
        at += 1
    return at
