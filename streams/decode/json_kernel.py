"""The compiled reader of flat events: records in, columns out, no allocation per record.

It accepts only what it is sure of; every other record is left to `schemas.validate`, which has the last word.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import load64
from streams.decode.json_text import integer, number, space, string, word
from streams.decode.skip import skip
from streams.decode.utf8 import clean, is_id

_FAIL = -1
_EMPTY, _ONE = np.uint64(0), np.uint64(1)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@kernel
def name_place(length, first, last, salt):
    """Place of a name in a table of 1,024, from its length and its first and last eight bytes."""
    return np.int64(((first ^ (last * np.uint64(3)) ^ np.uint64(length)) * salt) >> np.uint64(54))


@kernel
def _part(buffer, start, length, at):
    """Bytes `at` to `at + 7` of a string as a word, zero beyond its end."""
    left = length - at
    if left <= 0:
        return _EMPTY
    piece = load64(buffer, start + at)
    return piece if left >= 8 else piece & (_ALL >> np.uint64(64 - 8 * left))


@kernel
def _field(buffer, start, length, table, salt, names):
    """Index of the field of this name, or -1; `names` holds length and three words per field."""
    if length == 0 or length > 24:
        return _FAIL
    first = _part(buffer, start, length, 0)
    last = load64(buffer, start + length - 8) if length > 8 else first
    field = table[name_place(length, first, last, salt)]
    if field < 0 or names[field, 0] != np.uint64(length) or names[field, 1] != first:
        return _FAIL
    if length > 8 and names[field, 2] != _part(buffer, start, length, 8):
        return _FAIL
    if length > 16 and names[field, 3] != _part(buffer, start, length, 16):
        return _FAIL
    return np.int64(field)


@kernel
def _enum(buffer, start, length, first, last, values):
    """Code of an enum value among those from `first` to `last`, or -1; `values` holds length and three words each."""
    if length > 24:
        return _FAIL
    piece = _part(buffer, start, length, 0)
    for value in range(first, last):
        if values[value, 0] != np.uint64(length) or values[value, 1] != piece:
            continue
        if length <= 8:
            return value - first
        if values[value, 2] == _part(buffer, start, length, 8) and values[value, 3] == _part(buffer, start, length, 16):
            return value - first
    return _FAIL


@kernel
def _fits(buffer, start, length, wide):
    """Whether a string is an id; plain ASCII has no control characters, or it would not have been read."""
    return is_id(buffer, start, length) if wide else 1 <= length <= 128


@kernel
def _is_code(buffer, start, length):
    """Whether a string is three capital letters."""
    good = length == 3
    for i in range(start, start + min(length, 3)):
        good &= 65 <= buffer[i] <= 90
    return good


@kernel
def _list(buffer, at, end, tail, elements, used, flat):
    """Read a list of ids (`flat` 0) or an object of strings (1), after its opening bracket.

    Returns (place after it or -1, new tail, elements used).
    """
    close = 125 if flat else 93
    at = space(buffer, at, end)
    if at < end and buffer[at] == close:
        return at + 1, tail, used
    while at < end and buffer[at] == 34:
        at, start, length, wide, tail = string(buffer, at + 1, end, tail)
        if at < 0 or (not flat and not _fits(buffer, start, length, wide)) or used + 1 >= len(elements):
            return _FAIL, tail, used
        elements[used, 0], elements[used, 1] = start, length
        used += 1
        at = space(buffer, at, end)
        if flat:
            if at >= end or buffer[at] != 58:
                return _FAIL, tail, used
            at = space(buffer, at + 1, end)
            if at >= end or buffer[at] != 34:
                return _FAIL, tail, used
            at, start, length, wide, tail = string(buffer, at + 1, end, tail)
            if at < 0:
                return _FAIL, tail, used
            at = space(buffer, at, end)
        if at < end and buffer[at] == close:
            return at + 1, tail, used
        if at >= end or buffer[at] != 44:
            return _FAIL, tail, used
        at = space(buffer, at + 1, end)
    return _FAIL, tail, used


@kernel
def decode(records, rows, frame, rules, tail, used):
    """Decode the records `rows` into `frame`; `ok` stays 0 where the reader is not sure.

    `tail` is the first free byte after the records in the buffer, `used` the number of list elements in use. Returns
    the updated values of both.
    """
    # One function and local names on purpose: passing a tuple of arrays costs one reference count per array and call.
    buffer, words, spans, elements = frame.buffer, frame.words, frame.spans, frame.elements
    kinds, place, table, salt = rules.kinds, rules.place, rules.table, rules.salt
    names, values, enum_first = rules.names, rules.values, rules.enum_first
    ok, types, presents, extras = frame.ok, frame.types, frame.present, frame.extra
    starts, lengths, now = records.starts, records.lengths, records.timestamps
    allowed, required, low, high, enum_mask = rules.allowed, rules.required, rules.low, rules.high, rules.enum_mask
    word_fields, type_field, ts_field = rules.word_fields, rules.type_field, rules.ts_field
    for row in rows:
        ok[row] = 0
        begin, end = np.int64(starts[row]), np.int64(starts[row]) + lengths[row]
        if lengths[row] < 2 or lengths[row] > rules.max_bytes:
            continue
        at = space(buffer, begin, end)
        if at >= end or buffer[at] != 123:
            continue
        at = space(buffer, at + 1, end)
        seen, present, extra, closed = _EMPTY, _EMPTY, 0, False
        while at < end and buffer[at] == 34:
            at, start, length, wide, tail = string(buffer, at + 1, end, tail)
            if at < 0:
                break
            field = _field(buffer, start, length, table, salt, names)
            at = space(buffer, at, end)
            if at >= end or buffer[at] != 58:
                break
            at = space(buffer, at + 1, end)
            if at >= end:
                break
            c = buffer[at]
            kind, column, bit = _FAIL, 0, _EMPTY
            if field >= 0:
                kind, column, bit = kinds[field], place[field], _ONE << np.uint64(field)
                if seen & bit:
                    break
                seen |= bit
            if field < 0:
                extra, at = 1, skip(buffer, at, end)
                if at < 0:
                    break
            elif c == 34:
                at, start, length, wide, tail = string(buffer, at + 1, end, tail)
                if at < 0:
                    break
                if kind == 0 or kind == 1 or kind == 7:
                    if kind == 0 and not _fits(buffer, start, length, wide):
                        break
                    if kind == 7 and not _is_code(buffer, start, length):
                        break
                    spans[column, 0, row], spans[column, 1, row] = start, length
                elif kind == 4:
                    code = _enum(buffer, start, length, enum_first[field], enum_first[field + 1], values)
                    if code < 0:
                        break
                    words[column, row] = code
                else:
                    break
                present |= bit
            elif c == 45 or 48 <= c <= 57:
                start = at
                if kind == 8:
                    at, value = number(buffer, at, end), 0
                else:
                    at, value = integer(buffer, at, end)
                if at < 0 or (kind != 2 and kind != 8):
                    break
                if kind == 8:
                    spans[column, 0, row], spans[column, 1, row] = start, at - start
                else:
                    words[column, row] = value
                present |= bit
            elif c == 116 or c == 102 or c == 110:
                at, value = word(buffer, at, end)
                if at < 0 or (value >= 0 and kind != 3):
                    break
                if value >= 0:
                    words[column, row] = value
                    present |= bit
            elif (c == 91 and kind == 5) or (c == 123 and kind == 6):
                first, opened = used, at
                at, tail, used = _list(buffer, at + 1, end, tail, elements, used, kind == 6)
                if at < 0:
                    break
                spans[column, 0, row], spans[column, 1, row] = first, used - first
                if kind == 6:
                    used = first
                    spans[column, 0, row], spans[column, 1, row] = opened, at - opened
                present |= bit
            else:
                break
            at = space(buffer, at, end)
            if at >= end:
                break
            if buffer[at] == 125:
                closed = space(buffer, at + 1, end) == end
                break
            if buffer[at] != 44:
                break
            at = space(buffer, at + 1, end)
        if not closed or not present >> np.uint64(type_field) & _ONE:
            continue
        code = words[place[type_field], row]
        if present & ~allowed[code]:
            extra, present = 1, present & allowed[code]
        if required[code] & ~present:
            continue
        good = now[row] < 0 or words[place[ts_field], row] <= now[row] + rules.max_ahead
        for field in word_fields:
            if present >> np.uint64(field) & _ONE:
                value = words[place[field], row]
                if kinds[field] == 2:
                    good &= low[code, field] <= value <= high[code, field]
                else:
                    good &= enum_mask[code, field] >> np.uint64(value) & _ONE == _ONE
        if good and clean(buffer, begin, end):
            absent = rules.filled[code] & ~present
            if absent:
                for field in word_fields:
                    if absent >> np.uint64(field) & _ONE:
                        words[place[field], row] = rules.defaults[code, field]
                present |= absent
            types[row], presents[row], extras[row], ok[row] = code, present, extra, 1
    return tail, used
