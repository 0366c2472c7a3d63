"""64-bit hashes of byte strings, and reading, comparing and copying them by words. Compiled, pure."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from analytics.kernels.compiled import kernel

_K1, _K2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_32 = np.uint64(32)


@intrinsic
def load64(typingctx, array, index):
    """Eight bytes of a uint8 array as one little-endian word, at any alignment; the array must reach that far."""

    def code(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(64).as_pointer())
        return builder.load(place, align=1)

    return types.uint64(array, types.int64), code


@intrinsic
def store64(typingctx, array, index, word):
    """Write one word into a uint8 array as eight little-endian bytes, at any alignment."""

    def code(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(64).as_pointer())
        builder.store(args[2], place, align=1)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.uint64), code


@intrinsic
def prefetch(typingctx, records, row):
    """Prefetch the first two cache lines of a record that is needed soon; any row may be given."""

    def code(context, builder, signature, args):
        array = context.make_array(signature.args[0])(context, builder, args[0])
        first = builder.ptrtoint(array.data, ir.IntType(64))
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        for line in (0, 64):
            offset = builder.add(builder.mul(args[1], array.itemsize), ir.Constant(ir.IntType(64), line))
            place = builder.inttoptr(builder.add(first, offset), byte)
            builder.call(ask, [place, *(ir.Constant(number, value) for value in (0, 3, 1))])  # reading, keep, data
        return context.get_dummy_value()

    return types.void(records, types.int64), code


@kernel
def mix(word):
    """Spread the bits of a word (the finaliser of a multiply-xorshift hash)."""
    word = (word ^ (word >> _32)) * _K2
    word = (word ^ (word >> _32)) * _K2
    return word ^ (word >> _32)


@kernel
def hash64(buffer, start, length):
    """Hash `length` bytes at `start`; seven more bytes after them must be readable. Never 0."""
    value = _K1 ^ np.uint64(length)
    at = start
    end = start + length
    while at + 8 <= end:
        value = mix(value ^ load64(buffer, at)) + _K1
        at += 8
    if at < end:
        rest = load64(buffer, at) & ((np.uint64(1) << np.uint64(8 * (end - at))) - np.uint64(1))
        value = mix(value ^ rest) + _K1
    return max(mix(value), np.uint64(1))


@kernel
def equal_bytes(a, at, b, bt, length):
    """Whether `length` bytes are the same; both arrays are readable eight bytes at a time."""
    i = 0
    while i + 8 <= length:
        if load64(a, at + i) != load64(b, bt + i):
            return False
        i += 8
    if i == length:
        return True
    mask = (np.uint64(1) << np.uint64(8 * (length - i))) - np.uint64(1)
    return load64(a, at + i) & mask == load64(b, bt + i) & mask


@kernel
def copy_bytes(source, at, target, to, length):
    """Copy `length` bytes by eights: up to seven more are read past the source and written past the target."""
    for i in range(0, length, 8):
        store64(target, to + i, load64(source, at + i))
