"""A strict JSON reader for flat events, compiled: records in, columns out, nothing allocated a record.

It accepts only what it is sure of; every other record is left to `schemas.validate`, which has the last word. RFC 8259.
"""

# Types would say less than the docstrings here: every argument is an array or an index, and Numba infers them.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.compiled import kernel
from analytics.hashing import copy_bytes

_FAIL = -1
_EMPTY = np.uint64(0)
_ONE = np.uint64(1)


@kernel
def _space(buffer, at, end):
    while at < end and (buffer[at] == 32 or buffer[at] == 10 or buffer[at] == 13 or buffer[at] == 9):
        at += 1
    return at


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
def _string(buffer, at, end, tail):
    """Read the string whose opening quote is at `at - 1`. Returns (place after it or -1, start, length, new tail)."""
    start = at
    while at < end:
        c = buffer[at]
        if c == 34:
            return at + 1, start, at - start, tail
        if c == 92:
            new_tail = tail + at - start
            if new_tail > len(buffer) - (end - at):
                return _FAIL, 0, 0, tail
            copy_bytes(buffer, start, buffer, tail, at - start)
            after, new_tail = _unescape(buffer, at, end, new_tail)
            return after, tail, new_tail - tail, new_tail
        if c < 32:
            break
        at += 1
    return _FAIL, 0, 0, tail


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
def _is_id(buffer, start, length):
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
def _integer(buffer, at, end):
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
def _word(buffer, at, end):
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


@kernel
def name_hash(length, first, middle, last, salt):
    """Place of a name in a table of 1,024, from its length and three of its bytes."""
    return (length * 31 + first * (salt | 1) + middle * (salt >> 3 | 1) + last * (salt >> 7 | 1)) & 1023


@kernel
def _same(buffer, start, length, names, at):
    for i in range(length):
        if buffer[start + i] != names[at + i]:
            return False
    return True


@kernel
def _enum(buffer, start, length, first, last, values, value_starts):
    """Code of an enum value among the values `first` to `last`, or -1."""
    for value in range(first, last):
        at = value_starts[value]
        if value_starts[value + 1] - at == length and _same(buffer, start, length, values, at):
            return value - first
    return _FAIL


