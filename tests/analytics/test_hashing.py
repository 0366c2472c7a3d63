"""Hashes and comparisons of byte strings, wherever they stand in a buffer."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytics.kernels.hashing import copy_bytes, equal_bytes, hash64

steady = settings(derandomize=True, deadline=None, max_examples=300)
texts = st.binary(max_size=40)


def placed(data: bytes, before: bytes, after: bytes) -> NDArray[np.uint8]:
    """The bytes somewhere in a buffer, with room to read a word behind them."""
    return np.frombuffer(before + data + after + bytes(8), np.uint8)


@steady
@given(texts, texts, texts, texts, texts)
def test_a_hash_is_of_the_bytes_alone(data: bytes, a: bytes, b: bytes, c: bytes, d: bytes) -> None:
    first = hash64(placed(data, a, b), len(a), len(data))
    assert first == hash64(placed(data, c, d), len(c), len(data))
    assert first != 0


@steady
@given(texts, texts)
def test_other_bytes_have_another_hash(one: bytes, other: bytes) -> None:
    hashes = hash64(placed(one, b"", b""), 0, len(one)), hash64(placed(other, b"", b""), 0, len(other))
    assert (hashes[0] == hashes[1]) == (one == other)


def test_neighbours_spread_over_all_bits() -> None:
    ids = [f"e{n}".encode() for n in range(20_000)]
    hashes = np.array([hash64(placed(text, b"", b""), 0, len(text)) for text in ids], np.uint64)
    assert len(set(hashes.tolist())) == len(ids)
    ones = [(hashes >> np.uint64(bit) & np.uint64(1)).mean() for bit in range(64)]
    assert 0.48 < min(ones) < max(ones) < 0.52


@steady
@given(texts, st.integers(0, 40), st.integers(0, 7), texts, texts)
def test_equal_bytes_compares_every_byte_and_no_more(data: bytes, at: int, bit: int, a: bytes, b: bytes) -> None:
    changed = bytearray(data)
    if at < len(data):
        changed[at] ^= 1 << bit
    left, right = placed(data, a, b), placed(bytes(changed), b, a)
    assert equal_bytes(left, len(a), right, len(b), len(data)) == (bytes(changed) == data)


@steady
@given(texts, texts, texts)
def test_copy_bytes_writes_at_most_seven_bytes_more(data: bytes, a: bytes, b: bytes) -> None:
    target = np.zeros(100, np.uint8)
    copy_bytes(placed(data, a, b), len(a), target, 10, len(data))
    assert target[: 10 + len(data)].tobytes() == bytes(10) + data
    assert not target[10 + len(data) + 7 :].any()
