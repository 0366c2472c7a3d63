"""UTF-8 in byte arrays: validates it, checks ids, writes single characters. Compiled, pure. RFC 3629."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import load64

_HIGHS = np.uint64(0x8080808080808080)


@kernel
def put_utf8(buffer, at, code):
    """Write a character at `at`. Returns the place after it."""
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
def clean(buffer, at, end):
    """Whether the bytes are UTF-8; most records are plain ASCII and need one quick pass."""
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
