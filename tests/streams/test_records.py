"""Record batches as the broker stores them: every compression, gaps, markers, cuts and damage."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import DataError
from schemas.frame import Records
from streams.kafka import records as module
from streams.kafka.records import PADDING, read_records
from tests.memory import Message, record_batch, stamped

COMPRESSIONS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
_CONTROL, _TRANSACTIONAL, _APPEND_TIME = 0x20, 0x10, 0x08
NOW = 1_700_000_000_000


def messages(first: int, count: int) -> list[Message]:
    return [
        (first + n, NOW + n * 7, f"k{n}".encode(), f'{{"n": {n}, "text": "\\n"}}'.encode() * 9) for n in range(count)
    ]


def content(records: Records) -> list[Message]:
    rows = range(len(records.offsets))
    return [(int(records.offsets[i]), int(records.timestamps[i]), records.key(i), records.value(i)) for i in rows]


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_every_compression(name: str) -> None:
    sent = messages(100, 50)
    data = record_batch(sent[:20], COMPRESSIONS[name]) + record_batch(sent[20:], COMPRESSIONS[name])
    records = read_records(data, 100, check_crc=True)
    assert content(records) == sent
    assert (records.first, records.following) == (100, 150)


nothing_or_bytes = st.none() | st.binary(max_size=300)
#: (offsets left out before it, time, key, value) a record, in batches.
_records = st.tuples(st.integers(0, 3), st.integers(0, 2**42), nothing_or_bytes, nothing_or_bytes)
batches = st.lists(st.lists(_records, min_size=1, max_size=8), min_size=1, max_size=4)


@settings(derandomize=True, deadline=None, database=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**40), batches, st.sampled_from(sorted(COMPRESSIONS.values())), st.integers(0, 9))
def test_what_was_sent_is_read(base: int, plan: list[list[Any]], compression: int, skipped: int) -> None:
    """Keys, values, times in any order, offsets with gaps; a fetch may begin inside a batch."""
    sent, data, offset = [], b"", base
    for part in plan:
        batch: list[Message] = []
        for gap, timestamp, key, value in part:
            offset += gap
            batch.append((offset, timestamp, key, value))
            offset += 1
        sent += batch
        data += record_batch(batch, compression, last_offset=offset)  # the last record of the batch was compacted away
        offset += 1
    first = base + skipped
    records = read_records(data, first, check_crc=True)
    assert content(records) == [message for message in sent if message[0] >= first]
    assert (records.first, records.following) == (first, max(first, offset))


def test_append_time_counts_for_all_records() -> None:
    batch = record_batch(messages(5, 3))
    records = read_records(stamped(batch, 5, attributes=_APPEND_TIME), 5, check_crc=True)
    assert records.timestamps.tolist() == [NOW + 14] * 3


def test_control_batches_have_no_records_but_span_offsets() -> None:
    marker = stamped(record_batch([(7, NOW, b"\x00\x00\x00\x01", b"\x00\x00\x00\x00\x00\x00")]), 7, attributes=_CONTROL)
    records = read_records(record_batch(messages(5, 2)) + marker + record_batch(messages(8, 1)), 5, check_crc=True)
    assert records.offsets.tolist() == [5, 6, 8]
    alone = read_records(marker, 7)
    assert (len(alone.offsets), alone.first, alone.following) == (0, 7, 8)


def mark(offset: int, producer: int, committed: bool) -> bytes:
    """The end of a transaction."""
    key = b"\x00\x00\x00\x01" if committed else b"\x00\x00\x00\x00"
    batch = record_batch([(offset, NOW, key, b"\x00\x00\x00\x00\x00\x00")])
    return stamped(batch, offset, attributes=_CONTROL | _TRANSACTIONAL, producer=producer)


#: What three producers do in turn: send a batch of so many records inside or outside a transaction, commit, abort.
_steps = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(["send", "send", "plain", "commit", "abort"]), st.integers(1, 4)),
    max_size=40,
)


@settings(derandomize=True, deadline=None, database=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(_steps, st.sampled_from(sorted(COMPRESSIONS.values())), st.data())
def test_records_of_aborted_transactions_are_passed_over(
    plan: list[Any], compression: int, data: st.DataObject
) -> None:
    """Producers interleave, a fetch begins anywhere and may end before the mark of what it holds."""
    batches: list[bytes] = []
    kept: list[Message] = []
    begun: dict[int, tuple[int, list[Message]]] = {}
    aborted: list[tuple[int, int, int]] = []  # producer, first offset, offset of the mark
    at = 0
    ends = [(producer, "abort", 0) for producer in (1, 2, 3)]  # nothing is open below the last stable offset
    for producer, step, count in [*plan, *ends]:
        if step in ("send", "plain"):
            sent = messages(at, count)
            attributes = compression | (_TRANSACTIONAL if step == "send" else 0)
            batches.append(stamped(record_batch(sent, compression), at, attributes=attributes, producer=producer))
            (begun.setdefault(producer, (at, []))[1] if step == "send" else kept).extend(sent)
            at += count
        elif producer in begun:
            first, sent = begun.pop(producer)
            batches.append(mark(at, producer, step == "commit"))
            kept += sent if step == "commit" else []
            aborted += [(producer, first, at)] if step == "abort" else []
            at += 1
    fetched = batches[data.draw(st.integers(0, len(batches))) :]
    fetched = fetched[: data.draw(st.integers(0, len(fetched)))]
    first = int.from_bytes(fetched[0][:8], "big") if fetched else 0
    following = read_records(b"".join(fetched), first).following
    listed = [(producer, begin) for producer, begin, end in aborted if end >= first and begin < following]
    records = read_records(b"".join(fetched), first, check_crc=True, aborted=data.draw(st.permutations(listed)))
    assert content(records) == sorted(message for message in kept if first <= message[0] < following)
    assert (records.first, records.following) == (first, following)


def test_a_frame_takes_whole_batches_up_to_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places in a frame are 32-bit numbers, and batches unpack to many times their size."""
    data = b"".join(record_batch(messages(first, 10), COMPRESSIONS["zstd"]) for first in (0, 10, 20))
    size = len(read_records(data, 0).buffer) // 2 // 3
    monkeypatch.setattr(module, "FRAME_BYTES", 2 * size + PADDING)
    records = read_records(data, 0)
    assert records.offsets.tolist() == list(range(20))
    assert records.following == 20, "the rest is fetched again"
    monkeypatch.setattr(module, "FRAME_BYTES", 0)
    assert read_records(data, 0).following == 10, "one batch is always taken"
    monkeypatch.setattr(module, "_MOST_BYTES", size // 2)
    with pytest.raises(DataError, match="batch at offset 0 has"):
        read_records(data, 0)


def test_nothing_fetched() -> None:
    records = read_records(b"", 12)
    assert (len(records.offsets), records.first, records.following) == (0, 12, 12)


@pytest.mark.parametrize("cut", [1, 30, 61, 62, 100])
def test_a_batch_cut_off_at_the_end_is_left_for_the_next_fetch(cut: int) -> None:
    whole, half = record_batch(messages(0, 3)), record_batch(messages(3, 3))
    records = read_records(whole + half[:cut], 0)
    assert content(records) == messages(0, 3)
    assert records.following == 3
    assert read_records(whole + half[:-1], 0).following == 3


@pytest.mark.parametrize("at", [17, 21, 40, 61, 70, -1])
def test_damage_is_found_by_the_checksum(at: int) -> None:
    damaged = bytearray(record_batch(messages(9, 3)))
    damaged[at] ^= 1
    with pytest.raises(DataError, match="batch at offset 9 is corrupt"):
        read_records(bytes(damaged), 9, check_crc=True)


def test_old_message_formats_are_refused_by_name() -> None:
    old = bytearray(record_batch(messages(0, 1)))
    old[16] = 1
    with pytest.raises(DataError, match="message format 1"):
        read_records(bytes(old), 0)


def test_records_after_an_offset() -> None:
    records = read_records(record_batch([(2, NOW, None, b"a"), (5, NOW, None, b"b")], last_offset=6), 0)
    assert content(records.after(3)) == [(5, NOW, None, b"b")]
    assert (records.after(3).first, records.after(3).following) == (3, 7)
    assert records.after(1).first == 1
    assert np.shares_memory(records.after(3).buffer, records.buffer)
