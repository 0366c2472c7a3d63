"""When a partition has too many invalid records: by run, by ratio of a window, whatever the frames."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import DataError
from streams.dead_letters.limits import WINDOW, DeadLetterLimits
from streams.kafka.records import read_records
from tests.memory import new_task, record_batch

steady = settings(derandomize=True, deadline=None, max_examples=200)


def judge(limits: DeadLetterLimits, ok: list[int], first: int = 0) -> int:
    return limits.judge(np.arange(first, first + len(ok)), np.array(ok, np.uint8))


def verdict(offsets: list[int], ok: list[int], ratio: float, run: int) -> int:
    """Rows before the first one that passes a limit, record by record."""
    in_a_row, window, invalid = 0, -1, 0
    for row, (offset, good) in enumerate(zip(offsets, ok, strict=True)):
        if offset // WINDOW != window:
            window, invalid = offset // WINDOW, 0
        in_a_row = 0 if good else in_a_row + 1
        invalid += not good
        if in_a_row > run or invalid > ratio * WINDOW:
            return row
    return len(ok)


@steady
@given(
    st.lists(st.tuples(st.integers(1, 4_000), st.sampled_from((0, 0, 1))), max_size=40), st.sets(st.integers(0, 40)),
    st.sampled_from((0.0, 0.0003, 0.5)), st.sampled_from((1, 3, 1_000)),
)  # fmt: skip
def test_the_verdict_does_not_depend_on_frames(
    records: list[tuple[int, int]], cuts: set[int], ratio: float, run: int
) -> None:
    offsets = np.cumsum([gap for gap, _ in records]).tolist()
    ok = [good for _, good in records]
    limits, taken = DeadLetterLimits(ratio, run), 0
    places = sorted({0, len(ok), *(cut for cut in cuts if cut < len(ok))})
    for begin, end in zip(places, [*places[1:], len(ok)], strict=True):  # the last frame is empty
        found = limits.judge(np.array(offsets[begin:end], np.int64), np.array(ok[begin:end], np.uint8))
        taken += found
        if found < end - begin:
            break
    assert taken == verdict(offsets, ok, ratio, run)


def test_a_run_goes_on_over_frames_and_ends_with_a_good_record() -> None:
    limits = DeadLetterLimits(run=3)
    assert judge(limits, [1, 0, 0]) == 3
    assert judge(limits, [0], 3) == 1
    assert judge(limits, [], 4) == 0
    assert judge(limits, [1, 0, 0, 0], 4) == 4
    assert judge(limits, [0, 1], 8) == 0
    assert "in a row" in limits.message("chat.events", 3, 8)


def test_half_of_a_window_may_be_invalid_but_not_one_more() -> None:
    limits = DeadLetterLimits(ratio=0.5, run=WINDOW)
    assert judge(limits, [0, 1] * (WINDOW // 2)) == WINDOW
    assert judge(limits, [0, 1] * (WINDOW // 2), WINDOW) == WINDOW  # a new window counts anew
    limits = DeadLetterLimits(ratio=0.5, run=WINDOW)
    assert judge(limits, [0] * (WINDOW // 2 + 1)) == WINDOW // 2


def test_a_task_stops_there_and_keeps_what_came_before() -> None:
    good = [
        json.dumps({"type": "tick", "event_id": f"t{n}", "ts_ms": 1_700_000_000_000 + n}).encode() for n in range(3)
    ]
    values = [good[0], b"{", good[1], b"{", b"{", b"{", good[2]]
    records = read_records(record_batch([(n, -1, b"k", value) for n, value in enumerate(values)]), 0)
    task = new_task(limits=DeadLetterLimits(run=2))
    for _ in range(2):  # asked again it stops at the same place and repeats nothing
        with pytest.raises(DataError, match="stopped at offset 5"):
            task.apply(records)
    flush = task.begin_flush()
    assert flush is not None
    assert flush.checkpoint.offsets == {"chat.events": 5}
    assert flush.tables["events"]["offset"].to_pylist() == [0, 2]
    assert [(letter.offset, letter.key, letter.value, letter.error) for letter in flush.letters] == [
        (offset, b"k", b"{", "invalid_json") for offset in (1, 3, 4)
    ]
    task.confirm()
    task.limits = DeadLetterLimits(run=5)  # raised, it goes on
    assert task.apply(records)
    assert task.next_offset == 7