@kernel
def _field(buffer, start, length, table, salt, names, name_starts):
    """Index of the field of this name, or -1."""
    if length == 0:
        return _FAIL
    first, middle, last = buffer[start], buffer[start + length // 2], buffer[start + length - 1]
    field = table[name_hash(length, np.int64(first), np.int64(middle), np.int64(last), salt)]
    if field < 0:
        return _FAIL
    at = name_starts[field]
    if name_starts[field + 1] - at != length or not _same(buffer, start, length, names, at):
        return _FAIL
    return np.int64(field)


@kernel
def _list(buffer, at, end, tail, elements, used, flat):
    """Read a list of ids (`flat` 0) or an object of strings (1), after its opening bracket.

    Returns (place after it or -1, new tail, elements used).
    """
    close = 125 if flat else 93
    at = _space(buffer, at, end)
    if at < end and buffer[at] == close:
        return at + 1, tail, used
    while at < end and buffer[at] == 34:
        at, start, length, tail = _string(buffer, at + 1, end, tail)
        if at < 0 or (not flat and not _is_id(buffer, start, length)) or used + 1 >= len(elements):
            return _FAIL, tail, used
        elements[used, 0], elements[used, 1] = start, length
        used += 1
        at = _space(buffer, at, end)
        if flat:
            if at >= end or buffer[at] != 58:
                return _FAIL, tail, used
            at = _space(buffer, at + 1, end)
            if at >= end or buffer[at] != 34:
                return _FAIL, tail, used
            at, start, length, tail = _string(buffer, at + 1, end, tail)
            if at < 0:
                return _FAIL, tail, used
            at = _space(buffer, at, end)
        if at < end and buffer[at] == close:
            return at + 1, tail, used
        if at >= end or buffer[at] != 44:
            return _FAIL, tail, used
        at = _space(buffer, at + 1, end)
    return _FAIL, tail, used


@kernel
def decode(records, rows, frame, rules, tail, used):
    """Decode the records `rows` into `frame`; `ok` stays 0 where the reader is not sure.

    `tail` is the first free byte behind the records in the buffer, `used` the number of list elements in use. Returns
    both as they are afterwards.
    """
    # One function and local names on purpose: a tuple of arrays handed on costs a reference count an array and call.
    buffer, words, spans, elements = frame.buffer, frame.words, frame.spans, frame.elements
    kinds, place, table, salt = rules.kinds, rules.place, rules.table, rules.salt
    names, name_starts = rules.names, rules.name_starts
    values, value_starts, enum_first = rules.values, rules.value_starts, rules.enum_first
    ok, types, presents, extras = frame.ok, frame.types, frame.present, frame.extra
    starts, lengths, now = records.starts, records.lengths, records.timestamps
    allowed, required, low, high, enum_mask = rules.allowed, rules.required, rules.low, rules.high, rules.enum_mask
    word_fields, type_field, ts_field = rules.word_fields, rules.type_field, rules.ts_field
    for row in rows:
        ok[row] = 0
        begin, end = np.int64(starts[row]), np.int64(starts[row]) + lengths[row]
        if lengths[row] < 2 or lengths[row] > rules.max_bytes:
            continue
        at = _space(buffer, begin, end)
        if at >= end or buffer[at] != 123:
            continue
        at = _space(buffer, at + 1, end)
        seen, present, extra, closed = _EMPTY, _EMPTY, 0, False
        while at < end and buffer[at] == 34:
            at, start, length, tail = _string(buffer, at + 1, end, tail)
            if at < 0:
                break
            field = _field(buffer, start, length, table, salt, names, name_starts)
            at = _space(buffer, at, end)
            if at >= end or buffer[at] != 58:
                break
            at = _space(buffer, at + 1, end)
            if at >= end:
                break
            c = buffer[at]
            kind, column, bit = _FAIL, 0, _EMPTY
            if field >= 0:
                kind, column, bit = kinds[field], place[field], _ONE << np.uint64(field)
                if seen & bit:
                    break
                seen |= bit
            else:
                extra = 1
            if c == 34:
                at, start, length, tail = _string(buffer, at + 1, end, tail)
                if at < 0:
                    break
                if kind == 0 or kind == 1:
                    if kind == 0 and not _is_id(buffer, start, length):
                        break
                    spans[row, column, 0], spans[row, column, 1] = start, length
                elif kind == 4:
                    code = _enum(buffer, start, length, enum_first[field], enum_first[field + 1], values, value_starts)
                    if code < 0:
                        break
                    words[row, column] = code
                elif field >= 0:
                    break
                present |= bit
            elif c == 45 or 48 <= c <= 57:
                at, value = _integer(buffer, at, end)
                if at < 0 or (field >= 0 and kind != 2):
                    break
                if field >= 0:
                    words[row, column] = value
                present |= bit
            elif c == 116 or c == 102 or c == 110:
                at, value = _word(buffer, at, end)
                if at < 0 or (field >= 0 and value >= 0 and kind != 3):
                    break
                if field >= 0 and value >= 0:
                    words[row, column] = value
                    present |= bit
            elif (c == 91 and kind == 5) or (c == 123 and kind == 6):
                first, opened = used, at
                at, tail, used = _list(buffer, at + 1, end, tail, elements, used, kind == 6)
                if at < 0:
                    break
                spans[row, column, 0], spans[row, column, 1] = first, used - first
                if kind == 6:
                    used = first
                    spans[row, column, 0], spans[row, column, 1] = opened, at - opened
                present |= bit
            else:
                break
            at = _space(buffer, at, end)
            if at >= end:
                break
            if buffer[at] == 125:
                closed = _space(buffer, at + 1, end) == end
                break
            if buffer[at] != 44:
                break
            at = _space(buffer, at + 1, end)
        if not closed or not present >> np.uint64(type_field) & _ONE:
            continue
        code = words[row, place[type_field]]
        if present & ~allowed[code]:
            extra, present = 1, present & allowed[code]
        if required[code] & ~present:
            continue
        good = now[row] < 0 or words[row, place[ts_field]] <= now[row] + rules.max_ahead
        for field in word_fields:
            if present >> np.uint64(field) & _ONE:
                value = words[row, place[field]]
                if kinds[field] == 2:
                    good &= low[code, field] <= value <= high[code, field]
                else:
                    good &= enum_mask[code, field] >> np.uint64(value) & _ONE == _ONE
        if good and _clean(buffer, begin, end):
            types[row], presents[row], extras[row], ok[row] = code, present, extra, 1
    return tail, used


@kernel
def _clean(buffer, begin, end):
    """Whether the record is UTF-8; most are plain ASCII and end after one quick pass."""
    high = 0
    for i in range(begin, end):
        high |= buffer[i]
    return high < 128 or _is_utf8(buffer, begin, end)
