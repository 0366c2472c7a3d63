"""JSON's strings, numbers and words, read from bytes: strict, compiled, eight bytes at a time. RFC 8259.

Places are indices into the buffer; -1 means "not sure", which leaves the record to `schemas.validate`. Seven bytes
after any record must be readable.
"""

# Types would say less than the docstrings here: every argument is an array or an index, and Numba infers them.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import copy_bytes, load64
from streams.decode.utf8 import put_utf8

_FAIL = -1
_MOST_TENTHS = (2**63 - 1) // 10
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_QUOTES, _BACKSLASHES = np.uint64(0x2222222222222222), np.uint64(0x5C5C5C5C5C5C5C5C)
_SPACES, _DELETES = np.uint64(0x2020202020202020), np.uint64(0x7F7F7F7F7F7F7F7F)
_TRUE, _FALSE, _NULL = (np.uint64(int.from_bytes(word, "little")) for word in (b"true", b"false", b"null"))
_FOUR_BYTES, _FIVE_BYTES = np.uint64(0xFFFFFFFF), np.uint64(0xFFFFFFFFFF)


@kernel
def space(buffer, at, end):
    """First place at or after `at` that is no white space."""
    while at < end and (buffer[at] == 32 or buffer[at] == 10 or buffer[at] == 13 or buffer[at] == 9):
        at += 1
    return at


@kernel
def special(word):
    """High bits at bytes that end a plain run: quote, backslash, control characters; the lowest one is exact."""
    quote, backslash, delete = word ^ _QUOTES, word ^ _BACKSLASHES, word ^ _DELETES
    marks = ((quote - _ONES) & ~quote) | ((backslash - _ONES) & ~backslash)
    return (marks | ((delete - _ONES) & ~delete) | ((word - _SPACES) & ~word)) & _HIGHS


@kernel
def hex4(buffer, at, end):
    """Read four hexadecimal digits. Returns their value or -1."""
    if at + 4 > end:
        return _FAIL
    value = 0
    for i in range(at, at + 4):
        c = buffer[i]
        if 48 <= c <= 57:
            value = value * 16 + c - 48
        elif 65 <= c <= 70:
            value = value * 16 + c - 55
        elif 97 <= c <= 102:
            value = value * 16 + c - 87
        else:
            return _FAIL
    return value


@kernel
def _unescape(buffer, at, end, tail):
    """Copy the string that begins at `at` to `tail` without its escapes. Returns (place after its quote, new tail)."""
    while at < end:
        c = buffer[at]
        at += 1
        if c == 34:
            return at, tail
        if c < 32:
            return _FAIL, tail
        if c != 92:
            buffer[tail] = c
            tail += 1
            continue
        if at >= end:
            return _FAIL, tail
        c = buffer[at]
        at += 1
        if c == 117:
            code = hex4(buffer, at, end)
            at += 4
            if 0xD800 <= code < 0xDC00 and at + 6 <= end and buffer[at] == 92 and buffer[at + 1] == 117:
                low = hex4(buffer, at + 2, end)
                if low < 0xDC00 or low > 0xDFFF:
                    return _FAIL, tail
                code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00
                at += 6
            elif code < 0 or 0xD800 <= code <= 0xDFFF:
                return _FAIL, tail
            tail = put_utf8(buffer, tail, code)
        else:
            plain = _FAIL
            if c == 34 or c == 92 or c == 47:
                plain = c
            elif c == 98:
                plain = 8
            elif c == 102:
                plain = 12
            elif c == 110:
                plain = 10
            elif c == 114:
                plain = 13
            elif c == 116:
                plain = 9
            if plain < 0:
                return _FAIL, tail
            buffer[tail] = plain
            tail += 1
    return _FAIL, tail


@kernel
def string(buffer, at, end, tail):
    """Read the string whose opening quote is at `at - 1`.

    Returns (place after its closing quote or -1, start, length, whether it may hold anything but printable ASCII, new
    tail). A string with escapes is copied without them to `tail`.
    """
    start, high = at, np.uint64(0)
    while at < end:
        word = load64(buffer, at)
        stops = special(word)
        if stops == np.uint64(0):
            high |= word
            at += 8
            continue
        skip = np.int64(trailing_zeros(stops)) >> 3
        if skip:
            high |= word & (~np.uint64(0) >> np.uint64(64 - 8 * skip))
        at += skip
        if at >= end:
            break
        if buffer[at] == 34:
            return at + 1, start, at - start, high & _HIGHS != np.uint64(0), tail
        if buffer[at] == 127:  # a control character that JSON allows and ids do not
            high, at = high | _HIGHS, at + 1
            continue
        if buffer[at] == 92 and tail + (end - start) <= len(buffer):
            copy_bytes(buffer, start, buffer, tail, at - start)
            after, new_tail = _unescape(buffer, at, end, tail + at - start)
            return after, tail, new_tail - tail, True, new_tail
        break
    return _FAIL, 0, 0, False, tail


@kernel
def integer(buffer, at, end):
    """Read an integer between -(2^63 - 1) and 2^63 - 1. Returns (place after it or -1, value)."""
    negative = buffer[at] == 45
    if negative:
        at += 1
    first, value = at, 0
    while at < end and 48 <= buffer[at] <= 57:
        if at - first >= 18 and (value > _MOST_TENTHS or (value == _MOST_TENTHS and buffer[at] > 55)):
            return _FAIL, 0
        value = value * 10 + buffer[at] - 48
        at += 1
    digits = at - first
    if digits == 0 or digits > 19 or (digits > 1 and buffer[first] == 48):
        return _FAIL, 0
    if at < end and (buffer[at] == 46 or buffer[at] == 101 or buffer[at] == 69):
        return _FAIL, 0
    return at, -value if negative else value


@kernel
def number(buffer, at, end):
    """Read a number of at most 15 digits before its point, no positive exponent. Returns the place after it or -1."""
    if buffer[at] == 45:
        at += 1
    first = at
    while at < end and 48 <= buffer[at] <= 57:
        at += 1
    if at == first or at - first > 15 or (at - first > 1 and buffer[first] == 48):
        return _FAIL
    if at < end and buffer[at] == 46:
        first = at + 1
        at = first
        while at < end and 48 <= buffer[at] <= 57:
            at += 1
        if at == first:
            return _FAIL
    if at < end and (buffer[at] == 101 or buffer[at] == 69):
        if at + 1 >= end or buffer[at + 1] != 45:
            return _FAIL
        first = at + 2
        at = first
        while at < end and 48 <= buffer[at] <= 57:
            at += 1
        if at == first or at - first > 4:
            return _FAIL
    return at


@kernel
def word(buffer, at, end):
    """Read `true`, `false` or `null`. Returns (place after it or -1, 1, 0 or -1)."""
    if at + 4 > end:
        return _FAIL, 0
    letters = load64(buffer, at)
    if letters & _FOUR_BYTES == _TRUE:
        return at + 4, 1
    if letters & _FOUR_BYTES == _NULL:
        return at + 4, -1
    if at + 5 <= end and letters & _FIVE_BYTES == _FALSE:
        return at + 5, 0
    return _FAIL, 0
