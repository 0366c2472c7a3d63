"""JSON's strings, numbers and words, read from bytes: strict, compiled, eight bytes at a time. RFC 8259, RFC 3629.

Places are indices into the buffer; -1 means "not sure", which leaves the record to `schemas.validate`. Seven bytes behind any
record must be readable.
"""

# Types would say less than the docstrings here: every argument is an array or an index, and Numba infers them.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from analytics.compiled import kernel
from analytics.hashing import copy_bytes, load64

_FAIL = -1
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_QUOTES, _BACKSLASHES = np.uint64(0x2222222222222222), np.uint64(0x5C5C5C5C5C5C5C5C)
_SPACES, _DELETES = np.uint64(0x2020202020202020), np.uint64(0x7F7F7F7F7F7F7F7F)


@kernel
def space(buffer, at, end):
    """First place at or after `at` that is no white space."""
    while at < end and (buffer[at] == 32 or buffer[at] == 10 or buffer[at] == 13 or buffer[at] == 9):
        at += 1
    return at


@kernel
def _special(word):
    """High bits at bytes that end a plain run: quote, backslash, control characters; the lowest one is exact."""
    quote, backslash, delete = word ^ _QUOTES, word ^ _BACKSLASHES, word ^ _DELETES
    return (
        ((quote - _ONES) & ~quote) | ((backslash - _ONES) & ~backslash) | ((delete - _ONES) & ~delete)
        | ((word - _SPACES) & ~word)
    ) & _HIGHS  # fmt: skip


@kernel
def _hex4(buffer, at, end):
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
def _put_utf8(buffer, at, code):
    if code < 0x80:
        buffer[at] = code
        return at + 1
    if code < 0x800:
        buffer[at], buffer[at + 1] = 0xC0 | code >> 6, 0x80 | code & 63
        return at + 2
    if code < 0x10000:
        buffer[at], buffer[at + 1], buffer[at + 2] = 0xE0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63
        return at + 3
    buffer[at], buffer[at + 1] = 0xF0 | code >> 18, 0x80 | code >> 12 & 63
    buffer[at + 2], buffer[at + 3] = 0x80 | code >> 6 & 63, 0x80 | code & 63
    return at + 4


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
            code = _hex4(buffer, at, end)
            at += 4
            if 0xD800 <= code < 0xDC00 and at + 6 <= end and buffer[at] == 92 and buffer[at + 1] == 117:
                low = _hex4(buffer, at + 2, end)
                if low < 0xDC00 or low > 0xDFFF:
                    return _FAIL, tail
                code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00
                at += 6
            elif code < 0 or 0xD800 <= code <= 0xDFFF:
                return _FAIL, tail
            tail = _put_utf8(buffer, tail, code)
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

    Returns (place after its closing quote or -1, start, length, whether it may hold anything but printable ASCII, new tail).
    A string with escapes is copied without them to `tail`.
    """
    start, high = at, np.uint64(0)
    while at < end:
        word = load64(buffer, at)
        stops = _special(word)
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
def clean(buffer, at, end):
    """Whether the bytes are UTF-8; most records are plain ASCII and end after one quick pass."""
    first, high = at, np.uint64(0)
    while at + 8 <= end:
        high |= load64(buffer, at)
        at += 8
    while at < end:
        high |= np.uint64(buffer[at])
        at += 1
    return high & _HIGHS == np.uint64(0) or _is_utf8(buffer, first, end)


@kernel
def _is_utf8(buffer, at, end):
    while at < end:
        c = buffer[at]
        if c < 0x80:
            at += 1
            continue
        if 0xC2 <= c <= 0xDF:
            more, low, high = 1, 0x80, 0xBF
        elif 0xE0 <= c <= 0xEF:
            more, low, high = 2, 0xA0 if c == 0xE0 else 0x80, 0x9F if c == 0xED else 0xBF
        elif 0xF0 <= c <= 0xF4:
            more, low, high = 3, 0x90 if c == 0xF0 else 0x80, 0x8F if c == 0xF4 else 0xBF
        else:
            return False
        if at + more >= end:
            return False
        if buffer[at + 1] < low or buffer[at + 1] > high:
            return False
        for i in range(at + 2, at + more + 1):
            if buffer[i] & 0xC0 != 0x80:
                return False
        at += more + 1
    return True


@kernel
def is_id(buffer, start, length):
    """1 to 128 characters, none of them a control character (C0, DEL, C1)."""
    if length < 1 or length > 512:
        return False
    characters = 0
    for i in range(start, start + length):
        c = buffer[i]
        characters += c & 0xC0 != 0x80
        if c < 32 or c == 127 or (c == 0xC2 and i + 1 < start + length and buffer[i + 1] < 0xA0):
            return False
    return characters <= 128


@kernel
def integer(buffer, at, end):
    """Read an integer of at most 18 digits. Returns (place after it or -1, value)."""
    negative = buffer[at] == 45
    if negative:
        at += 1
    first, value = at, 0
    while at < end and 48 <= buffer[at] <= 57:
        value = value * 10 + buffer[at] - 48
        at += 1
    digits = at - first
    if digits == 0 or digits > 18 or (digits > 1 and buffer[first] == 48):
        return _FAIL, 0
    if at < end and (buffer[at] == 46 or buffer[at] == 101 or buffer[at] == 69):
        return _FAIL, 0
    return at, -value if negative else value


@kernel
def word(buffer, at, end):
    """Read `true`, `false` or `null`. Returns (place after it or -1, 1, 0 or -1)."""
    if at + 4 <= end and buffer[at] == 116 and buffer[at + 1] == 114 and buffer[at + 2] == 117 and buffer[at + 3] == 101:
        return at + 4, 1
    if at + 4 <= end and buffer[at] == 110 and buffer[at + 1] == 117 and buffer[at + 2] == 108 and buffer[at + 3] == 108:
        return at + 4, -1
    if (
        at + 5 <= end and buffer[at] == 102 and buffer[at + 1] == 97 and buffer[at + 2] == 108
        and buffer[at + 3] == 115 and buffer[at + 4] == 101
    ):  # fmt: skip
        return at + 5, 0
    return _FAIL, 0
